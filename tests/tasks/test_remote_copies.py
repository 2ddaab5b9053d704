"""Copies of remote files: of one state, whole, and unchanged while someone reads them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from seedbed import UsageError, get_step, run
from seedbed.engine.resume.fingerprint import step_fingerprint
from seedbed.tasks.remote.remote_files import copies_of

fsspec = pytest.importorskip("fsspec")

ROWS = b'{"n":1}\n{"n":2}\n'


@pytest.fixture(autouse=True)
def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fsspec.filesystem("memory").store.clear()
    copies_of.cache_clear()
    yield
    fsspec.filesystem("memory").store.clear()
    copies_of.cache_clear()


def put(address: str, content: bytes) -> None:
    with fsspec.open(address, "wb") as file:
        file.write(content)


class Turning(type(fsspec.filesystem("memory"))):  # type: ignore[misc]
    """Files in memory that others write while they're copied, as in a bucket."""

    protocol = "turning"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    cachable = False
    while_copied: ClassVar[list[Callable[[], object]]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix(f"{cls.protocol}://")))

    def get_file(self, rpath: str, lpath: str, **options: Any) -> None:
        super().get_file(rpath, lpath, **options)
        if self.while_copied:
            self.while_copied.pop(0)()


@pytest.fixture
def turning() -> Iterator[type[Turning]]:
    fsspec.register_implementation("turning", Turning, clobber=True)
    yield Turning
    Turning.store.clear()
    Turning.while_copied.clear()


def versions(count: int, kind: type[Turning]) -> None:
    """Have two files written anew, one after the other, while they're copied."""
    for number in range(1, count + 1):
        for name in ("a", "b"):
            kind.while_copied.append(partial(put, f"turning://data/{name}.jsonl", b'{"n":%d}\n' % number * 3))


@pytest.mark.parametrize("address", ["turning://data/*.jsonl", "turning://data"])
def test_files_that_change_while_they_are_copied_are_copied_again(
    address: str, turning: type[Turning]
) -> None:
    for name in ("a", "b"):
        put(f"turning://data/{name}.jsonl", ROWS)
    versions(1, turning)

    rows = [*run(get_step("jsonl", path=address)).rows()]

    # `b` was already the new one when `a` was still the old one.
    assert [row["n"] for row in rows] == [1] * 6


def test_a_file_that_never_stays_the_same_is_refused(turning: type[Turning]) -> None:
    put("turning://data/a.jsonl", ROWS)
    turning.while_copied += [partial(put, "turning://data/a.jsonl", ROWS * number) for number in range(2, 6)]

    with pytest.raises(UsageError, match=r"'turning://data/a.jsonl' changes while it's read"):
        run(get_step("jsonl", path="turning://data/a.jsonl"))


def test_a_file_that_appears_meanwhile_is_read_too(turning: type[Turning]) -> None:
    put("turning://data/a.jsonl", ROWS)
    turning.while_copied.append(partial(put, "turning://data/b.jsonl", ROWS))

    assert len([*run(get_step("jsonl", path="turning://data/*.jsonl")).rows()]) == 4


def test_a_copy_that_was_cut_off_is_refused(turning: type[Turning], monkeypatch: pytest.MonkeyPatch) -> None:
    put("turning://data/a.jsonl", ROWS)

    def cut(self: Any, rpath: str, lpath: str, **options: Any) -> None:
        Path(lpath).write_bytes(ROWS[:8])

    monkeypatch.setattr(turning, "get_file", cut)
    with pytest.raises(UsageError, match=r"the copy of '/data/a.jsonl' has 8 bytes, and the file has 16"):
        run(get_step("jsonl", path="turning://data/a.jsonl"))


class Keys(Turning):
    """Files whose names are any texts, as the keys of a bucket are."""

    protocol = "keys"
    names: ClassVar[tuple[str, ...]] = ()

    def glob(self, path: str, **options: Any) -> dict[str, Any]:
        return {f"/data/{name}": {"name": name, "size": len(ROWS), "type": "file"} for name in self.names}

    def get_file(self, rpath: str, lpath: str, **options: Any) -> None:
        Path(lpath).write_bytes(ROWS)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("in/../../../../escaped.jsonl",), "has a name that can't be a file's"),
        (("in/a.jsonl", "in//a.jsonl"), "have one name"),
        (("in/./a.jsonl", "in/a.jsonl"), "have one name"),
    ],
)
def test_names_that_a_bucket_takes_and_a_folder_does_not_are_refused(
    names: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsspec.register_implementation("keys", Keys, clobber=True)
    monkeypatch.setattr(Keys, "names", names)

    with pytest.raises(UsageError, match=said):
        run(get_step("jsonl", path="keys://data/in/**"))
    assert not [*tmp_path.rglob("escaped.jsonl")]


def test_copies_stay_as_they_are_while_someone_reads_them(tmp_path: Path) -> None:
    put("memory://data/a.jsonl", ROWS)
    earlier = copies_of("memory://data/a.jsonl")
    copies_of.cache_clear()
    put("memory://data/a.jsonl", ROWS * 2)
    later = copies_of("memory://data/a.jsonl")

    assert earlier.paths[0].read_bytes() == ROWS
    assert later.paths[0].read_bytes() == ROWS * 2

    # Nobody reads them any more.
    assert earlier.lock is not None
    os.close(earlier.lock)
    copies_of.cache_clear()
    put("memory://data/a.jsonl", ROWS * 3)
    copies_of("memory://data/a.jsonl")

    assert not earlier.folder.exists()
    assert later.paths[0].exists()
    assert not [*tmp_path.rglob("*new-*")]


def test_where_temporary_files_are_changes_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As on clusters, where each job has a TMPDIR of its own.
    put("memory://data/a.jsonl", ROWS)
    step = get_step("jsonl", path="memory://data/a.jsonl")
    first = step_fingerprint(step, 0)
    copies_of.cache_clear()
    (tmp_path / "other").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "other"))

    assert step_fingerprint(step, 0) == first
    put("memory://data/a.jsonl", ROWS * 2)
    copies_of.cache_clear()
    assert step_fingerprint(step, 0) != first
