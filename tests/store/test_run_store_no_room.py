"""A run on a disk without any room can be read and removed, which is how room is made."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seedbed.errors import UsageError
from seedbed.store import RunReader, RunStore, remove_run
from seedbed.store.run_values import Verdict

resource = pytest.importorskip("resource")


@contextmanager
def no_room() -> Iterator[None]:
    """While nothing can be written, as on a full disk: new files can be made, and stay empty."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
        signal.signal(signal.SIGXFSZ, heard)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with RunStore.open(tmp_path / "runs" / "a") as store:
        store.begin_session({"leaf": "x"})
        store.add_verdict(Verdict("x", 0, "1", "accepted", "x", "1", 0))
    return tmp_path / "runs" / "a"


def test_a_run_is_read(folder: Path) -> None:
    with no_room(), RunReader.open(folder) as reader:
        assert [session.manifest for session in reader.sessions()] == [{"leaf": "x"}]
        assert reader.count_verdicts("x")["accepted"] == 1


def test_what_is_in_a_log_is_not_left_out(folder: Path) -> None:
    with RunStore.open(folder) as store:
        store.begin_session({"leaf": "y"})
        store.flush()
        log = (folder / "run.db-wal").read_bytes()
    (folder / "run.db-wal").write_bytes(log)
    with no_room(), pytest.raises(UsageError):
        RunReader.open(folder)


def test_a_run_is_removed(folder: Path) -> None:
    with no_room():
        remove_run(folder)
    assert not folder.exists()


def test_a_run_that_another_process_writes_is_not_removed(folder: Path) -> None:
    with RunStore.open(folder), no_room(), pytest.raises(UsageError, match="is writing the run"):
        remove_run(folder)
    assert (folder / "run.db").exists()


def test_no_room_is_said(folder: Path) -> None:
    with no_room(), pytest.raises(UsageError) as error:
        RunStore.open(folder)
    assert "run.db" in error.value.fact
