"""What observers hear follows from what the store has committed, whatever has been added to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.note_taker import NoteTaker
from tests.support.run_samples import call, refusal, result, verdict

from seedbed import ObservedOutcome, ObservedRun, Usage
from seedbed.engine.observing.delivery import Observation
from seedbed.engine.observing.observer import Observer
from seedbed.store import RunStore

RUN = ObservedRun("r", "write", 1, None, 3, 0, "write", ("write",), ("write",), ())
OUTCOME = ObservedOutcome("complete", 3, 0, 0, 3, 0, Usage(), None, 1.0, None, None)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """A run of which row 0 was accepted and row 1 has failed in an earlier session."""
    with RunStore.open(tmp_path / "run") as store:
        for addition in (call(0), call(1)):
            store.add_call(addition)
        store.add_result(result(0))
        store.add_result(refusal(1, "failed", reason="no"))
        store.add_verdict(verdict(0))
        store.add_verdict(verdict(1, decision="failed"))
        store.flush()
        yield store


def observation_of(store: RunStore, notes: NoteTaker) -> Observation:
    made = Observation([Observer.of(notes)], store, RUN)
    made.begin(["write"])
    return made


def test_nothing_is_told_before_it_is_committed(store: RunStore) -> None:
    notes = NoteTaker()
    observation = observation_of(store, notes)
    observation.add(store.added + 1, {"write": 2})
    observation.release(store.committed)
    observation.end(OUTCOME)

    assert [kind for kind, _ in notes.heard] == ["run", "outcome"]


def test_a_verdict_that_is_about_to_be_replaced_is_not_told_in_place_of_the_new_one(store: RunStore) -> None:
    notes = NoteTaker()
    observation = observation_of(store, notes)
    store.add_call(call(1, attempt=1))
    store.add_result(result(1))
    store.flush()
    # The new result is durable, and the verdict on it is not.
    observation.add(store.added + 2, {"write": 2})
    observation.release(store.committed)
    store.truncate_verdicts("write", 1)
    store.add_verdict(verdict(1))
    store.flush()
    observation.release(store.committed)
    observation.end(OUTCOME)

    assert [(told.row, told.attempt) for told in notes.calls] == [("1", 1)]
    assert [(row.seq, row.verdict, row.columns) for row in notes.rows] == [(1, "accepted", {"n": 1})]


def test_a_row_that_has_failed_again_is_told_of_with_its_new_reason(store: RunStore) -> None:
    notes = NoteTaker()
    observation = observation_of(store, notes)
    store.add_result(refusal(1, "failed", attempt=1, reason="no again"))
    observation.add(store.added, {"write": 2})
    store.flush()
    observation.release(store.committed)
    observation.end(OUTCOME)

    assert [(row.id, row.reason) for row in notes.rows] == [("1", "no again")]


@pytest.mark.slow
def test_more_rows_and_calls_than_are_read_at_once_come_in_order(store: RunStore) -> None:
    notes = NoteTaker()
    observation = observation_of(store, notes)
    for row in range(2, 1000):
        store.add_call(call(row))
        store.add_result(result(row))
        store.add_verdict(verdict(row))
        observation.add(store.added, {"write": row + 1})
    store.flush()
    observation.release(store.committed)
    observation.end(OUTCOME)

    assert [told.row for told in notes.calls] == [*map(str, range(2, 1000))]
    assert [(row.seq, row.columns["n"]) for row in notes.rows] == [(row, row) for row in range(2, 1000)]


def test_a_store_that_cannot_be_read_ends_an_observer_and_not_the_run(
    store: RunStore, caplog: pytest.LogCaptureFixture
) -> None:
    notes = NoteTaker()
    observation = observation_of(store, notes)
    observation._changes.close()
    observation.release(store.committed)
    observation.end(OUTCOME)

    assert "the observer 'NoteTaker' of this process gets no more notifications of the run" in caplog.text


def test_answers_that_were_reused_come_in_order_and_without_those_that_were_replaced(store: RunStore) -> None:
    notes = NoteTaker()
    observation = observation_of(store, notes)
    for row in range(2, 700):
        store.add_call(call(row))
    store.flush()
    for number in (*range(700, 2, -1), 7, 9999):
        observation.reuse(number)
    observation.end(OUTCOME)

    assert [told.row for told in notes.reused] == [str(number - 1) for number in (*range(700, 2, -1), 7)]
    assert all(told.is_reused for told in notes.reused)
