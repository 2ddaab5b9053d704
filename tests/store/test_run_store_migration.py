"""A run of an older version is brought up to date, after a copy of it was kept."""

from __future__ import annotations

import sqlite3

import pytest
from tests.support.run_samples import result

from seedbed.errors import UsageError
from seedbed.store import RunReader, RunStore, run_schema

NEWER = (
    ("ALTER TABLE calls ADD COLUMN seconds REAL", "CREATE TABLE notes (text TEXT)"),
    ("INSERT INTO notes VALUES ('made of version 2')",),
)


@pytest.fixture
def old_run(tmp_path):
    """A run of version 1, in which something is written."""
    with RunStore.open(tmp_path / "run") as store:
        store.add_result(result(1))
    return tmp_path / "run"


def ask(path, sql):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_an_older_run_is_migrated_step_by_step_and_kept_as_a_copy(old_run, monkeypatch):
    monkeypatch.setattr(run_schema, "MIGRATIONS", NEWER)
    with RunStore.open(old_run) as store:
        assert store.result_of("write", "1") == result(1)
        store.add_result(result(2))
    assert ask(old_run / "run.db", "PRAGMA user_version") == [(3,)]
    assert ask(old_run / "run.db", "SELECT text FROM notes") == [("made of version 2",)]
    copy = old_run / "run.db.v1"
    assert ask(copy, "PRAGMA user_version") == [(1,)]
    assert ask(copy, "PRAGMA application_id") == [(run_schema.APPLICATION_ID,)]
    assert ask(copy, "SELECT row FROM results") == [("1",)]
    assert ask(copy, "SELECT count(*) FROM sqlite_master WHERE name = 'notes'") == [(0,)]


def test_only_the_steps_that_are_missing_are_taken(old_run, monkeypatch):
    for known in (NEWER[:1], NEWER):
        monkeypatch.setattr(run_schema, "MIGRATIONS", known)
        RunStore.open(old_run).close()
    assert ask(old_run / "run.db", "SELECT text FROM notes") == [("made of version 2",)]
    assert {path.name for path in old_run.iterdir()} == {"run.db", "run.db.lock", "run.db.v1", "run.db.v2"}


def test_a_run_that_is_up_to_date_is_not_copied(old_run):
    RunStore.open(old_run).close()
    assert not (old_run / "run.db.v1").exists()


def test_a_migration_that_fails_leaves_the_run_as_it_was(old_run, monkeypatch):
    (old_run / "run.db.v1.new").write_text("left over")
    monkeypatch.setattr(run_schema, "MIGRATIONS", (*NEWER, ("INSERT INTO nowhere VALUES (1)",)))
    for _ in range(2):
        with pytest.raises(UsageError, match="no such table: nowhere"):
            RunStore.open(old_run)
    assert ask(old_run / "run.db", "PRAGMA user_version") == [(1,)]
    assert ask(old_run / "run.db", "SELECT count(*) FROM sqlite_master WHERE name = 'notes'") == [(0,)]
    monkeypatch.setattr(run_schema, "MIGRATIONS", NEWER)
    with RunStore.open(old_run) as store:
        assert store.result_of("write", "1") == result(1)


def test_a_reader_does_not_migrate(old_run, monkeypatch):
    monkeypatch.setattr(run_schema, "MIGRATIONS", NEWER)
    with pytest.raises(UsageError, match=r"an older version of Seedbed .its schema is 1"):
        RunReader.open(old_run)
    assert ask(old_run / "run.db", "PRAGMA user_version") == [(1,)]


def test_a_version_that_only_the_log_knows_is_respected(old_run, monkeypatch):
    with monkeypatch.context() as newer:
        newer.setattr(run_schema, "MIGRATIONS", NEWER)
        store = RunStore.open(old_run)
        copies = {end: (old_run / f"run.db{end}").read_bytes() for end in ("", "-wal")}
        store.close()
    for end, content in copies.items():
        (old_run / f"run.db{end}").write_bytes(content)
    assert int.from_bytes(copies[""][60:64], "big") == 1
    for open_run in (RunStore.open, RunReader.open):
        with pytest.raises(UsageError, match=r"newer version of Seedbed .its schema is 3"):
            open_run(old_run)
