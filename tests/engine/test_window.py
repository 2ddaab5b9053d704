"""The sliding window: what is started when, what an error does to the rest, and what is left."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from tests.support.virtual_clock import run_virtually

from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.item_window import AT_A_TIME, ItemWindow
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.sources.sources import Item, Source
from seedbed.engine.verdicts.decider import Decider


class Numbers(Source):
    """So many items, each a row of a few bytes."""

    def __init__(self, number):
        self.left = [Item(str(index), InFlight(str(index), b"{}")) for index in range(number)]
        self.is_closed = False

    def take(self):
        self.ended = not self.left
        return self.left.pop(0) if self.left else None

    def close(self):
        self.is_closed = True


class Work:
    """Notes what was started and how it ended; an item settles when its event is set."""

    def __init__(self, number):
        self.started, self.cancelled = [], []
        self.events = [asyncio.Event() for _ in range(number)]
        self.errors = {}

    async def settle(self, item, position):
        self.started.append(position)
        try:
            await self.events[position].wait()
        except asyncio.CancelledError:
            self.cancelled.append(position)
            raise
        if position in self.errors:
            raise self.errors[position]
        return ItemOutcome(position, item.id)


def windowed(number, **options):
    work, source = Work(number), Numbers(number)
    fold = Decider("step", frozenset(), wanted=None, attempts=None, generator=None)
    return work, source, ItemWindow(source, work.settle, fold, **options)


async def positions(window):
    async with aclosing(window.decided()) as decided:
        return [settled.position async for settled in decided]


async def turns():
    for _ in range(20):
        await asyncio.sleep(0)


async def ended(task):
    task.cancel()
    await asyncio.wait([task])


def test_as_many_are_in_flight_as_may_be_looked_ahead():
    async def run():
        work, _, window = windowed(10, lookahead=3)
        task = asyncio.create_task(positions(window))
        await turns()
        assert work.started == [0, 1, 2]
        # The first may not be decided before it is done, and its place is not free before that.
        work.events[1].set()
        await turns()
        assert work.started == [0, 1, 2]
        work.events[0].set()
        await turns()
        assert work.started == [0, 1, 2, 3, 4]
        await ended(task)

    run_virtually(run())


def test_all_are_started_though_only_some_at_a_time():
    async def run():
        work, _, window = windowed(3 * AT_A_TIME)
        task = asyncio.create_task(positions(window))
        await turns()
        assert len(work.started) == 3 * AT_A_TIME
        await ended(task)

    run_virtually(run())


def test_one_at_a_time_is_started_where_each_is_larger_than_the_bound():
    async def run():
        work, _, window = windowed(3, most_bytes=0)
        task = asyncio.create_task(positions(window))
        for number in range(3):
            await turns()
            assert work.started == list(range(number + 1))
            work.events[number].set()
        assert await task == [0, 1, 2]

    run_virtually(run())


@pytest.mark.parametrize("finishes", [True, False])
def test_an_error_stops_new_items_at_once_and_is_raised_after_the_verdicts_before_it(finishes):
    async def run():
        work, source, window = windowed(10, is_clogged=lambda: is_clogged and len(source.left) == 7)
        is_clogged = True
        work.errors[1] = OSError("no key")
        told = []
        window.on_failure = lambda: told.append(list(work.started))
        seen = []
        note = seen.append

        async def decide():
            async with aclosing(window.decided()) as decided:
                async for settled in decided:
                    note(settled.position)

        task = asyncio.create_task(decide())
        await turns()
        work.events[1].set()
        await turns()
        is_clogged = False
        window.wake()
        await turns()
        assert (told, seen, work.started, task.done()) == ([[0, 1, 2]], [], [0, 1, 2], False)
        work.events[0].set()
        await turns()
        # What is in flight is paid for, and may finish until the engine cuts it off.
        assert (seen, work.cancelled, task.done()) == ([0], [], False)
        work.events[2].set() if finishes else window.cancel()
        with pytest.raises(OSError, match="no key"):
            await task
        assert seen == [0]
        assert (work.cancelled, source.is_closed) == ([] if finishes else [2], True)

    run_virtually(run())


def test_what_is_in_flight_is_cancelled_and_at_its_end_when_nobody_looks_any_more():
    async def run():
        work, source, window = windowed(5)
        work.events[0].set()
        async with aclosing(window.decided()) as decided:
            assert (await anext(decided)).position == 0
            await turns()
        assert work.cancelled == [1, 2, 3, 4]
        assert source.is_closed
        assert window.running == 0

    run_virtually(run())
