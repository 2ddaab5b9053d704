"""A source of what a query returns: over files, SQLite, DuckDB and Postgres."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from seedbed import Example, Files, GeneratorOutput, GeneratorStep, UsageError
from seedbed_data.sources.paths import Named, named_files
from seedbed_data.sources.postgres import SCHEMES, check_address, postgres_rows
from seedbed_data.sources.query_results import AT_A_TIME, column_names, explained

_READERS = {
    ".parquet": "read_parquet",
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
}
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Database(Files):
    """A parameter that names a file with a database, or the address of a Postgres server."""

    __slots__ = ()

    @property
    def is_postgres(self) -> bool:
        """Whether it's the address of a server."""
        return self.startswith(SCHEMES)

    def paths(self) -> list[Path]:
        """Return the files that match now; a server has none whose content could be looked at."""
        return [] if self.is_postgres else super().paths()


class Sql(GeneratorStep):
    """Gives the rows that an SQL query returns: over files with DuckDB, or from a database.

    Sql(query="SELECT q, max(n) AS n FROM rows GROUP BY q ORDER BY q", tables={"rows": "data/*.parquet"})
    Sql(query="SELECT id, body FROM posts ORDER BY id", database="forum.sqlite")

    `tables` names the files that the query reads; it reads no others. `database` is a file of SQLite
    (.sqlite, .db) or DuckDB (.duckdb), or the address of a Postgres server; its password is found by
    Postgres's own means (PGPASSWORD, ~/.pgpass). Nothing is written: only one SELECT runs. A resumed run asks
    again and compares, so add ORDER BY. Needs the extra `sql`, or `postgres`; SQLite needs neither.
    """

    goals = ("reading",)
    keywords = ("database", "DuckDB", "SQLite", "Postgres")
    example = Example(
        files={"cities.csv": "name,people\nOslo,709037\nBergen,289330\n"},
        parameters={
            "query": "SELECT name FROM cities WHERE people > 500000",
            "tables": {"cities": "cities.csv"},
        },
    )

    finite: ClassVar[bool] = True
    ids_from_content: ClassVar[bool] = True

    query: str = Field(min_length=1, description="The query: one SELECT.")
    tables: dict[str, Named] = Field(default={}, description="Files under the names that the query uses.")
    database: Database | None = Field(default=None, description="A database file, or postgresql://HOST/NAME.")

    @field_validator("tables")
    @classmethod
    def _check_tables(cls, tables: dict[str, Named]) -> dict[str, Named]:
        for name in tables:
            if not _TABLE.fullmatch(name):
                raise ValueError(f"{name!r} isn't the name of a table: use letters, digits and _")
        return tables

    @field_validator("database")
    @classmethod
    def _check_database(cls, database: Database | None) -> Database | None:
        if database:
            check_address(database)
        return database

    @property
    def needed_packages(self) -> dict[str, str]:
        """What runs the query; Python itself has SQLite."""
        if self._is_postgres():
            return {"psycopg": "seedbed-data[postgres]"}
        return {} if self._is_sqlite() else {"duckdb": "seedbed-data[sql]"}

    def load(self) -> None:
        """Check the query, and that there are files."""
        for named in self.tables.values():
            named_files(named, tuple(_READERS))
        if not (self._is_postgres() or self._is_sqlite()):
            with closing(self._duckdb()):
                pass

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield the rows of the query."""
        if self._is_postgres():
            rows = postgres_rows(str(self.database), self.query)
        elif self._is_sqlite():
            rows = _sqlite_rows(self._database_file(), self.query)
        else:
            rows = self._duckdb_rows()
        yield from rows

    def _is_postgres(self) -> bool:
        return self.database is not None and self.database.is_postgres

    def _is_sqlite(self) -> bool:
        return bool(self.database) and Path(str(self.database)).suffix.lower() != ".duckdb"

    def _database_file(self) -> Path:
        assert self.database is not None
        return named_files(self.database)[0][0]

    def _duckdb_rows(self) -> Iterator[dict[str, Any]]:
        with closing(self._duckdb()) as connection, explained("DuckDB"):
            connection.execute(self.query)
            names = column_names(connection.description)
            while found := connection.fetchmany(AT_A_TIME):
                yield from (dict(zip(names, map(_pairs, row), strict=True)) for row in found)

    def _duckdb(self) -> Any:
        duckdb = _duckdb()
        file = str(self._database_file()) if self.database else ":memory:"
        with explained("DuckDB"):
            # Extensions are downloaded code; `autoload` would fetch one for the wrong word in a query.
            limits = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
            connection = duckdb.connect(file, read_only=bool(self.database), config=limits)
            files = {name: _files_of(named) for name, named in self.tables.items()}
            listed = _quoted(path for paths in files.values() for path in paths)
            # A query may come from a stranger: it reads the files of `tables`, and no others.
            connection.execute(f"SET allowed_paths = {listed}; SET enable_external_access = false")
            for name, paths in files.items():
                connection.execute(f'CREATE TEMP VIEW "{name}" AS {_selection(paths)}')
            connection.execute("SET lock_configuration = true")
            _check_query(duckdb, connection, self.query)
        return connection


def _pairs(value: Any) -> Any:
    """Return a value in which each map whose keys aren't text is a list of pairs, as from a Parquet file."""
    if isinstance(value, list):
        return [_pairs(item) for item in value]
    if not isinstance(value, dict):
        return value
    if all(isinstance(key, str) for key in value):
        return {key: _pairs(item) for key, item in value.items()}
    return [{"key": _pairs(key), "value": _pairs(item)} for key, item in value.items()]


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
        raise UsageError("the query is not one SELECT", "only reading is allowed")


def _files_of(named: Named) -> list[Path]:
    return [path.absolute() for path, _ in named_files(named, tuple(_READERS))]


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
    ending = next((suffix.lower() for suffix in reversed(path.suffixes) if suffix.lower() in _READERS), "")
    if not ending:
        raise UsageError(f"'{path}' is of no format that a query reads", f"use one of {', '.join(_READERS)}")
    return _READERS[ending]


def _sqlite_rows(path: Path, query: str) -> Iterator[dict[str, Any]]:
    with explained("SQLite"):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        with closing(connection):
            connection.set_authorizer(_only_reading)
            cursor = connection.execute(query)
            if cursor.description is None:
                # Of a text without a statement, such as a comment, SQLite makes no rows and no error.
                raise UsageError("the query is not one SELECT", "only reading is allowed")
            names = column_names(cursor.description)
            while found := cursor.fetchmany(AT_A_TIME):
                yield from (dict(zip(names, row, strict=True)) for row in found)


def _only_reading(action: int, *names: object) -> int:
    # `ATTACH` would create a file even in a connection that only reads.
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
    return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY
