"""`arun` is `run` for coroutines: the same, and cancelling it loses nothing."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading

import pytest
from tests.support.scripted_llm import prompt, scripted

import seedbed
from seedbed import Format, GeneratorTask, Registry, Step, UsageError, arun, run
from seedbed.store import RunStore

ROWS = [{"n": n} for n in range(6)]


class Count(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index, rng):
        return {"n": index}


class Gate:
    """Answers when it is opened, and counts what it was asked; each from the loop of the test."""

    def __init__(self):
        self.asked = []
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._open = threading.Event()

    async def answer(self, request):
        self.asked.append(prompt(request))
        self._loop.call_soon_threadsafe(self._news.set)
        while not self._open.is_set():  # noqa: ASYNC110 - it is opened from another loop
            await asyncio.sleep(0.005)
        return "yes"

    async def until_asked(self, number):
        while len(self.asked) < number:
            self._news.clear()
            await self._news.wait()

    def open(self):
        self._open.set()


def test_it_has_the_parameters_of_run():
    assert inspect.signature(arun) == inspect.signature(run)
    assert inspect.iscoroutinefunction(arun)
    with pytest.raises(TypeError, match="colour"):
        asyncio.run(arun(Count(), 1, colour="red"))


def test_it_makes_what_run_makes_and_holds_up_nobody():
    async def cell():
        gate = Gate()
        going = asyncio.create_task(arun(Count(llm=scripted(gate.answer)), 3))
        await gate.until_asked(3)
        gate.open()
        return await going

    made = asyncio.run(cell())
    assert made.outcome == "complete"
    assert list(made.rows()) == list(run(Count(llm=scripted("yes")), 3).rows())


def test_it_raises_what_run_raises_and_warns_as_run_does(caplog):
    with pytest.raises(UsageError, match="n"):
        asyncio.run(arun(Count(llm=scripted())))

    class Fail(Step):
        def process(self, row):
            raise ValueError("no")

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(arun(Fail(), input=ROWS[:1])).outcome == "incomplete"
    assert "is incomplete" in caplog.text


def test_cancelling_it_lets_calls_finish_and_keeps_their_answers():
    """What is in flight is kept, nothing more is sent, and the same call goes on from there."""
    asked = []

    async def cell():
        gate = Gate()
        going = asyncio.create_task(arun(Count(llm=scripted(gate.answer)), 20, name="kept", concurrency=2))
        await gate.until_asked(2)
        going.cancel()
        # It waits for the answers that are on their way.
        done, _ = await asyncio.wait([going], timeout=0.1)
        assert not done
        gate.open()
        with pytest.raises(asyncio.CancelledError):
            await going
        asked.extend(gate.asked)

    asyncio.run(cell())
    assert sorted(asked) == ["0", "1"]
    llm = scripted("yes")
    again = run(Count(llm=llm), 20, name="kept")
    assert again.outcome == "complete"
    assert (again.calls.replayed + again.found.rows, len(llm.record.requests)) == (2, 18)


def test_cancelled_once_more_it_does_not_wait():
    async def cell():
        gate = Gate()
        going = asyncio.create_task(arun(Count(llm=scripted(gate.answer)), 20, name="twice", concurrency=2))
        await gate.until_asked(2)
        for _ in range(2):
            going.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(going, 60)

    asyncio.run(cell())
    assert run(Count(llm=scripted("yes")), 20, name="twice").outcome == "complete"


def test_a_time_limit_of_asyncio_ends_it():
    async def cell():
        gate = Gate()
        asyncio.get_running_loop().call_later(0.3, gate.open)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await arun(Count(llm=scripted(gate.answer)), 5, name="limited", concurrency=1)

    asyncio.run(cell())
    assert run(Count(llm=scripted("yes")), 5, name="limited").outcome == "complete"


def test_cancelled_while_a_model_loads_it_gives_the_run_back_at_once():
    class Slow(Count):
        def load(self):
            super().load()
            loading.set()
            loaded.wait(200)

    loading, loaded = threading.Event(), threading.Event()

    async def cell():
        going = asyncio.create_task(arun(Slow(llm=scripted()), 1, name="slow"))
        await asyncio.to_thread(loading.wait, 60)
        going.cancel()
        done, _ = await asyncio.wait([going], timeout=100)
        assert [one.cancelled() for one in done] == [True]
        # Nobody holds the run any more, although the model is still on its way.
        assert (await arun(Count(llm=scripted(), name="slow"), 1, name="slow")).accepted == 1

    try:
        asyncio.run(cell())
    finally:
        loaded.set()


def test_a_loop_that_ends_with_it_under_way_waits_for_its_calls():
    asked = []

    async def cell():
        gate = Gate()
        # Nobody awaits it: `asyncio.run` cancels it at the end.
        cell.going = asyncio.create_task(
            arun(Count(llm=scripted(gate.answer)), 20, name="left", concurrency=2)
        )
        await gate.until_asked(2)
        threading.Timer(0.05, gate.open).start()
        asked.extend(gate.asked)

    asyncio.run(cell())
    again = run(Count(llm=scripted("yes")), 20, name="left")
    assert (sorted(asked), again.calls.replayed + again.found.rows) == (["0", "1"], 2)


@pytest.mark.parametrize("times", [1, 3])
def test_cancelled_while_it_is_opened_it_leaves_no_lock(times):
    opened, goes_on = threading.Event(), threading.Event()

    def rows():
        opened.set()
        goes_on.wait(60)
        yield {"n": 1}

    class Same(Step):
        def process(self, row):
            return row

    async def cell():
        # The first row is looked at when the run is opened.
        going = asyncio.create_task(arun(Same(), input=rows(), name="early"))
        await asyncio.to_thread(opened.wait, 60)
        for _ in range(times):
            going.cancel()
            await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.05, goes_on.set)
        with pytest.raises(asyncio.CancelledError):
            await going
        assert (await arun(Same(), input=[{"n": 1}], name="early")).accepted == 1

    asyncio.run(cell())


@pytest.mark.slow
def test_several_go_on_side_by_side():
    async def cell():
        return await asyncio.gather(*(arun(Count(llm=scripted("yes")), 2) for _ in range(12)))

    assert [made.accepted for made in asyncio.run(cell())] == [2] * 12


def test_it_is_a_name_of_the_package():
    assert seedbed.arun is arun


class Held(Format):
    """Writes lines when it's let."""

    begun, goes_on = threading.Event(), threading.Event()

    def write(self, rows, path, types=None):
        self.begun.set()
        assert self.goes_on.wait(60)
        path.write_bytes(b"".join(row + b"\n" for row in rows))


def test_a_run_that_is_cancelled_while_its_dataset_is_written_is_free_afterwards(tmp_path):
    registry = Registry([])
    registry.add(Held, "held")
    kept = {"name": "closing", "out": tmp_path / "rows.held", "registry": registry}
    Held.goes_on.set()
    made = run(Count(llm=scripted("yes")), 5, **kept)
    before = (tmp_path / "rows.held").read_bytes()
    (tmp_path / "rows.held").unlink()
    Held.begun.clear()
    Held.goes_on.clear()

    async def cell():
        # It has finished: nothing is left but to write its dataset.
        running = asyncio.create_task(arun(Count(llm=scripted("yes")), 5, **kept))
        assert await asyncio.to_thread(Held.begun.wait, 60)
        running.cancel()
        asyncio.get_running_loop().call_later(0.05, Held.goes_on.set)
        with pytest.raises(asyncio.CancelledError):
            await running
        RunStore.open(made.folder).close()

    asyncio.run(cell())
    assert (tmp_path / "rows.held").read_bytes() == before
