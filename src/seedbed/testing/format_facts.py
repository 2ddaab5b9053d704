"""The facts that authors give of a format, and the format and files that its contract works with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from seedbed.plugins.registry import default_registry
from seedbed.store.format import Format
from seedbed.store.format_kind import FORMATS
from seedbed.store.read_options import Placed, Reading
from seedbed.tasks.rows import Row, encode_row
from seedbed.testing.contract import Contract, fact


class FormatFacts(Contract):
    """The facts of a format: its name or class, the ending, and how exact it is."""

    subject: ClassVar[str] = "the format"

    format: ClassVar[str | type[Format]] = fact(
        "the format, by the name that it's registered under, or its class", 'format = "spreadsheet"'
    )
    place: ClassVar[str] = fact("a file with its ending, or an address", 'place = "rows.xlsx"')
    exact: ClassVar[bool] = True
    wrong_places: ClassVar[Sequence[str]] = ()

    @pytest.fixture
    def made(self) -> Format:
        """The format, made without arguments; skips the test if it can't be made."""
        try:
            return self._class()()
        except Exception:  # noqa: BLE001 - a stranger's class may raise anything
            pytest.skip("it cannot be made: see test_it_can_be_made")

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Where a dataset goes, in an empty folder."""
        folder = tmp_path / "datasets"
        folder.mkdir()
        return folder / Path(self.place).name

    def _class(self) -> type[Format]:
        if isinstance(self.format, str):
            return default_registry().find(FORMATS, self.format)
        return self.format

    def _needs(self, *actions: str) -> None:
        for action in actions:
            self.skip_undeclared(action, self._class().can(action))

    def _needs_text(self) -> None:
        if self._class().is_folder:
            pytest.skip("a dataset is a folder, whose files may have names of their own")
        self.skip_undeclared("is_text", self._class().is_text)

    def _back(self, made: Format, path: Path, rows: list[Row]) -> list[Row]:
        made.write(encoded(rows), path, None)
        return [row for _, row in made.read(path, Reading())]


def encoded(rows: Iterable[Row]) -> list[bytes]:
    """Return rows as a format gets them."""
    return [encode_row(row) for row in rows]


def copied(placed: Iterable[Placed]) -> list[tuple[int, str]]:
    """Return places and rows, each as it was when it came."""
    return [(place, as_text(row)) for place, row in placed]


def as_text(value: Any) -> str:
    """Return a value as text that tells True from 1, but not 1 from 1.0; a None is as good as nothing."""
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS).decode()


def _plain(value: Any) -> Any:
    # A column of numbers is one of floats if one of them is.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def content(path: Path) -> dict[str, bytes]:
    """Return the bytes of a file, or of each file of a folder, by name."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    return {file.relative_to(path.parent).as_posix(): file.read_bytes() for file in files}
