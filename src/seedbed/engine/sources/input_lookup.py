"""Finds rows in a run's input file: the id of a line, and the line of an id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.engine.sources.column_ids import ColumnIds
from seedbed.engine.sources.id_columns import IdColumns
from seedbed.engine.sources.input_rows import InputRows
from seedbed.engine.sources.sources import Item, digested
from seedbed.errors import SeedbedError
from seedbed.store.read_options import Reading
from seedbed.store.row_files import RowFiles
from seedbed.store.row_names import row_names
from seedbed.tasks.rows import Row

_PLACE = re.compile(r"(?P<file>.+?)(?:, (?:line|row|item) |:)(?P<number>\d+)(?P<part>(?:/\d+)*)")


class _Found(NamedTuple):
    place: str
    row: Row


class InputLookup:
    """The current file of a run's input; since rows have ids that don't tell where, it may have changed."""

    def __init__(self, rows: InputRows, columns: IdColumns | None = None) -> None:
        self._rows = rows
        self._columns = columns
        self._found: dict[str, _Found | None] = {}

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> InputLookup | None:
        """Return the lookup for a manifest; None if the input wasn't a file, or the file is gone."""
        files = described_files(manifest, manifest.get("input"), manifest.get("reading"))
        if files is None:
            return None
        ids = manifest.get("id")
        return cls(InputRows(files, files.reading), IdColumns(tuple(ids)) if ids else None)

    def name_of(self, row: str) -> str:
        """Return what people call the row of an id, or of a row made from it; empty if it's gone."""
        found = self._find(row)
        return found.place if found else ""

    def names_of(self, rows: Iterable[str]) -> dict[str, str]:
        """Return `name_of` for many rows, without those that are gone, in one reading of the file."""
        left = {row.partition("/")[0] for row in rows}
        found: dict[str, str] = {}
        for item in self._items() if left else ():
            if item.id in left:
                left.remove(item.id)
                found[item.id] = item.in_flight.place
                if not left:
                    break
        return found

    def row_of(self, row: str) -> Row | None:
        """Return the row of an id, or the row that it was made from; None if it's gone."""
        found = self._find(row)
        return found.row if found else None

    def first_names(self, count: int) -> str:
        """Return the names of the first rows, with `...` if there are more."""
        items = self._items()
        first = list(islice(items, count))
        names = (
            row_names((item.id, item.in_flight.place) for item in first)
            if self._columns is None
            else ", ".join(item.id for item in first)
        )
        return f"{names}, ..." if next(items, None) is not None else names

    def id_of(self, text: str) -> str | None:
        """Return the id of the row that a text names: `questions.jsonl, line 7` or `questions.jsonl:7`."""
        found = row_named(text)
        files = self._rows.files
        number = files.number_of(*found[:2]) if found and files else None
        if found is None or number is None:
            return None
        name = self._rows.name_of(number)
        row = next((item.id for item in self._items() if item.in_flight.place == name), None)
        return row and row + found[2]

    def _find(self, row: str) -> _Found | None:
        # "7/1" is a row that a step made from "7": the input has the latter.
        root = row.partition("/")[0]
        if root not in self._found:
            # A row is asked for once for each of its steps, and the file may have a million lines.
            item = next((item for item in self._items() if item.id == root), None)
            # Not the item: it has the row once more, as JSON, and a row may be as long as a book.
            self._found[root] = _Found(item.in_flight.place, item.in_flight.row()) if item else None
        return self._found[root]

    def _items(self) -> Iterator[Item]:
        try:
            ids = ColumnIds.of_input(self._columns, self._rows) if self._columns else None
            yield from digested(self._rows.rows(), "", self._rows.name_of, ids=ids)
        except (SeedbedError, OSError):
            # The file has changed, since the run could read it: the rest isn't what the run was made from.
            return


def described_files(
    manifest: Mapping[str, Any], named: str | Sequence[str] | None, said: Mapping[str, Any] | None
) -> RowFiles | None:
    """Return the files that a manifest names, with how they are read; None if one of them is gone."""
    folder, said = (manifest.get("order") or {}).get("folder") or "", said or {}
    paths = tuple(Path(folder, path) for path in ([named] if isinstance(named, str) else named or ()))
    if not paths or not all(path.exists() for path in paths):
        return None
    columns = said.get("columns")
    reading = Reading(
        said.get("encoding"),
        tuple(columns) if columns else None,
        tuple(said.get("drop") or ()),
        _ignore,
        delimiter=said.get("delimiter"),
    )
    return RowFiles(paths, reading, tuple(said.get("endings") or ()), tuple(said.get("names") or ()))


def row_named(text: str) -> tuple[str, int, str] | None:
    """Return the file, the number and the part of a row that a text names: `rows.jsonl, line 7/1`."""
    found = _PLACE.fullmatch(text)
    return (found["file"], int(found["number"]), found["part"]) if found else None


def _ignore(text: str) -> None:
    """Ignore notes on the file: the run has shown them."""
