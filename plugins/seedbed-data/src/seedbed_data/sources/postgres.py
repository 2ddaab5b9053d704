"""Rows of a Postgres server: where it is, what its password may not be part of, and what it returns."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from seedbed import DatasetError, UsageError
from seedbed_data.sources.postgres_values import read_all_values
from seedbed_data.sources.query_results import AT_A_TIME, column_names, explained

SCHEMES = ("postgresql://", "postgres://")

# Up to an `@`: a password may have a `/` in it, which should have been encoded.
_LOGIN = re.compile(r"^[a-z]+:(?://)?[^/?#@:\[]*:(?![0-9]+[/?,])[^@]+@", re.IGNORECASE)
_PASSWORD = re.compile(r"(?:^|[?&\s])(?:ssl)?password\s*=", re.IGNORECASE)
_NO_PORT = re.compile(r":[^]:]*[^]:0-9][^]:]*$")
_ELSEWHERE = ("host", "hostaddr", "port", "service")

# A server that went away without a word is noticed after some two minutes, and not after two hours.
_DEFAULTS = {"keepalives_idle": 60, "keepalives_interval": 15, "keepalives_count": 4}


def check_address(database: str) -> None:
    """Raise ValueError for a database named with a password, or with a second server in its parameters."""
    given = dict(parse_qsl(urlsplit(database).query, keep_blank_values=True)) if "://" in database else {}
    if _LOGIN.search(database) or _PASSWORD.search(database) or {"password", "sslpassword"} & given.keys():
        # A pipeline file is shared, and its parameters are kept with the run.
        raise ValueError("an address holds no password: put it in PGPASSWORD or ~/.pgpass")
    if "://" in database and any(map(_NO_PORT.search, urlsplit(database).netloc.split(","))):
        raise ValueError("a port is a number")
    second = next((name for name in _ELSEWHERE if name in given), None)
    # `?host=` beats the host before it, which is the one that the user has allowed to be asked.
    if second and urlsplit(database).netloc:
        raise ValueError(f"the address names its server, so it has no parameter `{second}`")


def postgres_rows(address: str, query: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a query, a thousand at a time; raise DatasetError if the server doesn't give them."""
    # Closed and never committed: some functions write even on a connection that only reads.
    with explained("Postgres"), closing(_connection(address)) as connection:
        connection.read_only = True
        # A named cursor stays on the server: the rows come a thousand at a time.
        with connection.cursor("seedbed") as cursor:
            cursor.itersize = AT_A_TIME
            cursor.execute(query.strip().rstrip(";"))
            names: list[str] = []
            for row in cursor:
                names = names or column_names(cursor.description)
                yield dict(zip(names, row, strict=True))


def _connection(address: str) -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise UsageError(
            f"Postgres is asked with the package 'psycopg': {error}", "pip install 'seedbed-data[postgres]'"
        ) from error
    try:
        given = psycopg.conninfo.conninfo_to_dict(address)
    except psycopg.ProgrammingError as error:
        raise UsageError(f"this isn't the address of a Postgres server: {str(error).strip()}") from None
    try:
        connection = psycopg.connect(**{**_DEFAULTS, **_timeout(), **given})
    except psycopg.OperationalError as error:
        # One line for each address and way that was tried, often the same.
        lines = str(error).replace("connection failed: ", "").splitlines()
        said = dict.fromkeys(map(str.strip, lines))
        raise DatasetError(
            f"Postgres can't be reached: {' '.join(said)}",
            "check the address, the network, and the password in PGPASSWORD or ~/.pgpass",
        ) from error
    read_all_values(connection.adapters)
    return connection


def _timeout() -> dict[str, Any]:
    # A parameter would beat the variable.
    return {} if os.environ.get("PGCONNECT_TIMEOUT") else {"connect_timeout": 10}
