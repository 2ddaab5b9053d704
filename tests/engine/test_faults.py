"""Whatever a server does to a run, each row is accepted, rejected or failed with a reason, once, in order."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.fault_server import FaultServer, Received, Reply
from tests.support.faults import FAULTS, HASTY, hasty_pace

from seedbed import EndpointDownError, GeneratorTask, Pipeline, Run, Task, run
from seedbed.store import RunReader, run_folder
from seedbed.tasks.rows import Row
from seedbed_openai import OpenAILLM

__all__ = ["hasty_pace"]

N = 12
ROWS = [{"n": n} for n in range(N)]
CALLS = 2
"""Calls of a row that nothing goes wrong with, one in each step."""


class Count(GeneratorTask):
    template: str = "first {{ n }}"
    outputs: ClassVar[list[str]] = ["first"]

    def sample(self, index: int, rng: Any) -> Row:
        return {"n": index}


class First(Task):
    template: str = "first {{ n }}"
    outputs: ClassVar[list[str]] = ["first"]


class Second(Task):
    template: str = "second {{ n }} {{ first }}"
    outputs: ClassVar[list[str]] = ["second"]


def echo(received: Received) -> Row:
    """Return the answer to a request: its first message, also where it is asked again."""
    return completion(f"<{received.json()['messages'][0]['content']}>")


def completion(text: str) -> Row:
    return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


def made_of(n: int) -> Row:
    """Return what the two steps make of a number."""
    return {
        "n": n,
        "first": f"<first {n}>",
        "model_name": "m",
        "second_model_name": "m",
        "second": f"<second {n} <first {n}>>",
    }


GOOD = Reply(body=echo)
MIXED = {
    **FAULTS,
    "drip": GOOD._replace(drip=0.001),
    "cut": GOOD._replace(cut=True),
    "no text": Reply(body=completion("")),
    "good": GOOD,
}
MIXTURES = st.lists(st.sampled_from(sorted(MIXED)), min_size=1, max_size=40)
KINDS = {
    "generator": (lambda: Count() >> Second(), {"n": N}),
    "input": (lambda: First() >> Second(), {"input": ROWS}),
}
names = itertools.count()


@pytest.fixture(scope="module")
def server(hasty_pace: None) -> Iterator[FaultServer]:
    """One server for all mixtures; calls are tried again at once."""
    with FaultServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr("seedbed.llm.calling.sender.RetryPolicy", lambda: HASTY)
        yield server


class Session:
    """A run against the server, as often as it takes."""

    def __init__(self, server: FaultServer, kind: str) -> None:
        make, self._rows = KINDS[kind]
        self._server = server
        self._pipeline: Pipeline = make()
        self._name = f"faults-{next(names)}"

    def go_on(self, *replies: Reply, timeout: float = 30.0, **options: Any) -> tuple[Run, int]:
        """Run against a server that gives these replies and good ones from then on; return what was sent."""
        self._server.answer_with(*replies, GOOD)
        llm = OpenAILLM(model="m", base_url=f"{self._server.url}/v1", api_key="key", timeout=timeout)
        made = run(self._pipeline, llm=llm, name=self._name, **self._rows, **options)
        return made, self._server.count

    def calls(self) -> int:
        """Return how many answers the run has."""
        with RunReader.open(self._folder()) as reader:
            return reader.count_calls()

    def verdicts(self) -> list[tuple[str, str]]:
        """Return each row that was decided, with its verdict, in order."""
        with RunReader.open(self._folder()) as reader:
            reasons = {one.seq: one.reason for one in reader.refused("second")}
            verdicts = [*reader.verdicts("second")]
        assert all(reasons[one.seq] for one in verdicts if one.verdict != "accepted")
        return [(one.row, one.verdict) for one in verdicts]

    def _folder(self) -> Path:
        return run_folder(self._name)


def check(session: Session, made: Run, kind: str) -> None:
    """Check that each row is there once, with its verdict, and in order."""
    rows = [*made.rows()]
    numbers = [row["n"] for row in rows]
    assert rows == [made_of(n) for n in numbers]
    assert numbers == sorted(set(numbers))
    verdicts = session.verdicts()
    assert len({row for row, _ in verdicts}) == len(verdicts)
    counts = Counter(verdict for _, verdict in verdicts)
    assert (counts["accepted"], counts["failed"], counts["rejected"]) == (
        made.accepted,
        made.failed,
        made.rejected,
    )
    if kind == "generator":
        assert [int(row) for row, _ in verdicts] == [*range(len(verdicts))]
        assert numbers == [int(row) for row, verdict in verdicts if verdict == "accepted"]


def hold(
    server: FaultServer, kind: str, mixture: list[str], most: int | None, concurrency: int | None
) -> None:
    session = Session(server, kind)
    replies = [MIXED[name] for name in mixture]
    first, _ = session.go_on(*replies, timeout=0.15, max_failures=most, concurrency=concurrency)
    check(session, first, kind)
    if first.outcome != "stopped":
        assert first.accepted + first.failed == N
    bought = session.calls()
    again, sent = session.go_on(retry=True)
    check(session, again, kind)
    assert (again.outcome, again.accepted) == ("complete", N)
    assert sent == session.calls() - bought, "what had been answered is not sent again"
    if not any(name == "no text" for name in mixture):
        assert session.calls() == CALLS * N
    assert session.go_on()[1] == 0


def settled(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[*HealthCheck])


STORM = ["429", "429 with retry-after", "503", "dropped", "cut", "hang", "malformed", "good"] * 5


@pytest.mark.slow
@settled(5)
@given(st.sampled_from(sorted(KINDS)), MIXTURES, st.sampled_from([None, 0, 3]), st.sampled_from([None, 1, 4]))
@example("generator", ["400", "good", "no text", "no text", "no text", "400"], None, 4)
@example("input", STORM, None, None)
@example("input", ["no text"] * 9 + ["400"], None, 4)
def test_every_row_of_a_run_is_decided_once_and_what_is_missing_is_asked_next_time(
    server, kind, mixture, most, concurrency
):
    hold(server, kind, mixture, most, concurrency)


@pytest.mark.slow
@settled(60)
@given(st.sampled_from(sorted(KINDS)), MIXTURES, st.sampled_from([None, 0, 3]), st.sampled_from([None, 1, 4]))
def test_so_it_is_under_many_mixtures_of_faults(server, kind, mixture, most, concurrency):
    hold(server, kind, mixture, most, concurrency)


def test_a_server_that_fails_every_call_stops_the_run_and_it_goes_on_when_it_does_not(server, monkeypatch):
    hasty = (3, 0.1, 0.1, 0.1, 0.1)
    monkeypatch.setattr("seedbed.llm.limits.circuit.CircuitPolicy.__new__.__defaults__", hasty)
    monkeypatch.setattr("seedbed.llm.calling.sender.RetryPolicy", lambda: HASTY._replace(tries=1000))
    session = Session(server, "input")
    half = [GOOD] * N
    stopped, _ = session.go_on(*half, *[MIXED["503"]] * 5000, concurrency=1)
    check(session, stopped, "input")
    assert (stopped.outcome, stopped.failed) == ("stopped", 0)
    assert isinstance(stopped.stopped_by, EndpointDownError)
    bought = session.calls()
    done, sent = session.go_on()
    assert (done.outcome, done.accepted) == ("complete", N)
    assert (sent, bought) == (CALLS * N - bought, N)
