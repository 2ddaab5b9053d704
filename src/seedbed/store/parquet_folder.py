"""A folder of Parquet files, as Hugging Face's `datasets.load_dataset` opens it: splits and shards.

    data/train-00000-of-00002.parquet
    data/train-00001-of-00002.parquet
    data/test-00000-of-00001.parquet
    data/README.md                      names the files of each split, and describes the dataset

All files have one schema, which is inferred from the rows of all splits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from seedbed.open_files import files_at_once
from seedbed.store.column_schema import Kind
from seedbed.store.columnar import ColumnarRows
from seedbed.store.parquet_file import GROUP_BYTES, GROUP_ROWS
from seedbed.store.splits import WHOLE

if TYPE_CHECKING:
    import pyarrow as pa

README = "README.md"
MADE_BY = "<!-- written by seedbed: a newer dataset replaces this file -->"
"""The mark of a README.md that a dataset may replace; one without it is somebody's own."""

Card: TypeAlias = Callable[[Mapping[str, Kind], Mapping[str, int]], str]
"""Writes the README.md, from the types of the columns and the number of rows of each split."""

_SHARD = re.compile(r"[\w.]+-\d{5}(-of-\d{5})?\.parquet", re.ASCII)


def write_parquet_folder(
    rows: Iterable[bytes],
    splits: Iterable[str],
    path: Path,
    *,
    names: Sequence[str] = (),
    shard_rows: int | None = None,
    types: bytes | None = None,
    card: Card | None = None,
    only_full: bool = False,
) -> Counter[str]:
    """Write all rows in two passes over them; return how many each split has.

    `splits` has the split of each row, in the same order, and can be iterated more than once; `names` are
    splits to count even if they have no rows. A split without rows has no file, since `datasets` couldn't
    load the folder. With `only_full`, rows that don't fill a file of `shard_rows` are left out, and files
    are named without their total: more will come.
    """
    path.mkdir()
    columnar = ColumnarRows(rows, types)
    counts = Counter(dict.fromkeys(names, 0))
    counts.update(islice(splits, columnar.count))
    if only_full and shard_rows is not None:
        counts = Counter({name: rows - rows % shard_rows for name, rows in counts.items()})
        if not counts.total():
            return counts
    # A dataset without any rows still has its columns, in one file.
    filled = [name for name in counts if counts[name]] or [*counts][:1] or [WHOLE]
    at_once = files_at_once()
    for first in range(0, len(filled), at_once):
        # A column of labels may name more splits than files can be open: the others have a pass of their own.
        shards = {
            name: _Shards(path, name, counts[name], shard_rows, columnar.schema, is_growing=only_full)
            for name in filled[first : first + at_once]
        }
        _write_shards(columnar, splits, shards)
    if card is not None:
        text = card(columnar.kinds, {name: counts[name] for name in filled})
        (path / README).write_text(text, encoding="utf-8")
    return counts


def is_parquet_folder(path: Path) -> bool:
    """Whether `path` is such a folder or an empty one, which a new dataset may replace."""
    return path.is_dir() and all(map(_is_own, path.iterdir()))


def shard_name(split: str, number: int, shards: int | None = None) -> str:
    """Return the name of a file: `train-00000-of-00002.parquet`, without the total if it isn't known."""
    of = "" if shards is None else f"-of-{shards:05}"
    return f"{split}-{number:05}{of}.parquet"


def _is_own(entry: Path) -> bool:
    if entry.name == README:
        return entry.is_file() and MADE_BY in entry.read_text(encoding="utf-8", errors="replace")
    return entry.is_file() and _SHARD.fullmatch(entry.name) is not None


def _write_shards(columnar: ColumnarRows, splits: Iterable[str], shards: Mapping[str, _Shards]) -> None:
    """Write the rows of some splits, in one pass over all."""
    with ExitStack() as stack:
        for one in shards.values():
            stack.enter_context(one)
        left = iter(splits)
        for batch in columnar.batches():
            places = [*islice(left, batch.num_rows)]
            for name, part in _parts(batch, places, shards):
                shards[name].add(part)


def _parts(
    batch: pa.RecordBatch, places: list[str], wanted: Container[str]
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the rows of a batch that belong to each of the splits that are wanted."""
    import pyarrow as pa

    rows: dict[str, list[int]] = {}
    for row, name in enumerate(places):
        if name in wanted:
            rows.setdefault(name, []).append(row)
    for name, own in rows.items():
        yield name, batch if len(own) == len(places) else batch.take(pa.array(own))


class _Shards:
    """Writes the first `rows` rows of one split to files, one after the other, with a row group in memory."""

    def __init__(
        self,
        folder: Path,
        split: str,
        rows: int,
        shard_rows: int | None,
        schema: pa.Schema,
        *,
        is_growing: bool,
    ) -> None:
        self._folder = folder
        self._split = split
        self._most = shard_rows or max(rows, 1)
        self._left = rows
        self._shards = None if is_growing else max(1, -(-rows // self._most))
        self._schema = schema
        self._number = 0
        self._written = 0
        self._group: list[pa.RecordBatch] = []
        self._group_rows = self._group_bytes = 0
        self._writer: Any = None

    def __enter__(self) -> _Shards:
        self._begin()
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def add(self, batch: pa.RecordBatch) -> None:
        """Write rows, and begin the next file where one is full."""
        batch = batch.slice(0, self._left)
        self._left -= batch.num_rows
        while batch.num_rows:
            if self._written == self._most:
                self._end()
                self._begin()
            part = batch.slice(0, self._most - self._written)
            batch = batch.slice(part.num_rows)
            self._written += part.num_rows
            self._group.append(part)
            # Counted as they come: with many splits, a group is made of a thousand small parts.
            self._group_rows += part.num_rows
            self._group_bytes += part.nbytes
            if self._group_rows >= GROUP_ROWS or self._group_bytes >= GROUP_BYTES:
                self._flush()

    def _begin(self) -> None:
        import pyarrow.parquet as pq

        name = shard_name(self._split, self._number, self._shards)
        self._writer = pq.ParquetWriter(self._folder / name, self._schema)
        self._number += 1
        self._written = 0

    def _end(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._group:
            self._writer.write_table(pa.Table.from_batches(self._group, schema=self._schema))
            self._group = []
            self._group_rows = self._group_bytes = 0
