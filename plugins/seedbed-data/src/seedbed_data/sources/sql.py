"""A source of what a query returns: over files, SQLite, DuckDB and Postgres."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from seedbed import Example, Files, GeneratorOutput, GeneratorStep
from seedbed_data.sources.duckdb_query import READERS, check_duckdb, duckdb_rows, duckdb_types
from seedbed_data.sources.paths import Named, named_files
from seedbed_data.sources.postgres import SCHEMES, check_address, postgres_rows
from seedbed_data.sources.sqlite_query import sqlite_columns, sqlite_rows

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
            named_files(named, tuple(READERS))
        if not (self._is_postgres() or self._is_sqlite()):
            check_duckdb(self.query, self.tables, self._database_file())

    def column_types(self) -> Mapping[str, Any] | None:
        """Return the columns that the query returns; None if only a server knows them, or without DuckDB."""
        if self._is_postgres():
            return None
        file = self._database_file()
        if self._is_sqlite() and file is not None:
            return dict.fromkeys(sqlite_columns(file, self.query))
        return duckdb_types(self.query, self.tables, file) if find_spec("duckdb") else None

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield the rows of the query."""
        if self._is_postgres():
            yield from postgres_rows(str(self.database), self.query)
            return
        file = self._database_file()
        if self._is_sqlite() and file is not None:
            yield from sqlite_rows(file, self.query)
        else:
            yield from duckdb_rows(self.query, self.tables, file)

    def _is_postgres(self) -> bool:
        return self.database is not None and self.database.is_postgres

    def _is_sqlite(self) -> bool:
        return bool(self.database) and Path(str(self.database)).suffix.lower() != ".duckdb"

    def _database_file(self) -> Path | None:
        return named_files(self.database)[0][0] if self.database else None
