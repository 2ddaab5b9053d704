"""A real Postgres server on loopback, with a password and TLS, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import pytest

PASSWORD = "hunter2-Passw0rd-9931"


class PostgresServer(NamedTuple):
    """Where the server listens, and its folder; the user is `ada`, the database `postgres`."""

    port: int
    folder: Path

    @property
    def address(self) -> str:
        """The address for `database`."""
        return f"postgresql://ada@127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> list[Any]:
        """Run statements, and return the rows of the last one if it has any."""
        import psycopg

        with psycopg.connect(self.address, password=PASSWORD, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server; skip the test if the machine has none (Debian's package is `postgresql`)."""
    programs = _programs()
    # Not below the test's own folder, which another user may not enter; and a socket's path is short.
    folder = Path(mkdtemp(prefix="seedbed-postgres-", dir="/tmp"))
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres", "postgres")
    data, secret = folder / "data", folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)

    def status_of(program: str, *arguments: str) -> int:
        command = [programs / program, *arguments]
        return subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False, **user).returncode

    def run(program: str, *arguments: str) -> None:
        assert status_of(program, *arguments) == 0, program

    def starts(port: int) -> bool:
        options = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        log = ("-l", str(folder / "log"), "-o", f"{options} -c fsync=off")
        return status_of("pg_ctl", "-D", str(data), "-w", "-t", "250", *log, "start") == 0

    try:
        run("initdb", "-D", str(data), "-U", "ada", f"--pwfile={secret}", "-A", "scram-sha-256", "--no-sync")
        # A port that was free may be another's when the server comes to it.
        port = next((port for port in _free_ports(5) if starts(port)), None)
        assert port, (folder / "log").read_text()
        try:
            yield PostgresServer(port, folder)
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(number: int) -> Iterator[int]:
    for _ in range(number):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        yield port


def _programs() -> Path:
    found = shutil.which("initdb")
    named = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not named or not (named[-1] / "initdb").exists():
        pytest.skip("no Postgres server on this machine")
    return named[-1]
