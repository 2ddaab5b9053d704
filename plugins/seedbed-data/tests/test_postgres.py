"""Rows of a real Postgres server: all its values, no password anywhere, and no row lost if it goes away."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.postgres_server import PASSWORD, PostgresServer, postgres_server

from seedbed import DatasetError, Row, SeedbedError, UsageError, get_step, run

pytestmark = pytest.mark.slow

psycopg = pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as one:
        one.run("CREATE TABLE rows (id int PRIMARY KEY, body text)")
        one.run("INSERT INTO rows SELECT i, 'row ' || i FROM generate_series(1, 5000) i")
        yield one


@pytest.fixture(autouse=True)
def _logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.chdir(tmp_path)


def made(server: PostgresServer, query: str, **options: object) -> list[Row]:
    ended = run(get_step("sql", query=query, database=server.address), **options)  # type: ignore[arg-type]
    if ended.stopped_by is not None:
        raise ended.stopped_by
    return [*ended.rows()]


def seedbed(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "seedbed", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_reads_the_rows_of_a_query(server: PostgresServer) -> None:
    rows = made(server, "SELECT id, body FROM rows ORDER BY id;")

    assert rows == [{"id": number, "body": f"row {number}"} for number in range(1, 5001)]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("date 'infinity'", "9999-12-31"),
        ("timestamp '-infinity'", "0001-01-01T00:00:00"),
        ("ARRAY[date 'infinity', date '2024-01-02']", ["9999-12-31", "2024-01-02"]),
        ("date '12000-01-01'", "12000-01-01"),
        ("timestamp '0044-03-15 BC'", "0044-03-15 00:00:00 BC"),
        ("time '24:00'", "24:00:00"),
        ("interval '1 month'", "1 mon"),
        ("interval '36 hours'", "P1DT12H"),
        ("inet '10.0.0.1'", "10.0.0.1"),
        ("cidr '10.0.0.0/8'", "10.0.0.0/8"),
        ("int4range(1, 3)", "[1,3)"),
        ("daterange('2024-01-01', 'infinity')", "[2024-01-01,infinity)"),
        ("1.50::numeric", "1.50"),
        ("jsonb '{\"a\": [1, null]}'", {"a": [1, None]}),
        ("bytea '\\x00ff'", "AP8="),
        ("gen_random_uuid() IS NOT NULL", True),
    ],
)
def test_each_value_has_a_form(server: PostgresServer, value: str, form: object) -> None:
    assert made(server, f"SELECT {value} AS v") == [{"v": form}]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS a; COMMIT; DROP TABLE rows",
        "WITH gone AS (DELETE FROM rows RETURNING id) SELECT * FROM gone",
        "COPY rows TO '/tmp/rows'",
        "DROP TABLE rows",
        "SELECT lo_create(0) AS a",
    ],
)
def test_a_query_changes_nothing(server: PostgresServer, query: str) -> None:
    with suppress(DatasetError):
        made(server, query)

    assert server.run("SELECT count(*) FROM rows") == [(5000,)]
    assert server.run("SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://ada@127.0.0.1:1/postgres", "can't be reached: .*Connection refused"),
        ("postgresql://ada@nowhere.invalid/postgres", "can't be reached: .*nowhere.invalid"),
        ("postgresql://ada@127.0.0.1:{port}/none", 'database "none" does not exist'),
        ("postgresql://eve@127.0.0.1:{port}/postgres", 'authentication failed for user "eve"'),
        ("postgresql://ada@127.0.0.1:{port}/postgres?sslmode=require", "server does not support SSL"),
    ],
)
def test_a_server_that_cannot_be_asked_is_named(server: PostgresServer, address: str, said: str) -> None:
    step = get_step("sql", query="SELECT 1 AS a", database=address.format(port=server.port))
    with pytest.raises(DatasetError, match=said) as raised:
        run(step)

    told = str(raised.value)
    assert PASSWORD not in told
    assert told.count("authentication failed") <= 1
    assert "PGPASSWORD or ~/.pgpass" in told


def test_an_unknown_parameter_is_named_without_its_value(server: PostgresServer) -> None:
    step = get_step("sql", query="SELECT 1 AS a", database=f"{server.address}?pasword={PASSWORD}")
    with pytest.raises(UsageError, match="pasword") as raised:
        run(step)

    assert PASSWORD not in str(raised.value)


def test_a_server_that_goes_away_ends_the_run_and_the_same_command_reads_the_rest(
    server: PostgresServer,
) -> None:
    # Each thousand rows are a request: the server ends the connection at the third one.
    server.run(
        "CREATE OR REPLACE FUNCTION now_and_then(id int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
        " IF id = 2500 AND NOT EXISTS (SELECT FROM pg_tables WHERE tablename = 'stays') THEN"
        " PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); END IF;"
        " RAISE NOTICE 'row %', id; RETURN id; END $$"
    )
    query = "SELECT now_and_then(id) AS id FROM rows ORDER BY rows.id"
    with pytest.raises(DatasetError, match=r"terminating connection[^$]*the rest of the input was not read"):
        made(server, query, name="cut", out="rows.jsonl")
    assert not Path("rows.jsonl").exists()

    server.run("CREATE TABLE stays ()")
    rows = made(server, query, name="cut", out="rows.jsonl")

    assert [row["id"] for row in rows] == [*range(1, 5001)]


def test_the_password_is_nowhere(
    server: PostgresServer, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    Path("p.yaml").write_text(
        f"steps:\n  - use: sql\n    with: {{database: '{server.address}', query: SELECT 1 AS a}}\n"
    )
    place = f"postgresql://127.0.0.1:{server.port}"
    asked = seedbed("run", "p.yaml", "-o", "a.jsonl")
    shown = [
        asked,
        seedbed("run", "p.yaml", "-o", "a.jsonl", "--allow-path", place),
        seedbed("run", "p.yaml", "-o", "b.jsonl", "--json", "--allow-path", place, PGPASSWORD=f"{PASSWORD}!"),
        seedbed("runs", "show", "a", "--json"),
        seedbed("runs", "explain", "a"),
        seedbed("runs", "card", "a"),
        seedbed("runs", "diff", "a", "b"),
    ]
    assert made(server, "SELECT 1 AS a", name="in-python") == [{"a": 1}]

    # What is allowed is what the refusal says.
    assert f"--allow-path {place}\n" in asked.stderr
    assert Path("a.jsonl").read_text() == '{"a":1}\n'
    assert "password authentication failed" in shown[2].stderr
    texts = [caplog.text, *(part.stdout + part.stderr for part in shown)]
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(PASSWORD in text for text in texts)
    assert not any(PASSWORD.encode() in content for content in files)


def test_a_file_cannot_have_the_password_sent_elsewhere(server: PostgresServer) -> None:
    from seedbed import Pipeline

    for second in ("host=127.0.0.2", "hostaddr=127.0.0.2", "h%6fst=127.0.0.2", "port=1"):
        Path("p.yaml").write_text(
            "steps:\n  - use: sql\n    with:\n      query: SELECT 1 AS a\n"
            f"      database: '{server.address}?{second}'\n"
        )
        with pytest.raises(SeedbedError, match="the address names its server"):
            Pipeline.from_file("p.yaml", allow_paths=[f"postgresql://127.0.0.1:{server.port}"])
