"""How long a run that goes on looks at what it has, before it sends its first call."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.scripted_llm import scripted
from tests.support.virtual_clock import run_virtually

from seedbed import Prices, Task, run
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.resume.gate import ResumeGate
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.item_window import ItemWindow
from seedbed.engine.sources.sources import Source
from seedbed.engine.verdicts.decider import Decider
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.llm.calling.scope import CallScope


class Ask(Task):
    template: str = "{{ n }}"


class Later(Source):
    """Has no row yet."""

    def take(self):
        return None


@pytest.fixture
def session():
    """A run that has one row, and is about to go on."""
    task = Ask(llm=scripted())
    run(task, input=[{"n": 1}], name="ask")
    opened = open_session(make_plan(task, input=[{"n": 1}, {"n": 2}]), name="ask")
    yield opened
    opened.discard()


class Looking:
    """A gate that was closed, over a window in which rows may still begin."""

    def __init__(self, session):
        self.run = session.run
        self.journal = RunJournal(session._store, CallCounts(), Prices())
        self._gate = ResumeGate(self.journal, session.run)
        self._gate.close()
        fold = Decider("ask", frozenset(), wanted=None, attempts=None, generator=None)
        self._window = ItemWindow(Later(), None, fold)
        self._gate.watch(self._window, "ask")

    def call(self, number):
        """Begin a call, and return the task that waits at the gate."""
        scope = CallScope(0, "ask", str(number), rank=number)
        return asyncio.create_task(self.journal.clear_to_send(scope))


def test_calls_wait_for_seconds_at_most_though_there_is_always_news(session):
    async def look():
        looking, calls = Looking(session), []
        while not calls or not calls[0].done():
            calls.append(looking.call(len(calls)))
            await asyncio.sleep(0.1)
        return asyncio.get_running_loop().time()

    assert 10 <= run_virtually(look()) < 11


def test_calls_wait_as_long_as_there_is_news_and_a_little_longer(session):
    async def look():
        looking = Looking(session)
        first = looking.call(0)
        for number in range(1, 6):
            await asyncio.sleep(0.15)
            looking.call(number)
        await first
        return asyncio.get_running_loop().time(), looking.run.found.calls

    at, calls = run_virtually(look())
    assert 0.75 < at < 1.25
    assert calls == 6


def test_nothing_is_said_of_what_was_found_before_a_call_waits(session):
    async def look():
        looking = Looking(session)
        await asyncio.sleep(5)
        assert looking.run.found is None
        await looking.call(0)
        return looking.run.found.calls

    assert run_virtually(look()) == 1
