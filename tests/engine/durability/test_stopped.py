"""A run that is told to stop, that cannot write, or that is another process's."""

from __future__ import annotations

import resource
import signal
import sys

import pytest
from tests.engine.durability.conftest import PROGRAMS, answered

from seedbed.cli import invoke
from seedbed.store import RunReader

ROWS = 120
ANSWERED = 60


@pytest.fixture(scope="module")
def whole():
    """The dataset of a run that nobody disturbs, once it has been made."""
    return {}


@pytest.fixture
def dataset(sessions, whole):
    """What the run comes to."""
    if not whole:
        run = sessions()
        assert run.command("Single", ROWS).wait() == 0
        whole["rows"] = run.out.read_bytes()
    return whole["rows"]


def goes_on(run, dataset):
    """The same command comes to the whole dataset."""
    child = run.command("Single", ROWS)
    assert child.wait() == 0, child.said
    assert run.out.read_bytes() == dataset
    return child.said


def held_up(sessions):
    """Return a run whose calls wait for the server: those before them are answered."""
    run = sessions()
    run.server.hold_after(ANSWERED)
    run.command("Single", ROWS)
    run.wait_for(lambda log: len(log) > ANSWERED == len(answered(log)))
    return run


def interrupted(run, number):
    """Send the process a signal, and return when it has said that it obeys."""
    run.child.send(number)
    run.wait_for_word("calls in flight have 10 s to finish")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_calls_in_flight_finish_and_the_same_command_goes_on(sessions, dataset, number):
    run = held_up(sessions)
    interrupted(run, number)
    run.server.release()
    assert run.child.wait() == 3
    assert not run.out.exists()
    kept = len(run.asked())
    assert ANSWERED < kept < ROWS
    assert f"{kept} rows kept" in goes_on(run, dataset)
    assert len(run.asked()) == ROWS, "nothing was asked twice"


def stopped(run, dataset):
    """A run that waits for answers that never come ends all the same, and goes on when they do."""
    assert run.cut(signal.SIGINT) == 3
    run.server.release()
    goes_on(run, dataset)
    assert run.bought_twice() == []


@pytest.mark.slow
def test_a_second_signal_does_not_wait_for_calls(sessions, dataset):
    run = held_up(sessions)
    interrupted(run, signal.SIGINT)
    stopped(run, dataset)


@pytest.mark.slow
def test_calls_that_are_never_answered_do_not_hold_up_the_end_for_ever(sessions, dataset):
    stopped(held_up(sessions), dataset)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limits of another process are set on Linux alone")
def test_a_full_disk_ends_a_run_with_one_message_and_the_same_command_goes_on(sessions, dataset):
    run = held_up(sessions)
    child = run.child
    log = run.runs / "out" / "run.db-wal"
    run.note_cut()
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (log.stat().st_size,) * 2)
    run.server.release()
    assert child.wait() == 3
    with RunReader.open(run.runs / "out") as reader:
        rows, calls = len(reader.rows("single")), reader.count_calls()
    assert f"'{run.runs}/out/run.db' cannot be read or written" in child.said
    assert f"\n{rows} of {ROWS} rows\n" in child.said
    assert child.said.count("error") == 2, "the word of the command, and what SQLite says"
    assert not run.out.exists()
    lost = len(run.asked()) - calls
    goes_on(run, dataset)
    assert len(run.asked()) == ROWS + lost, "what was kept is not asked again"
    assert run.bought_twice() == []


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--restart",)])
def test_a_second_process_is_refused_at_once_and_told_who_is_at_the_run(sessions, monkeypatch, capfd, more):
    run = held_up(sessions)
    monkeypatch.setenv("SEEDBED_RUNS", str(run.runs))
    monkeypatch.setenv("OPENAI_BASE_URL", run.server.base_url)
    monkeypatch.chdir(run.folder)
    status = invoke(["run", f"{PROGRAMS}:Single", "--llm", "openai/m", "-n", "9", "-o", "out.jsonl", *more])
    assert status == 2
    assert f"process {run.child.pid}" in capfd.readouterr().err
    assert not run.child.has_ended
    assert not any(asked.answered for asked in run.asked()[ANSWERED:])
