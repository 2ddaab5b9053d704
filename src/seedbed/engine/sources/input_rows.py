"""The input rows of a run: a file, a table, or any iterable of mappings."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel

from seedbed.engine.sources.input_types import column_types
from seedbed.errors import UsageError
from seedbed.store.read_options import Placed, Reading, Skip
from seedbed.store.row_files import RowFiles
from seedbed.store.tables import Table, records_of, table_of
from seedbed.suggestions import did_you_mean
from seedbed.tasks.remote.remote_files import local_copies
from seedbed.tasks.remote.remote_systems import is_remote
from seedbed.tasks.rows import plain_row
from seedbed.tasks.steps import GeneratorStep

Input: TypeAlias = str | Path | Iterable[Any] | GeneratorStep
"""Rows for a task over rows: a file, a table (pandas, polars, Arrow, `datasets`), mappings, a source step."""

# In JSON Lines any row may have other columns: one row says too little, and reading all reads the file twice.
_LOOKED_AT = 100
_CHUNK = 2**18


@dataclass(frozen=True)
class InputRows:
    """What a run's rows are read from, and how.

    `source` has files, is a table, or is an iterable of mappings whose first one has been checked.
    `instead_of` is the step of the pipeline that would read the files otherwise, if there's one.
    """

    source: RowFiles | Table | Iterable[Any]
    reading: Reading
    instead_of: GeneratorStep | None = None

    @property
    def files(self) -> RowFiles | None:
        """The files, if it has any."""
        return self.source if isinstance(self.source, RowFiles) else None

    @property
    def is_at_hand(self) -> bool:
        """Whether all rows are there already: it's no pipe, and no iterator, which may wait for each row."""
        if isinstance(self.source, RowFiles):
            return all(path.is_file() or path.is_dir() for path in self.source.paths)
        return isinstance(self.source, Table | Sequence)

    @property
    def is_kept(self) -> bool:
        """Whether all rows are there, and are there still when they have been read."""
        return self.is_at_hand and not (isinstance(self.source, Table) and self.source.is_stream)

    def rows(self, skip: int = 0) -> Iterator[Placed]:
        """Return the rows with their numbers; from the first one, if the source can be read again.

        The first `skip` rows of a file are passed over, without parsing them where the format allows that.
        """
        if isinstance(self.source, RowFiles):
            return self.source.rows(replace(self.reading, skip=Skip(skip)))
        return enumerate(self._rows_in_memory(), start=1)

    def narrowed(self, columns: tuple[str, ...]) -> InputRows:
        """Return the rows for a check of some columns before the run, without the others if that's faster."""
        # A line of text is parsed as a whole, and leaving out columns takes longer than that.
        is_columnar = (
            not self.source.is_text if isinstance(self.source, RowFiles) else isinstance(self.source, Table)
        )
        # Without notes: the run reads these rows again, and would say everything twice.
        reading = replace(
            self.reading,
            columns=columns if is_columnar else None,
            drop=(),
            note=lambda text: None,
            _noted=set(),
        )
        return replace(self, reading=reading)

    def name_of(self, number: int) -> str:
        """Return what people call a row: its file and line, or its position in the input."""
        return self.names()(number)

    def names(self) -> Callable[[int], str]:
        """Return `name_of` for many rows."""
        return self.source.places() if isinstance(self.source, RowFiles) else "row {} of input".format

    def types(self) -> bytes | None:
        """Return the columns as a serialised Arrow schema, if the source has one."""
        if isinstance(self.source, RowFiles):
            return self.source.types()
        if isinstance(self.source, Table) and self.source.schema is not None:
            return self.source.schema.serialize().to_pybytes()
        return None

    def columns(self) -> list[str] | None:
        """Return the columns of the first rows, so that a misspelt one shows before anything is spent.

        None if they aren't known. Raises UsageError for a named column that doesn't exist.
        """
        return None if self._first_types is None else [*self._first_types]

    def column_types(self) -> Mapping[str, Any] | None:
        """Return the columns of all rows, each with the type of all values, None if that's unknown.

        None if the columns aren't known, or if rows differ in them, so that later ones may have others.
        """
        return self._first_types if self._rows_are_alike else None

    # Several checks ask for them, and each reading of the first rows takes as long as theirs.
    @cached_property
    def _first_rows(self) -> list[Mapping[str, Any]]:
        return self._beginning()

    @property
    def _first_names(self) -> list[str]:
        # A row with another kind of name fails alone.
        return list(dict.fromkeys(name for row in self._first_rows for name in row if isinstance(name, str)))

    @cached_property
    def _rows_are_alike(self) -> bool:
        """Whether no row can have a column that is missing in the first ones, as far as these tell."""
        names = self._first_names
        is_whole = len(self._first_rows) < _LOOKED_AT
        return is_whole or all(len(row) == len(names) for row in self._first_rows)

    @cached_property
    def _first_types(self) -> Mapping[str, Any] | None:
        beginning, names = self._first_rows, self._first_names
        if not beginning:
            return None
        if self._rows_are_alike:
            for name in (*(self.reading.columns or ()), *self.reading.drop):
                if name not in names:
                    raise UsageError(
                        f"the input has no column '{name}' to keep or to drop",
                        *did_you_mean(name, names),
                        f"its columns: {', '.join(names)}",
                    )
        whole = beginning if len(beginning) < _LOOKED_AT else ()
        types = column_types(self.source, self.types(), names, whole)
        return {name: kind for name, kind in types.items() if self.reading.wants(name)}

    def digest(self, is_wanted: Callable[[], bool] = lambda: True) -> bytes | None:
        """Return the digest of all files, and of how they are read.

        None if the source isn't files, or if it's no longer wanted. Raises the OSError of the file system.
        """
        if self.files is None:
            return None
        digests = [_file_digest(file, is_wanted) for file in self.files.files()]
        if not is_wanted():
            return None
        said = self.reading
        chosen = (said.encoding, said.columns, said.drop, said.delimiter, self.files.endings)
        return hashlib.blake2b(repr((digests, chosen)).encode(), digest_size=16).digest()

    def _rows_in_memory(self) -> Iterable[Any]:
        assert not isinstance(self.source, RowFiles)
        if isinstance(self.source, Table):
            return self.source.rows(self.reading)
        if self.reading.columns is None and not self.reading.drop:
            return self.source
        return (self._chosen(item) for item in self.source)

    def _beginning(self) -> list[Mapping[str, Any]]:
        # Notes are dropped here: the run reads these rows again, and would say everything twice.
        whole = replace(
            self, reading=replace(self.reading, columns=None, drop=(), note=lambda text: None, _noted=set())
        )
        if isinstance(self.source, Table):
            names = self.source.schema.names if self.source.schema is not None else []
            return [dict.fromkeys(names)] if names else []
        # Anything else may be a generator, whose first rows would be used up.
        if not isinstance(self.source, RowFiles | Sequence):
            return []
        rows: list[Mapping[str, Any]] = [row for _, row in islice(whole.rows(), _LOOKED_AT)]
        return rows if all(isinstance(row, Mapping) for row in rows) else []

    def _chosen(self, item: Any) -> Any:
        if not _is_row(item):
            return item
        row = item if isinstance(item, Mapping) else plain_row(item)
        return {name: value for name, value in row.items() if self.reading.wants(name)}


