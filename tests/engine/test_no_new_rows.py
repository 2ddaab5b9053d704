"""A dataset without rows replaces none that has some: an input that has become empty is mostly a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed import Output, Reject, Row, Step, run
from seedbed.cli import invoke


class Copied(Step):
    unwanted: int = 0

    def process(self, row: Row) -> Row:
        if row["n"] < self.unwanted:
            raise Reject("not wanted")
        return row


def given(rows: int) -> Path:
    path = Path("given.jsonl")
    path.write_text("".join(f'{{"n": {number}}}\n' for number in range(rows)))
    return path


def content(place: Path) -> dict[str, bytes]:
    files = [place] if place.is_file() else sorted(place.iterdir())
    return {file.name: file.read_bytes() for file in files}


PLACES = ["out.jsonl", "out.csv", "out.parquet", "out.arrow", "out.hf", "out/"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_an_input_that_has_become_empty_leaves_the_dataset(place: str, restart: bool) -> None:
    run(Copied(), input=given(3), out=place, name="a")
    before = content(Path(place))
    for _ in range(2):
        ended = run(Copied(), input=given(0), out=place, name="a", restart=restart)
        assert content(Path(place)) == before
        assert (ended.outcome, ended.outputs) == ("incomplete", [])
        assert f"'{place}' was not replaced: it isn't empty" in ended.notes[-1]
    assert run(Copied(), input=given(4), out=place, name="a").outcome == "complete"
    assert content(Path(place)) != before


@pytest.mark.parametrize("place", PLACES)
def test_a_dataset_without_rows_is_written_where_there_is_none_with_rows(place: str) -> None:
    for _ in range(2):
        ended = run(Copied(), input=given(0), out=place, name="a")
        assert (ended.outcome, ended.outputs) == ("complete", [place])
        assert Path(place).exists()


def test_a_filter_that_lets_nothing_through_leaves_the_dataset() -> None:
    run(Copied(), input=given(3), out="out.jsonl", name="a")
    before = content(Path("out.jsonl"))
    ended = run(Copied(unwanted=5), input=given(3), out="out.jsonl", name="a")
    assert (ended.rejected, ended.outcome, ended.outputs) == (3, "incomplete", [])
    assert content(Path("out.jsonl")) == before


@pytest.mark.parametrize("old", [b"n,m\n1\n2,3,4\n", b"\xff\xfe\x00", b"PAR1"])
def test_what_cannot_be_read_is_left_alone(old: bytes) -> None:
    Path("out.parquet").write_bytes(old)
    ended = run(Copied(), input=given(0), out="out.parquet", name="a")
    assert Path("out.parquet").read_bytes() == old
    assert ended.outcome == "incomplete"


def test_of_several_datasets_those_with_rows_are_written() -> None:
    run(Copied(), input=given(3), out=["all.jsonl", "other.csv"], name="a")
    Path("other.csv").unlink()
    ended = run(Copied(), input=given(0), out=[Output("all.jsonl"), Output("other.csv")], name="a")
    assert ended.outputs == ["other.csv"]
    assert Path("all.jsonl").read_text().count("\n") == 3


def test_the_command_says_so_and_ends_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.yaml").write_text("input: given.jsonl\nsteps:\n  - use: map\n    with: {make: {m: n}}\n")
    given(3)
    assert invoke(["run", "p.yaml", "-o", "out.jsonl"]) == 0
    given(0)
    capsys.readouterr()
    assert invoke(["run", "p.yaml", "-o", "out.jsonl"]) == 1
    said = capsys.readouterr().err
    assert "out.jsonl was not changed" in said
    assert "note: 'given.jsonl' has no rows" in said
    assert "remove it first if the dataset is to be without rows" in said
