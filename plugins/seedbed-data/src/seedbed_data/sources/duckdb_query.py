"""The rows that a query returns from files or a DuckDB file; it reads nothing else, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from seedbed import UsageError
from seedbed_data.sources.paths import Named, named_files
from seedbed_data.sources.query_results import AT_A_TIME, NOT_ONE_SELECT, column_names, explained

READERS: Mapping[str, str] = {
    ".parquet": "read_parquet",
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
}
"""DuckDB's function for files with each ending."""

_TYPES: Mapping[str, Any] = {
    "VARCHAR": str | None,
    "BOOLEAN": bool | None,
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE"), float | None),
}
"""The types of columns whose values are the same in JSON."""


def check_duckdb(query: str, tables: Mapping[str, Named], database: Path | None) -> None:
    """Raise UsageError or DatasetError if the query, its files or the database can't be used."""
    with closing(_opened(query, tables, database)):
        pass


def duckdb_types(query: str, tables: Mapping[str, Named], database: Path | None) -> dict[str, Any]:
    """Return the columns of a query without running it, each with its type; None for one that JSON lacks.

    Raises the errors of `duckdb_rows`.
    """
    with closing(_opened(query, tables, database)) as connection, explained("DuckDB"):
        described = connection.execute(f"DESCRIBE {query}").fetchall()
    return {name: _TYPES.get(kind) for name, kind, *_ in described}


def duckdb_rows(query: str, tables: Mapping[str, Named], database: Path | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a query over files, by the names of `tables`, and over a DuckDB file if there's one.

    Raises UsageError for what isn't one SELECT, DatasetError for what DuckDB refuses.
    """
    with closing(_opened(query, tables, database)) as connection, explained("DuckDB"):
        connection.execute(query)
        names = column_names(connection.description)
        while found := connection.fetchmany(AT_A_TIME):
            yield from (dict(zip(names, map(_pairs, row), strict=True)) for row in found)


def _opened(query: str, tables: Mapping[str, Named], database: Path | None) -> Any:
    duckdb = _duckdb()
    with explained("DuckDB"):
        # Extensions are downloaded code; `autoload` would fetch one for the wrong word in a query.
        limits = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        file = ":memory:" if database is None else str(database)
        connection = duckdb.connect(file, read_only=database is not None, config=limits)
        try:
            _confine(connection, tables)
            _check_query(duckdb, connection, query)
        except BaseException:
            # The error's traceback would keep it open, and with it the lock on the database's file.
            connection.close()
            raise
    return connection


def _confine(connection: Any, tables: Mapping[str, Named]) -> None:
    """Have a connection read the files of `tables` by their names, and no others."""
    files = {name: _files_of(named) for name, named in tables.items()}
    listed = _quoted(path for paths in files.values() for path in paths)
    # A query may come from a stranger.
    connection.execute(f"SET allowed_paths = {listed}; SET enable_external_access = false")
    for name, paths in files.items():
        connection.execute(f'CREATE TEMP VIEW "{name}" AS {_selection(paths)}')
    connection.execute("SET lock_configuration = true")


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise UsageError(
            f"queries over files run in the package 'duckdb': {error}", "pip install 'seedbed-data[sql]'"
        ) from error
    return duckdb


def _check_query(duckdb: Any, connection: Any, query: str) -> None:
    """Refuse everything but one SELECT: a stranger's file must not write through `COPY ... TO`."""
    statements = connection.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError(*NOT_ONE_SELECT)


def _files_of(named: Named) -> list[Path]:
    return [path.absolute() for path, _ in named_files(named, tuple(READERS))]


def _quoted(paths: Iterable[Path]) -> str:
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"


def _selection(paths: Sequence[Path]) -> str:
    """Return the SELECT over files, all of one format."""
    readers = {_reader(path) for path in paths}
    if len(readers) > 1:
        raise UsageError("the files of a table have more than one format", "give each format its own table")
    (reader,) = readers
    by_name = ", union_by_name = true" if len(paths) > 1 else ""
    return f"SELECT * FROM {reader}({_quoted(paths)}{by_name})"


def _reader(path: Path) -> str:
    ending = next((suffix.lower() for suffix in reversed(path.suffixes) if suffix.lower() in READERS), "")
    if not ending:
        raise UsageError(f"'{path}' is of no format that a query reads", f"use one of {', '.join(READERS)}")
    return READERS[ending]


def _pairs(value: Any) -> Any:
    """Return a value in which each map whose keys aren't text is a list of pairs, as from a Parquet file."""
    if isinstance(value, list):
        return [_pairs(item) for item in value]
    if not isinstance(value, dict):
        return value
    if all(isinstance(key, str) for key in value):
        return {key: _pairs(item) for key, item in value.items()}
    return [{"key": _pairs(key), "value": _pairs(item)} for key, item in value.items()]