def input_rows(given: object, reading: Reading) -> InputRows:
    """Return a run's input as rows; raise UsageError, before any is read, if it isn't rows."""
    reading.check()
    if isinstance(given, str) and is_remote(given):
        copies = local_copies(given)
        if len(copies) != 1:
            raise UsageError(f"there {'are several files' if copies else 'is no file'} at '{given}'")
        return InputRows(RowFiles((copies[0],)), reading)
    if isinstance(given, str | Path):
        return InputRows(RowFiles((Path(given),)), reading)
    if reading.encoding is not None:
        raise UsageError("the input isn't a file, so it has no encoding", "leave out `encoding`")
    table = table_of(given)
    if table is not None:
        return InputRows(table, reading)
    return InputRows(_rows_in(given), reading)


def _rows_in(given: Any) -> Iterable[Any]:
    records = records_of(given)
    if records is not None:
        return records
    if isinstance(given, Mapping) or _is_row(given):
        raise UsageError(
            f"the input is a single {type(given).__name__}, not rows",
            "give a list of rows: input=[{...}, {...}]",
        )
    if hasattr(given, "__aiter__"):
        if isinstance(given, Iterable):
            # A stream of another run, mostly. Looking at its first row would begin that run, also for a plan.
            return _each(given)
        raise UsageError("the input is asynchronous", "collect it first: input=[row async for row in rows]")
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise UsageError(
            f"the input is of type {type(given).__name__}, which holds no rows",
            "give a file, a table (pandas, polars, Arrow, datasets), or an iterable of dictionaries",
        )
    iterator = iter(given)
    first = list(islice(iterator, 1))
    # A row that is None fails alone, like a row with an invalid value.
    if first and first[0] is not None and not _is_row(first[0]):
        raise UsageError(
            f"the input holds values of type {type(first[0]).__name__} where rows were expected",
            "a row is a dictionary of columns: input=[{'text': value} for value in values]",
        )
    if first and isinstance(first[0], Mapping):
        for name in first[0]:
            if not isinstance(name, str):
                raise UsageError(
                    f"the input has a column named {name!r}, which isn't a text",
                    "make it one: input=[{str(name): value for name, value in row.items()} for row in rows]",
                )
    # An iterator has lost its first row to this check; everything else starts over by itself.
    return chain(first, iterator) if iterator is given else given


def _each(rows: Iterable[Any]) -> Iterator[Any]:
    # Begun where it's read: a stream refuses to block the loop, where the source is made.
    yield from rows


def _is_row(item: object) -> bool:
    if isinstance(item, Mapping | BaseModel):
        return True
    # A dataclass that is iterated over, such as a run, has rows and isn't one.
    return dataclasses.is_dataclass(item) and not isinstance(item, type | Iterable)


def _file_digest(path: Path, is_wanted: Callable[[], bool]) -> bytes:
    hashed = hashlib.blake2b(digest_size=16)
    with path.open("rb", buffering=0) as file:
        chunk = memoryview(bytearray(_CHUNK))
        while is_wanted() and (size := file.readinto(chunk)):
            hashed.update(chunk[:size])
    return hashed.digest()
