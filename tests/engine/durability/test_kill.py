"""A run that is killed at any moment comes to the same dataset, and buys nothing twice that was safe."""

from __future__ import annotations

import random
import signal
import time

import pytest
from tests.engine.durability.conftest import COMMAND, PROGRAMS, answered
from tests.engine.durability.programs import KINDS
from tests.support.answering_server import digest_of

KILLED = [kind for kind in KINDS if kind not in ("faulty", "seekable")]


class Uninterrupted:
    """What each kind of run comes to when nobody disturbs it."""

    def __init__(self):
        self._known = {}

    def __call__(self, kind, sessions):
        if kind not in self._known:
            run = sessions()
            assert run.kind(kind, 32).wait() == 0
            assert run.bought_twice() == []
            self._known[kind] = run.out.read_bytes(), run.calls()
        return self._known[kind]


@pytest.fixture(scope="module")
def uninterrupted():
    return Uninterrupted()


def killed_and_resumed(run, kind, calls, kills, rng):
    """Kill a run some moments after it has got to random numbers of calls; then let it come to its end."""
    share = 0.9 if KINDS[kind].is_exact else 0.5
    statuses = []
    for number in sorted(rng.randrange(int(share * calls)) for _ in range(kills)):
        run.kind(kind)
        run.wait_for_answers(number)
        time.sleep(rng.uniform(0, 0.06))
        statuses.append(run.cut(signal.SIGKILL))
    assert -signal.SIGKILL in statuses
    last = run.kind(kind)
    assert last.wait() == 0, last.said


def hold(kind, kills, seed, sessions, uninterrupted):
    dataset, calls = uninterrupted(kind, sessions)
    run = sessions()
    killed_and_resumed(run, kind, len(calls), kills, random.Random(seed))
    assert run.bought_twice() == []
    assert run.out.read_bytes() == dataset
    if KINDS[kind].is_exact:
        assert run.calls() == calls


@pytest.mark.slow
@pytest.mark.variants(1)
# The others are killed more often, by the slow test below.
@pytest.mark.parametrize("kind", KILLED[:4])
def test_a_run_that_is_killed_comes_to_the_same_dataset(kind, sessions, uninterrupted):
    hold(kind, 2, 1, sessions, uninterrupted)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2])
@pytest.mark.parametrize("kind", [*KILLED, "seekable"])
def test_a_run_that_is_killed_25_times_comes_to_the_same_dataset(kind, seed, sessions, uninterrupted):
    hold(kind, 25, seed, sessions, uninterrupted)


@pytest.mark.slow
def test_the_answers_of_rows_that_were_not_finished_are_not_asked_again(sessions):
    run = sessions()
    run.server.hold_after(70)
    run.kind("two-steps")
    run.wait_for(lambda log: len(log) > 70 == len(answered(log)))
    safe = answered(run.asked())
    run.wait_until_durable(70)
    assert run.cut(signal.SIGKILL) == -signal.SIGKILL
    before = len(run.asked())
    run.server.release()
    assert run.kind("two-steps").wait() == 0
    assert safe.isdisjoint(asked.body for asked in run.asked()[before:])


def broken(body):
    """Answer a share of the requests badly, and refuse another."""
    digest = digest_of(body)
    return None if digest[0] in "01" else "bad" if digest[0] in "23456" else digest


def with_failures(run):
    run.server.answer = broken
    assert run.kind("faulty").wait() == 0
    run.server.answer = digest_of
    return run.calls()


@pytest.mark.slow
def test_a_retry_that_is_killed_comes_to_the_same_dataset(sessions):
    whole = sessions()
    asked_before = with_failures(whole)
    assert whole.kind("faulty", 32, "retry").wait() == 0
    retried = whole.calls() - asked_before
    killed = sessions()
    with_failures(killed)
    for number in (10, 25):
        killed.kind("faulty", 8, "retry")
        killed.wait_for_answers(len(asked_before) + number)
        assert killed.cut(signal.SIGKILL) == -signal.SIGKILL
    assert killed.kind("faulty", 8, "retry").wait() == 0
    assert killed.bought_twice() == []
    assert killed.out.read_bytes() == whole.out.read_bytes()
    assert killed.calls() == asked_before | retried
    assert len(killed.out.read_bytes().splitlines()) == 90


OTHERS = {
    "more rows": ("-n", 60),
    "another prompt": ("-n", 30, "--set", "template=Tell me a story."),
}


def commanded(run, *more):
    task = f"{PROGRAMS}:Single"
    return run.start(COMMAND, "run", task, "--llm", "openai/m", "-o", run.out.name, "--concurrency", 8, *more)


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize("other", OTHERS)
def test_a_finished_run_that_was_killed_as_another_one_is_not_taken_for_finished(sessions, other):
    run = sessions()
    assert commanded(run, "-n", 30).wait() == 0
    dataset = run.out.read_bytes()
    asked = len(run.asked())
    run.server.hold_after(20)
    commanded(run, *OTHERS[other])
    run.wait_for(lambda log: len(answered(log)) == asked + 20)
    run.wait_until_durable(asked + 20)
    assert run.cut(signal.SIGKILL) == -signal.SIGKILL
    run.server.release()
    assert commanded(run, "-n", 30).wait() == 0
    assert run.out.read_bytes() == dataset


def paid(log):
    return {asked.body for asked in log if asked.was_paid}


@pytest.mark.slow
def test_the_rows_of_a_retry_that_was_killed_are_decided_by_the_same_command(sessions):
    run = sessions()
    with_failures(run)
    before = run.out.read_bytes().splitlines()
    safe = len(paid(run.asked()))
    run.server.hold_after(2)
    run.kind("faulty", 1, "retry")
    run.wait_for(lambda log: len(paid(log)) == safe + 2)
    run.wait_until_durable(safe + 2)
    assert run.cut(signal.SIGKILL) == -signal.SIGKILL
    run.server.release()
    assert run.kind("faulty").wait() == 0
    assert len(run.out.read_bytes().splitlines()) >= len(before)
