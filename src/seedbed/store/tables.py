"""Rows from tables in memory: pandas, polars, DuckDB and others that speak Arrow, and `datasets`.

None of these libraries is imported: an object's methods tell what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from seedbed.errors import DatasetError, UsageError
from seedbed.store.column_names import check_names
from seedbed.store.columnar import require_pyarrow, rows_of
from seedbed.store.read_options import Reading
from seedbed.store.row_chunks import BATCH_ROWS
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    import pyarrow as pa

_INDEX = re.compile(r"__index_level_\d+__")


class Table(NamedTuple):
    """A table: its rows in batches, and its columns if they are known before the rows are read.

    Unless it `is_stream`, its rows can be read twice, and take no longer the second time.
    """

    schema: pa.Schema | None
    batches: Callable[[], Iterable[pa.RecordBatch]]
    is_stream: bool = False

    def rows(self, reading: Reading) -> Iterator[Row]:
        """Yield the rows; raise `DatasetError` if the table can't be read."""
        import pyarrow as pa

        note = reading.noting("the input")
        try:
            for batch in self.batches():
                # An unnamed index of pandas comes as a column: it isn't data.
                names = [name for name in batch.schema.names if not _INDEX.fullmatch(name)]
                chosen = batch.select([name for name in names if reading.wants(name)])
                yield from rows_of("the input", chosen.schema, [chosen], note)
        except pa.ArrowException as error:
            raise DatasetError(f"the input cannot be read: {error}") from error


def table_of(given: Any) -> Table | None:
    """Return an object as a table; None if it isn't one. Raise `UsageError` for a table that can't be read.

    Rows are taken out of the table when they are needed.
    """
    # Before Arrow, which a dataset may speak too: only its own interface knows its order and choice of rows.
    if _is_of_datasets(given):
        return _of_datasets(given)
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        return _of_arrow(given)
    if hasattr(given, "collect_schema") and hasattr(given, "collect"):
        raise UsageError("the input is a query that has not run yet", "collect it: input=frame.collect()")
    return None


def records_of(given: Any) -> list[Any] | None:
    """Return the rows of a data frame that Arrow can't hold (mixed columns); None for others."""
    if hasattr(given, "to_dict") and hasattr(given, "columns") and hasattr(given, "iloc"):
        names = [str(name) for name in given.columns]
        check_names("the input", names)
        rows: list[Any] = given.to_dict(orient="records")
        return rows
    return None


def _is_of_datasets(given: Any) -> bool:
    return type(given).__module__.partition(".")[0] == "datasets"


def _of_datasets(given: Any) -> Table:
    if isinstance(given, Mapping):
        splits = ", ".join(map(str, given))
        raise UsageError(f"the input holds several datasets: {splits}", "give one: input=data['train']")
    require_pyarrow("tables are read with")
    features = getattr(given, "features", None)

    def batches() -> Iterator[pa.RecordBatch]:
        # This format keeps the dataset's order and choice of rows, and doesn't decode images.
        for table in given.with_format("arrow").iter(BATCH_ROWS):
            yield from table.to_batches()

    # An IterableDataset has no length, and may be downloaded as it's read.
    return Table(features.arrow_schema if features else None, batches, not hasattr(given, "__len__"))


def _of_arrow(given: Any) -> Table | None:
    require_pyarrow("tables are read with")
    import pyarrow as pa

    try:
        if isinstance(given, pa.RecordBatchReader):
            table = Table(given.schema, lambda: given, is_stream=True)
        elif hasattr(given, "__arrow_c_stream__"):
            table = Table(pa.RecordBatchReader.from_stream(given).schema, lambda: _stream(given))
        else:
            batch = pa.record_batch(given)
            table = Table(batch.schema, lambda: [batch])
    except (pa.ArrowException, TypeError, ValueError) as error:
        if records_of(given) is not None:
            return None
        kind = type(given).__name__
        raise UsageError(
            f"the input, a {kind}, isn't a table: {error}", "give a table with named columns"
        ) from error
    assert table.schema is not None
    check_names("the input", table.schema.names)
    return table


def _stream(given: Any) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    # A frame may come as one batch: in slices its rows become Python objects a few at a time.
    for batch in pa.RecordBatchReader.from_stream(given):
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)
