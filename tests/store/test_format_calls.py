"""A format that does something else than it should is named, and costs neither rows nor an old dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from seedbed import Format, Pass, Reading, Registry, run
from seedbed.errors import BrokenPluginError, DatasetError
from seedbed.store.export import export_rows
from seedbed.store.format_calls import upload_with
from seedbed.store.readers import read_rows

ROWS = [b'{"a":1}', b'{"a":2}', b'{"a":3}']


class Lines(Format):
    def read(self, path: Path, reading: Reading) -> Any:
        return (
            (number, orjson.loads(line))
            for number, line in enumerate(path.read_bytes().splitlines(), start=1)
        )

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> Any:
        path.write_bytes(b"".join(row + b"\n" for row in rows))


class Raises(Lines):
    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> Any:
        raise KeyError("column")


class LeavesRowsOut(Lines):
    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> Any:
        path.write_bytes(next(iter(rows)))


class WritesElsewhere(Lines):
    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> Any:
        super().write(rows, path.with_name("elsewhere"))


class WritesAFolder(Lines):
    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> Any:
        path.mkdir()
        super().write(rows, path / "rows")


class IsAsync(Lines):
    async def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> Any:
        super().write(rows, path)


def kept_by(cls: type[Format]) -> Registry:
    made = Registry([])
    made.add(cls, "odd")
    return made


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        (Raises, "can't write the rows: KeyError: 'column'"),
        (LeavesRowsOut, "hasn't written all rows"),
        (WritesElsewhere, "has written nothing to the path"),
        (WritesAFolder, "has written a folder"),
        (IsAsync, "hasn't written all rows"),
    ],
)
def test_a_format_that_writes_otherwise_is_named(tmp_path, cls, said):
    with pytest.raises(DatasetError, match=said) as raised:
        export_rows(ROWS, tmp_path / "rows.odd", registry=kept_by(cls))
    assert raised.value.fact.startswith(f"the class '{cls.__name__}'")
    assert raised.value.is_of_place, "the rows are fine, and the run can be resumed"
    assert not (tmp_path / "rows.odd").exists()


def test_an_old_dataset_is_not_replaced_by_less_than_all_rows(tmp_path):
    file = tmp_path / "rows.odd"
    file.write_text("old")

    with pytest.raises(DatasetError):
        run(Pass(), input=[{"a": 1}, {"a": 2}], out=file, name="kept", registry=kept_by(LeavesRowsOut))

    assert file.read_text() == "old"
    again = run(Pass(), input=[{"a": 1}, {"a": 2}], out=file, name="kept", registry=kept_by(Lines))
    assert again.accepted == 2
    assert file.read_bytes() == b'{"a":1}\n{"a":2}\n'


def test_an_error_of_the_rows_is_not_the_formats(tmp_path):
    class Swallows(Lines):
        def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> Any:
            try:
                path.write_bytes(b"".join(rows))
            except ValueError:
                path.write_bytes(b"")

    def broken() -> Iterator[bytes]:
        yield ROWS[0]
        raise ValueError("the rows broke off")

    for cls in (Swallows, Lines):
        with pytest.raises(ValueError, match="the rows broke off"):
            export_rows(broken(), tmp_path / "rows.odd", registry=kept_by(cls))


class NeedsArguments(Lines):
    def __init__(self, delimiter: str) -> None: ...


class ChecksBadly(Lines):
    def check(self, place: str) -> None:
        raise KeyError("place")


@pytest.mark.parametrize("cls", [NeedsArguments, ChecksBadly])
def test_a_format_that_can_not_be_asked_is_named_before_the_run(tmp_path, cls):
    with pytest.raises(BrokenPluginError, match=f"the class '{cls.__name__}' is broken"):
        run(Pass(), input=[{"a": 1}], out=tmp_path / "rows.odd", registry=kept_by(cls))


class Given(Lines):
    """Reads what a test has it read."""

    given: ClassVar[Any] = None

    def read(self, path: Path, reading: Reading) -> Any:
        return self.given


def _with_an_end() -> Iterator[Any]:
    yield 7, {"a": 1}
    raise KeyError("a column")


async def _nobody_awaits() -> Any:
    yield 1, {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "`read` returned None"),
        (_nobody_awaits(), "`read` returned an object of type async_generator"),
        ([{"a": 1}], "`read` yielded an object of type dict"),
        ([(1, {"a": 1}), None], "`read` yielded None"),
        ([("1", {"a": 1})], "`read` yielded an object of type tuple"),
        (_with_an_end(), "reading 'rows.odd' after row 7 raised KeyError: 'a column'"),
    ],
)
def test_a_format_that_reads_otherwise_is_named(tmp_path, monkeypatch, given, said):
    monkeypatch.setattr(Given, "given", given)
    file = tmp_path / "rows.odd"
    file.touch()

    with pytest.raises(BrokenPluginError, match=said):
        list(read_rows(file, Reading(registry=kept_by(Given))))


class UploadsLater(Format):
    async def upload(self, folder: Path, address: str, options: Mapping[str, Any]) -> Any: ...


def test_an_upload_that_nobody_awaits_is_no_upload(tmp_path):
    with pytest.raises(DatasetError, match="hasn't uploaded to 'odd://set': nobody awaits its `upload`"):
        upload_with(UploadsLater(), tmp_path, "odd://set", {})
