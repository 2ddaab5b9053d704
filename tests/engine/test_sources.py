"""Where rows come from: what a thread makes ahead, where its calls belong, and that it ends."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque

import pytest

from seedbed import GeneratorStep, GeneratorTask
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.sources.content_ids import ContentIds
from seedbed.engine.sources.sources import IndexedSource, Item, numbered
from seedbed.engine.sources.threaded import ThreadedSource
from seedbed.llm.calling.scope import CallScope, current_scope
from seedbed.llm.files_read import current_files

ROW = b'"' + b"x" * 98 + b'"'


def item(number):
    return Item(str(number), InFlight(str(number), ROW))


async def taken(source, note=lambda: None):
    """Take all items, and return their ids."""
    news, ids = asyncio.Event(), []
    source.on_news = news.set
    while not source.ended:
        found = source.take()
        if found is not None:
            ids.append(found.id)
            note()
        elif not source.ended:
            await news.wait()
            news.clear()
    return ids


def test_equal_rows_have_ids_of_their_own_in_the_order_in_which_they_come():
    ids = ContentIds()
    made = [ids.of(row) for row in (b"a", b"b", b"a", b"a", b"b", b"a")]
    digests = [one.rpartition(".")[0] for one in made]
    assert [one.rpartition(".")[2] for one in made] == ["0", "0", "1", "2", "1", "3"]
    assert digests == [digests[0], digests[1], digests[0], digests[0], digests[1], digests[0]]


def test_no_more_bytes_are_made_ahead_than_may_be():
    held, most = [0], []

    def items():
        for number in range(200):
            held[0] += 1
            most.append(held[0])
            yield item(number)

    def note():
        held[0] -= 1

    async def run():
        return await taken(ThreadedSource(items, most_bytes=250), note)

    assert asyncio.run(run()) == [str(number) for number in range(200)]
    # Three are more than the bound, and one may have been taken that is not noted yet.
    assert max(most) <= 4


def test_the_thread_ends_where_nobody_takes_what_it_makes():
    threads = []

    def items():
        threads.append(threading.current_thread())
        for number in range(1000):
            yield item(number)

    async def run():
        source, news = ThreadedSource(items, ahead=2), asyncio.Event()
        source.on_news = news.set
        await news.wait()
        source.close()

    asyncio.run(run())
    threads[0].join(30)
    assert not threads[0].is_alive()


def test_the_thread_ends_where_what_it_made_is_too_much_to_go_on():
    threads, made = [], threading.Event()

    def items():
        threads.append(threading.current_thread())
        yield item(0)
        made.set()
        yield item(1)
        yield item(2)

    async def run():
        source = ThreadedSource(items, most_bytes=150)
        await asyncio.to_thread(made.wait, 20)
        source.close()

    asyncio.run(run())
    threads[0].join(30)
    assert not threads[0].is_alive()


@pytest.mark.parametrize("closes", [False, True])
def test_a_generator_that_says_it_was_cancelled_is_at_fault_unless_it_was(closes):
    begun, closed = threading.Event(), threading.Event()

    def items():
        begun.set()
        closed.wait(20)
        raise asyncio.CancelledError
        yield

    async def run():
        source = ThreadedSource(items)
        await asyncio.to_thread(begun.wait, 20)
        if closes:
            source.close()
        closed.set()
        await taken(source)
        return source.error

    error = asyncio.run(run())
    assert (str(error) if error else None) == (None if closes else "the step raised CancelledError")


def test_asking_again_for_an_item_that_is_being_made_asks_for_no_other():
    asked, second, ids = threading.Event(), threading.Event(), []

    def items():
        asked.wait(20)
        yield item(0)
        second.set()
        yield item(1)

    async def run():
        source, news = ThreadedSource(items, ahead=0), asyncio.Event()
        source.on_news = news.set
        assert [source.take() for _ in range(3)] == [None] * 3
        asked.set()
        await news.wait()
        ids.append(source.take().id)
        # Nothing says that it is not made, but that it has not been for a while.
        assert not await asyncio.to_thread(second.wait, 0.1)
        source.close()

    asyncio.run(run())
    assert ids == ["0"]


def test_calls_of_a_generator_belong_to_no_row():
    scopes = []

    def items():
        scopes.append(current_scope.get())
        yield item(0)

    async def run():
        current_scope.set(CallScope(0, "step", "row"))
        return await taken(ThreadedSource(items))

    assert asyncio.run(run()) == ["0"]
    assert scopes == [None]


def test_one_item_at_a_time_is_made_when_it_is_asked_for():
    made = []

    def items():
        for number in range(3):
            made.append(number)
            yield item(number)

    async def run():
        source = ThreadedSource(items, ahead=0)
        assert made == []
        return await taken(source)

    assert asyncio.run(run()) == ["0", "1", "2"]


class Lists(GeneratorStep):
    def process(self, offset=0):
        yield [{"n": 1}, {"n": 2}]
        yield []
        yield [{"n": 3}]


def test_the_first_row_of_a_list_says_how_many_came_with_it():
    step, begun = Lists(), []

    items = list(numbered(step.process(), step, 5, begun.append))

    assert [(one.id, one.begins) for one in items] == [("5", 2), ("6", 0), ("7", 1)]
    # A list without rows begins nothing.
    assert begun == [5, 7, 8]


class Some(GeneratorTask):
    template: str = "{{ n }}"

    def variables(self, index, seed, accepted=()):
        if index == 1:
            raise ValueError("not this one")
        return {"n": index}


def test_what_reads_files_next_is_not_taken_for_the_task_that_made_the_variables():
    def ask():
        current_files.set(whoever_asks)
        source = IndexedSource(Some(), 0, None, None)
        given = [source.take() for _ in range(3)]
        assert [one.failure is None for one in given] == [True, False, True]
        return current_files.get()

    whoever_asks = object()
    assert contextvars.copy_context().run(ask) is whoever_asks


def test_an_item_that_comes_last_while_it_is_looked_for_is_not_lost():
    looked_for, threads = threading.Event(), []

    def items():
        threads.append(threading.current_thread())
        looked_for.wait(20)
        yield item(0)

    class Unlucky(deque):
        """Has its last item right after it was said to have none."""

        def __bool__(self):
            if looked_for.is_set():
                return len(self) > 0
            looked_for.set()
            threads[0].join(20)
            return False

    async def run():
        source = ThreadedSource(items)
        source._items = Unlucky()
        return await taken(source)

    assert asyncio.run(run()) == ["0"]


def test_a_generator_that_ends_the_process_ends_its_source():
    def items():
        yield item(0)
        raise SystemExit(3)

    async def run():
        source = ThreadedSource(items)
        ids = await asyncio.wait_for(taken(source), 20)
        return ids, source.error

    ids, error = asyncio.run(run())
    assert ids == ["0"]
    assert isinstance(error, SystemExit)
