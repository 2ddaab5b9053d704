"""Rows from tables in memory: what speaks Arrow (pandas, polars, DuckDB), and Hugging Face `datasets`.

None of these libraries is imported: an object says itself what it is, by the methods that it has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from seedbed.errors import DatasetError, UsageError
from seedbed.store.columnar import BATCH_ROWS, check_names, require_pyarrow, rows_of
from seedbed.store.reading import Reading
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    import pyarrow as pa

_INDEX = re.compile(r"__index_level_\d+__")


class Table(NamedTuple):
    """A table: its columns, where known before its rows are read, and its rows in batches."""

    schema: pa.Schema | None
    batches: Callable[[], Iterable[pa.RecordBatch]]

    def rows(self, reading: Reading) -> Iterator[Row]:
        """Yield the rows; raise `DatasetError` where the table cannot be read."""
        import pyarrow as pa

        note = reading.noting("the input")
        try:
            for batch in self.batches():
                # An index of pandas without a name comes as a column that nobody asked for.
                names = [name for name in batch.schema.names if not _INDEX.fullmatch(name)]
                chosen = batch.select([name for name in names if reading.wants(name)])
                yield from rows_of("the input", chosen.schema, [chosen], note)
        except pa.ArrowException as error:
            raise DatasetError(f"the input cannot be read: {error}") from error


def table_of(given: Any) -> Table | None:
    """Return an object as a table, None where it is none; raise `UsageError` for one that cannot be read.

    Rows are taken out of a table as they are needed.
    """
    if _is_of_datasets(given):
        return _of_datasets(given)
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        return _of_arrow(given)
    if hasattr(given, "collect_schema") and hasattr(given, "collect"):
        raise UsageError("the input is a query that has not run yet", "collect it: input=frame.collect()")
    return None


def records_of(given: Any) -> list[Any] | None:
    """Return the rows of a data frame that Arrow cannot hold, as one with mixed columns; None for others."""
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
        # In this format its own order and choice of rows hold, and images are not decoded.
        for table in given.with_format("arrow").iter(BATCH_ROWS):
            yield from table.to_batches()

    return Table(features.arrow_schema if features else None, batches)


def _of_arrow(given: Any) -> Table | None:
    require_pyarrow("tables are read with")
    import pyarrow as pa

    try:
        if isinstance(given, pa.RecordBatchReader):
            table = Table(given.schema, lambda: given)
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
            f"the input, a {kind}, is no table: {error}", "give a table with named columns"
        ) from error
    assert table.schema is not None
    check_names("the input", table.schema.names)
    return table


def _stream(given: Any) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for batch in pa.RecordBatchReader.from_stream(given):
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)
