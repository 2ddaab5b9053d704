"""One process writes a run; another one is told who does, and leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
from tests.support.run_samples import python, result

from seedbed.errors import UsageError
from seedbed.store import RunReader, RunStore, list_runs

HOLD = """
    import sys
    from pathlib import Path
    from seedbed.store import RunStore
    store = RunStore.open(Path(sys.argv[1]))
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the run."""
    with python(HOLD, tmp_path / "run") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_a_second_process_is_told_who_writes_the_run(tmp_path, holder):
    with pytest.raises(UsageError) as raised:
        RunStore.open(tmp_path / "run")
    assert f"process {holder.pid} on " in raised.value.fact
    assert ", since 20" in raised.value.fact
    assert str(tmp_path / "run") in raised.value.fact


def test_a_second_process_harms_neither_run_nor_lock(tmp_path, holder):
    for _ in range(2):
        with pytest.raises(UsageError, match=f"process {holder.pid}"):
            RunStore.open(tmp_path / "run")
    (entry,) = list_runs(tmp_path)
    assert entry.holder is not None
    assert entry.holder.pid == holder.pid


def test_a_second_store_in_this_process_is_refused_too(tmp_path):
    with RunStore.open(tmp_path / "run"), pytest.raises(UsageError, match=f"process {os.getpid()} on"):
        RunStore.open(tmp_path / "run")


def test_the_lock_of_a_killed_process_is_free_and_its_note_is_not_believed(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert (tmp_path / "run/run.db.holder").exists()
    assert list_runs(tmp_path)[0].holder is None
    with RunStore.open(tmp_path / "run") as store:
        store.add_result(result(1))
        (entry,) = list_runs(tmp_path)
        assert entry.holder is not None
        assert entry.holder.pid == os.getpid()
    assert list_runs(tmp_path)[0].holder is None


def test_a_holder_whose_note_cannot_be_read_is_another_process(tmp_path, holder):
    (tmp_path / "run/run.db.holder").write_text("[]")
    with pytest.raises(UsageError, match="another process is writing"):
        RunStore.open(tmp_path / "run")


def test_a_note_of_another_machine_is_believed(tmp_path, holder):
    note = tmp_path / "run/run.db.holder"
    note.write_text(json.dumps({**json.loads(note.read_text()), "pid": 2**22 + 1, "host": "elsewhere"}))
    entry = list_runs(tmp_path)[0]
    assert entry.holder is not None
    assert entry.holder.host == "elsewhere"


def test_a_reader_needs_no_lock(tmp_path, holder):
    with RunReader.open(tmp_path / "run") as one, RunReader.open(tmp_path / "run") as other:
        assert one.count_calls() == other.count_calls() == 0


def test_a_store_may_be_closed_by_another_thread(tmp_path):
    store = RunStore.open(tmp_path / "run")
    thread = threading.Thread(target=store.close)
    thread.start()
    thread.join()
    with RunStore.open(tmp_path / "run") as again:
        assert again.pending == 0


def test_a_store_that_could_not_be_opened_gives_the_lock_back(tmp_path):
    (tmp_path / "run.db").write_bytes(b"no database" * 100)
    for _ in range(2):
        with pytest.raises(UsageError, match="damaged"):
            RunStore.open(tmp_path)
    (tmp_path / "run.db").unlink()
    RunStore.open(tmp_path).close()


def test_a_process_that_ends_without_closing_loses_nothing(tmp_path):
    code = """
        import sys
        from pathlib import Path
        from seedbed.store import Result, RunStore
        store = RunStore.open(Path(sys.argv[1]))
        for row in range(5000):
            store.add_result(Result("write", str(row), bytes(16), 0, "done", b"[]"))
    """
    with python(code, tmp_path / "run") as process:
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    with RunReader.open(tmp_path / "run") as reader:
        assert sum(1 for _ in reader.results_of("write")) == 5000
    assert not (tmp_path / "run/run.db.holder").exists()


def test_the_lock_library_is_loaded_with_the_first_run_only():
    code = "import sys, seedbed.store; sys.exit('filelock' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
