"""A finished run over a file is known by the file's content, and large files are read while rows are made."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import ClassVar

import pytest

from seedbed import Row, Run, SeedbedError, Step, run
from seedbed.engine.resume import input_digest
from seedbed.engine.resume.found import Found


@pytest.fixture(params=["settled", "just written"])
def age(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether a file that has just been written counts as one whose next change will show in its times."""
    if request.param == "settled":
        monkeypatch.setattr(input_digest, "_SECONDS_UNTIL_SETTLED", -1.0)
    return request.param


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


class Keep(Step):
    """Keeps rows, and writes something else into the file that they come from, before or after the first."""

    ordered: ClassVar[bool] = True
    CHANGES: ClassVar[dict[str, str]] = {}
    READING: ClassVar[list[bool]] = []

    path: str = ""

    def load(self) -> None:
        self.change("load")

    def change(self, when: str) -> None:
        if when in self.CHANGES:
            Path(self.path).write_text(self.CHANGES.pop(when))

    def process(self, row: Row) -> Row:
        self.READING.append(is_reading())
        self.change("process")
        return row


def is_reading() -> bool:
    return any(thread.name == "input digest" for thread in threading.enumerate())


def kept(path: Path, n: int | None = None) -> Run:
    Keep.READING.clear()
    return run(Keep(path=str(path)), n, input=path, name="keep")


def numbers(made: Run) -> list[int]:
    return [row["n"] for row in made.rows()]


OLD, NEW = '{"n": 1}\n', '{"n": 222}\n'


def test_a_finished_run_over_a_file_is_found_so(age: str, path: Path) -> None:
    path.write_text(OLD)
    kept(path)
    again = kept(path)
    assert again.found == Found(1, 0, 0, finished=True)
    assert numbers(again) == [1]
    assert not Keep.READING


@pytest.mark.parametrize("when", ["load", "process"])
def test_a_file_that_changes_meanwhile_makes_no_finished_run(
    when: str, age: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Keep.CHANGES, when, NEW)
    path.write_text(OLD)
    first = numbers(kept(path))
    assert when == "process" or first == [222]
    path.write_text(OLD)
    assert numbers(kept(path)) == [1]
    path.write_text(NEW)
    assert numbers(kept(path)) == [222]


def test_a_finished_run_whose_file_has_changed_since_reads_it(age: str, path: Path) -> None:
    path.write_text(OLD)
    kept(path)
    path.write_text(NEW)
    assert numbers(kept(path)) == [222]
    assert numbers(kept(path)) == [222]
    assert not Keep.READING


def test_a_new_file_in_a_folder_is_a_change(tmp_path: Path) -> None:
    from datasets import Dataset

    Dataset.from_list([{"n": 1}]).save_to_disk(tmp_path / "rows")
    assert numbers(kept(tmp_path / "rows")) == [1]
    (tmp_path / "rows" / "note.txt").write_text("one more")
    kept(tmp_path / "rows")
    assert len(Keep.READING) == 1


@pytest.fixture
def large(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that takes half a minute to read, and no room on the disk."""
    monkeypatch.setattr(input_digest, "_SECONDS_UNTIL_SETTLED", -1.0)
    path.write_text("".join(f'{{"n": {n}}}\n' for n in range(20_000)))
    with path.open("ab") as file:
        file.truncate(2**35)
    return path


def assert_reads_no_more() -> None:
    for thread in threading.enumerate():
        if thread.name == "input digest":
            thread.join(60)
    assert not is_reading()


@pytest.mark.slow
def test_the_first_row_does_not_wait_until_a_large_file_has_been_read(large: Path) -> None:
    assert numbers(kept(large, 3)) == [0, 1, 2]
    assert all(Keep.READING)
    assert_reads_no_more()
    assert numbers(kept(large, 5)) == [0, 1, 2, 3, 4]


def test_a_run_that_fails_reads_no_further(large: Path) -> None:
    class Broken(Keep):
        def load(self) -> None:
            raise ValueError("broken")

    with pytest.raises(SeedbedError, match="broken"):
        run(Broken(), 3, input=large)
    assert_reads_no_more()
