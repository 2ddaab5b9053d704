"""A process that is killed leaves exactly what it had added up to some moment, and all that was durable."""

from __future__ import annotations

import random

import pytest
from tests.support.run_samples import answers_of, python, result

from seedbed.store import RunReader, RunStore, SessionRecord

WRITE = """
    import sys, time
    from pathlib import Path
    from seedbed.store import Call, Result, RunStore, Verdict
    store = RunStore.open(Path(sys.argv[1]))
    store.begin_session({"pid": 1})
    store.on_commit(lambda number: print(number, flush=True))
    n = 0
    while True:
        row = str(n)
        store.add_call(Call("write", row, 0, bytes(16), 0, "stub", 1, 1, 0, 0, None, b'"%d"' % n))
        store.add_result(Result("write", row, bytes(16), 0, "done", b'[{"n":%d}]' % n))
        store.add_verdict(Verdict("write", n, row, "accepted", "write", row, 0))
        n += 1
        while store.pending > 1000:
            time.sleep(0.001)
"""


def killed(folder, commits):
    """Kill a process that writes, some commits after its first; return the last number it told."""
    with python(WRITE, folder) as process:
        assert process.stdout is not None
        heard = [process.stdout.readline() for _ in range(commits)]
        process.kill()
        heard += process.stdout.read().splitlines()
    # The last line may have been cut in two.
    return int(heard[-2].strip() if len(heard) > 1 else heard[-1])


@pytest.mark.slow
@pytest.mark.variants(2)
@pytest.mark.parametrize("seed", range(5))
def test_what_is_left_is_a_beginning_of_what_was_added(tmp_path, seed):
    durable = killed(tmp_path / "run", random.Random(seed).randint(1, 9))
    with RunStore.open(tmp_path / "run") as store:
        results = sorted(int(found.row) for found in store.results_of("write"))
        verdicts = [found.seq for found in store.verdicts("write")]
        assert results == list(range(len(results)))
        assert verdicts == list(range(len(verdicts)))
        assert all(answers_of(store, str(row)) for row in results)
        # One operation begins the session; then calls, results and verdicts follow each other.
        left = 1 + store.count_calls() + len(results) + len(verdicts)
        assert len(verdicts) <= len(results) <= store.count_calls() <= len(verdicts) + 1
        assert left >= durable > 1
        assert list(store.rows("write")) == [b'{"n":%d}' % n for n in verdicts]
        store.add_result(result(1))


@pytest.mark.slow
def test_a_reader_sees_it_too_and_the_session_has_no_end(tmp_path):
    killed(tmp_path / "run", 3)
    with RunReader.open(tmp_path / "run") as reader:
        session = reader.last_session()
        assert isinstance(session, SessionRecord)
        assert (session.ended, session.outcome) == (None, None)
        assert session.seconds > 0
        assert reader.count_calls() > 0


def test_a_process_killed_while_it_makes_the_database_leaves_none(tmp_path):
    code = """
        import os, signal, sys
        from pathlib import Path
        from seedbed.store import RunStore, run_schema
        class Kill(tuple):
            def __iter__(self):
                yield self[0]
                os.kill(os.getpid(), signal.SIGKILL)
        run_schema.SCHEMA = Kill(run_schema.SCHEMA)
        RunStore.open(Path(sys.argv[1]))
    """
    with python(code, tmp_path / "run") as process:
        assert process.wait(60) == -9
    assert not (tmp_path / "run/run.db").exists()
    with RunStore.open(tmp_path / "run") as store:
        store.add_result(result(1))
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"run.db", "run.db.lock"}
