"""What a step made of a row is replaced only once the verdicts that point to it are gone."""

from __future__ import annotations

import pytest
from tests.support.scripted_llm import scripted

from seedbed import Prices, Task, run
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.resume.journal import RunJournal
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.store import Result


class Ask(Task):
    template: str = "{{ n }}"


@pytest.fixture
def store():
    """The store of a run that has one row, and is about to go on."""
    task = Ask(llm=scripted())
    run(task, input=[{"n": 1}], name="ask")
    opened = open_session(make_plan(task, input=[{"n": 1}]), name="ask")
    yield opened._store
    opened.discard()


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [(b'[{"a":1}]', b'[{"a":2}]', True), (b'[{"a":1}]', b'[{"a":1}]', False), (b"[]", b'[{"a":1}]', False)],
)
def test_it_is_told_before_other_rows_take_the_place_of_those_that_are_there(store, before, after, is_told):
    journal, told = RunJournal(store, CallCounts(), Prices()), []

    def written():
        store.flush()
        return journal.result("ask", "row").data

    stored = Result("ask", "row", bytes(16), 0, "done", before, None)
    journal.keep_result(stored, None)
    journal.on_replacing = lambda: told.append(written())
    journal.keep_result(stored._replace(data=after, key=bytes(15) + b"1"), stored)
    assert told == [before] * is_told
    assert written() == after


@pytest.mark.parametrize(
    ("status", "again"), [("failed", True), ("partial", True), ("rejected", False), ("done", False)]
)
def test_rows_that_failed_even_in_part_are_asked_again_where_failures_are_retried(store, status, again):
    result = Result("ask", "row", bytes(16), 0, status, b"[]", None)
    assert RunJournal(store, CallCounts(), Prices(), retrying=True).is_retried(result) == again
    assert not RunJournal(store, CallCounts(), Prices()).is_retried(result)
