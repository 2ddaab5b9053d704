"""A run can be read while it is written, and reading holds nothing up."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading

import pytest
from tests.support.run_samples import call, python, result, verdict

from seedbed.errors import StoreError
from seedbed.store import RunReader, RunStore, run_entry

POLL = """
    import sys
    from pathlib import Path
    from seedbed.store import RunReader
    with RunReader.open(Path(sys.argv[1])) as reader:
        rows = iter(())
        for line in sys.stdin:
            next(rows, None)
            rows = iter(reader.rows("write"))
            first = next(rows, None)
            print(reader.count_calls(), len(reader.rows("write")), first is not None, flush=True)
"""
LARGEST_LOG = 24_000_000


def write(store, start, count, text="x"):
    for row in range(start, start + count):
        store.add_call(call(row))
        store.add_result(result(row, {"n": row, "text": text}))
        store.add_verdict(verdict(row))
    store.flush()


def log_size(folder):
    return (folder / "run.db-wal").stat().st_size


@pytest.fixture
def store(tmp_path):
    with RunStore.open(tmp_path / "run") as store:
        yield store


def test_another_process_sees_each_commit_while_the_run_is_written(store):
    with python(POLL, store.folder) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for part in range(5):
            write(store, part * 100, 100)
            process.stdin.write("go\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{(part + 1) * 100} {(part + 1) * 100} True\n"
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.slow
def test_the_log_does_not_grow_while_readers_poll_and_hold_half_read_iterators(store):
    text = "x" * 3000
    largest = 0
    with python(POLL, store.folder) as process, RunReader.open(store.folder) as reader:
        assert process.stdin is not None
        assert process.stdout is not None
        held = []
        for part in range(30):
            write(store, part * 500, 500, text)
            process.stdin.write("go\n")
            process.stdin.flush()
            assert process.stdout.readline().endswith("True\n")
            half_read = iter(reader.rows("write"))
            next(half_read)
            held.append(half_read)
            largest = max(largest, log_size(store.folder))
        process.stdin.close()
        process.wait(60)
    assert store.path.stat().st_size > 2 * LARGEST_LOG
    assert largest < LARGEST_LOG


@pytest.mark.slow
def test_an_open_query_would_let_the_log_grow(store):
    write(store, 0, 500, "x" * 3000)
    other = sqlite3.connect(store.path, isolation_level=None)
    cursor = other.execute("SELECT * FROM results")
    cursor.fetchone()
    for part in range(1, 20):
        write(store, part * 500, 500, "x" * 3000)
    assert log_size(store.folder) > LARGEST_LOG
    cursor.close()
    other.close()


def test_iterators_go_on_with_what_is_there_when_they_come_to_it(store):
    write(store, 0, 10)
    with RunReader.open(store.folder) as reader:
        verdicts = reader.verdicts("write")
        first = [next(verdicts) for _ in range(10)]
        write(store, 10, 500)
        assert [found.seq for found in (*first, *verdicts)] == list(range(510))


def test_several_threads_may_read_one_store(store):
    write(store, 0, 300)
    wrong = []

    def read() -> None:
        for row in range(300):
            found = store.result_of("write", str(row))
            if found is None or found.row != str(row):
                wrong.append(row)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_reader_cannot_write(store):
    with RunReader.open(store.folder) as reader, pytest.raises(StoreError, match="readonly"):
        reader._all("DELETE FROM results")


def test_a_reader_leaves_a_run_at_rest_as_it_was(tmp_path):
    with RunStore.open(tmp_path) as store:
        write(store, 0, 10)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with RunReader.open(tmp_path) as reader:
        assert len(list(reader.rows("write"))) == 10
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_reader_may_stay_beyond_the_end_of_the_run(tmp_path):
    store = RunStore.open(tmp_path)
    write(store, 0, 10)
    with RunReader.open(tmp_path) as reader:
        store.close()
        assert len(list(reader.rows("write"))) == 10
        with RunStore.open(tmp_path) as again:
            write(again, 10, 10)
            assert len(list(reader.rows("write"))) == 20


def test_a_folder_name_that_means_something_in_an_address_is_only_a_name(tmp_path):
    folder = tmp_path / "50%20 a?b#c&mode=memory ü"
    with RunStore.open(folder) as store:
        write(store, 0, 1)
    with RunReader.open(folder) as reader:
        assert len(reader.rows("write")) == 1
    assert (folder / "run.db").exists()


READ_ONCE = """
    import sys
    from pathlib import Path
    from seedbed.store import RunReader
    with RunReader.open(Path(sys.argv[1])) as reader:
        print(len(reader.rows("write")))
"""


def rows_seen(folder):
    """Return how many rows a process sees that opens the run and closes it again."""
    with python(READ_ONCE, folder) as process:
        return int(process.communicate()[0])


def test_a_reader_that_leaves_does_not_take_the_log_away_from_the_writer(store):
    write(store, 0, 10)
    assert rows_seen(store.folder) == 10
    write(store, 10, 10)
    assert log_size(store.folder) > 0
    assert rows_seen(store.folder) == 20


@pytest.mark.slow
def test_nor_does_it_after_this_process_has_looked_at_the_run_beside_its_writer(store):
    write(store, 0, 10)
    with RunReader.open(store.folder) as reader:
        assert len(reader.rows("write")) == 10
    run_entry(store.folder)
    assert rows_seen(store.folder) == 10
    write(store, 10, 10)
    assert rows_seen(store.folder) == 20


def test_nor_does_a_writer_that_ends_take_it_away_from_a_reader(tmp_path):
    with RunStore.open(tmp_path) as store:
        write(store, 0, 1000)
        with python(POLL, tmp_path) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline().split() == ["1000", "1000", "True"]
            store.close()
            assert log_size(tmp_path) > 0
            process.stdin.close()
            process.wait()


def test_the_leaves_are_found_without_going_through_their_rows(tmp_path):
    with RunStore.open(tmp_path / "run") as store:
        assert store.leaves() == []
        for leaf in ("b", "a", "", "ä"):
            for row in range(2):
                store.add_verdict(verdict(row)._replace(leaf=leaf, seq=row))
        store.flush()

        assert store.leaves() == ["", "a", "b", "ä"]


READS_WHILE_IT_CLOSES = """
import threading
from seedbed import StoreError
from seedbed.store import RunStore

def read(store, began):
    try:
        while True:
            store.result_of("step", "1")
            began.set()
    except StoreError:
        pass

for _ in range(30):
    store = RunStore.open(ephemeral=True)
    began = [threading.Event() for _ in range(4)]
    readers = [threading.Thread(target=read, args=(store, event)) for event in began]
    for reader in readers:
        reader.start()
    for event in began:
        event.wait()
    store.close()
    for reader in readers:
        reader.join()
"""


@pytest.mark.slow
def test_a_store_that_is_closed_while_threads_read_waits_for_their_queries() -> None:
    # In a process of its own: SQLite crashes if a connection is closed in the middle of a query.
    done = subprocess.run([sys.executable, "-c", READS_WHILE_IT_CLOSES], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
