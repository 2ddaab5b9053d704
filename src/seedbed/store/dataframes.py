"""The rows of a run as tables in memory: Arrow, pandas, polars, and Hugging Face `datasets`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seedbed.errors import UsageError
from seedbed.store.columnar import ColumnarRows, require_pyarrow
from seedbed.store.dataset_writing import INPUT_TYPES
from seedbed.store.run_queries import RunQueries

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_table(run: RunQueries, leaf: str) -> pa.Table:
    """Return the rows of a step as an Arrow table, with the types that a Parquet file of them has."""
    require_pyarrow("a table needs")
    import pyarrow as pa

    types = run.get_mark(INPUT_TYPES)
    columnar = ColumnarRows(run.rows(leaf), types if types and isinstance(types, bytes) else None)
    return pa.Table.from_batches(columnar.batches(), schema=columnar.schema)


def required(package: str) -> Any:
    """Return a package that the user has to install; raises UsageError that says how."""
    try:
        return import_module(package)
    except ImportError as error:
        raise UsageError(f"this needs the package '{package}': {error}", f"pip install {package}") from error
