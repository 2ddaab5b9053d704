"""`stream` gives the rows of a run while it makes them, and stops it when the loop is left."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.scripted_llm import prompt, scripted

from seedbed import (
    AuthenticationError,
    GeneratorTask,
    LoopThreadError,
    Step,
    StopRun,
    UsageError,
    arun,
    plan,
    run,
    stream,
)
from seedbed.engine.handover import Handover


class Count(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index, rng):
        return {"n": index}


def numbers(rows):
    return [row["n"] for row in rows]


def test_it_has_the_parameters_of_run():
    assert inspect.signature(stream).parameters == inspect.signature(run).parameters
    with pytest.raises(TypeError, match=r"stream\(\) got an unexpected keyword argument 'colour'"):
        stream(Count(), 1, colour="red")


def test_a_row_comes_while_others_are_being_made():
    has_first = threading.Event()

    async def answer(request):
        if prompt(request) != "0":
            await asyncio.to_thread(has_first.wait, 60)
        return "yes"

    rows = []
    for row in stream(Count(llm=scripted(answer)), 4):
        rows.append(row)
        has_first.set()
    assert numbers(rows) == [0, 1, 2, 3]


def test_rows_are_those_of_run_and_the_run_has_its_counts(tmp_path):
    made = stream(Count(llm=scripted("yes")), 5, out=str(tmp_path / "rows.jsonl"))
    assert [*made] == [*run(Count(llm=scripted("yes")), 5).rows()]
    assert made.run.outcome == "complete"
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 5


class Double(Step):
    def process(self, row):
        return {"n": 2 * row["n"]}


def test_a_pipeline_streams_too():
    assert numbers((Count(llm=scripted("yes")) >> Double()).stream(3)) == [0, 2, 4]


class Held:
    """Answers rows from the tenth on when it's opened, so that no run is over before its loop is left."""

    def __init__(self):
        self.open = threading.Event()
        self.llm = scripted(self._answer)

    async def _answer(self, request):
        if int(prompt(request)) >= 10:
            await asyncio.to_thread(self.open.wait, 60)
        return "yes"

    @property
    def asked(self):
        return len(self.llm.record.requests)


def test_a_loop_that_is_left_leaves_a_run_that_goes_on():
    held = Held()
    llm = held.llm
    rows = stream(Count(llm=llm), 40, name="left", concurrency=2)
    for row in rows:
        if row["n"] == 3:
            held.open.set()
            break
    assert rows.run.outcome == "interrupted"
    asked = held.asked
    # So it is if the loop is left by an error.
    with pytest.raises(ZeroDivisionError):
        divide_by_zero(stream(Count(llm=llm), 40, name="left", concurrency=2))
    rows = stream(Count(llm=llm), 40, name="left", concurrency=2)
    assert numbers(rows) == [*range(40)]
    assert rows.run.outcome == "complete"
    assert 4 <= asked < 40
    assert sorted(int(prompt(request)) for request in llm.record.requests) == [*range(40)]


def divide_by_zero(rows):
    for row in rows:
        row["n"] / 0


def test_a_run_that_had_finished_gives_its_rows_again():
    made = numbers(stream(Count(llm=scripted("yes")), 5, name="over"))
    again = stream(Count(llm=scripted()), 5, name="over")
    assert numbers(again) == made
    assert again.run.found.finished


def until(holds):
    while not holds():
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_loop_that_is_left_leaves_no_thread_and_no_file_open():
    def leave():
        held = Held()
        for _ in stream(Count(llm=held.llm), 50, concurrency=2):
            held.open.set()
            break

    def open_now():
        # The loop keeps the threads of its pool for the next blocking call.
        own = [
            thread for thread in threading.enumerate() if not thread.name.startswith(("uvloop", "asyncio"))
        ]
        return len(own), len([*Path("/proc/self/fd").iterdir()])

    leave()
    gc.disable()
    try:
        before = open_now()
        for _ in range(3):
            leave()
        # The last one may still be going, on the loop's thread.
        until(lambda: open_now() <= before)
    finally:
        gc.enable()


@pytest.mark.slow
def test_a_slow_reader_holds_back_the_run():
    llm = scripted("yes")
    for _ in stream(Count(llm=llm), 50_000, concurrency=4):
        asked = -1
        while asked < len(llm.record.requests):
            asked = len(llm.record.requests)
            time.sleep(0.3)  # until it's at rest, or has made all rows
        break
    assert asked < 50_000


def test_an_error_that_every_row_meets_is_raised_after_the_rows_before_it():
    def answer(request):
        if prompt(request) == "3":
            raise AuthenticationError("the key is wrong")
        return "yes"

    rows = []
    with pytest.raises(AuthenticationError, match="the key is wrong"):
        rows.extend(stream(Count(llm=scripted(answer)), 9, concurrency=1))
    assert numbers(rows) == [0, 1, 2]
    with pytest.raises(UsageError, match="n"):
        list(stream(Count(llm=scripted())))


def test_a_cap_is_raised_after_the_rows_before_it():
    rows = []
    with pytest.raises(StopRun, match="3 rows have failed"):
        rows.extend(stream(Count(llm=scripted(fails_from_2)), 9, concurrency=1, max_failures=2))
    assert numbers(rows) == [0, 1]


def fails_from_2(request):
    if int(prompt(request)) >= 2:
        raise ValueError("no")
    return "yes"


def test_rows_that_failed_are_logged_and_counted(caplog):
    with caplog.at_level(logging.WARNING):
        rows = stream(Count(llm=scripted(fails_from_2)), 4)
        assert numbers(rows) == [0, 1]
    assert rows.run.failed == 2
    assert "is incomplete" in caplog.text


def test_it_gives_its_rows_once():
    rows = stream(Count(llm=scripted("yes")), 2)
    with pytest.raises(UsageError, match="hasn't begun"):
        assert rows.run
    assert len([*rows]) == 2
    with pytest.raises(UsageError, match="once"):
        iter(rows)
    with pytest.raises(UsageError, match="once"):
        aiter(rows)


def test_it_is_the_input_of_another_run_while_it_goes_on():
    has_first = threading.Event()

    async def answer(request):
        if prompt(request) != "0":
            await asyncio.to_thread(has_first.wait, 60)
        return "yes"

    given = stream(Count(llm=scripted(answer)), 4)
    doubled = []
    for row in stream(Double(), input=given):
        doubled.append(row)
        has_first.set()
    assert numbers(doubled) == [0, 2, 4, 6]
    assert given.run.outcome == "complete"


def test_a_coroutine_gives_it_as_input_too():
    async def doubled():
        return await arun(Double(), input=stream(Count(llm=scripted("yes")), 3))

    assert numbers(asyncio.run(doubled()).rows()) == [0, 2, 4]


def test_what_stops_it_stops_the_run_whose_input_it_is():
    def answer(request):
        return "yes" if prompt(request) in "012" else AuthenticationError("wrong key")

    made = run(Double(), input=stream(Count(llm=scripted(answer)), 9, concurrency=1))
    assert (made.outcome, numbers(made.rows())) == ("stopped", [0, 2, 4])
    assert isinstance(made.stopped_by, AuthenticationError)


def test_a_plan_does_not_begin_it():
    given = stream(Count(llm=(llm := scripted("yes"))), 3)
    with pytest.raises(UsageError, match="the input can be read only once"):
        plan(Double(), input=given)
    assert llm.requests == []
    assert numbers(given) == [0, 1, 2]


def test_another_thread_may_close_it():
    waits = threading.Event()

    async def answer(request):
        if prompt(request) == "2":
            waits.set()
        return "yes"

    with ThreadPoolExecutor(1) as pool, stream(Count(llm=scripted(answer)), 5_000, concurrency=1) as rows:
        closing = pool.submit(lambda: waits.wait(60) and rows.close())
        taken = numbers(rows)
        closing.result()
    assert taken == [*range(len(taken))]
    assert 2 <= len(taken) < 5_000
    assert rows.run.outcome == "interrupted"


def test_coroutines_iterate_without_blocking_their_loop():
    async def cell():
        turns = 0

        async def turn():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        turning = asyncio.create_task(turn())
        rows = [row async for row in stream(Count(llm=scripted("yes")), 5)]
        turning.cancel()
        return rows, turns

    rows, turns = asyncio.run(cell())
    assert numbers(rows) == [*range(5)]
    assert turns > 5


def test_a_loop_that_would_block_is_refused():
    async def cell():
        for _ in stream(Count(llm=scripted("yes")), 5):
            pass

    with pytest.raises(LoopThreadError, match="async for row"):
        asyncio.run(cell())


def test_a_coroutine_that_leaves_its_loop_stops_the_run():
    held = Held()
    llm = held.llm

    async def cell():
        async with stream(Count(llm=llm), 40, name="left", concurrency=2) as rows:
            async for row in rows:
                if row["n"] == 3:
                    held.open.set()
                    break
        assert rows.run.outcome == "interrupted"
        # Without the block, the event loop stops it.
        async for _ in stream(Count(llm=llm), 40, name="left", concurrency=2):
            break

    asyncio.run(cell())
    assert numbers(stream(Count(llm=llm), 40, name="left")) == [*range(40)]
    assert len(llm.record.requests) == 40


def test_a_timeout_stops_the_run():
    started, taken = [], []

    async def answer(request):
        started.append(prompt(request))
        await asyncio.sleep(0 if prompt(request) == "0" else 0.05)
        return "yes"

    async def cell():
        async with asyncio.timeout(None) as limit:
            async for row in stream(Count(llm=scripted(answer)), 5_000, name="timed", concurrency=2):
                taken.append(row["n"])
                limit.reschedule(asyncio.get_running_loop().time())

    with pytest.raises(TimeoutError):
        asyncio.run(cell())
    assert taken == [*range(len(taken))]
    assert taken
    assert run(Count(llm=scripted("yes")), len(started), name="timed").calls.answered == 0


def test_a_handover_wakes_the_run_when_its_reader_has_caught_up():
    handover, woken = Handover(4, 100), []
    handover.on_room = lambda: woken.append(True)
    for _ in range(3):
        handover.put(b"{}")
    assert not handover.is_full()
    handover.put(b"{}")
    assert handover.is_full()
    handover.end()
    rows = handover.rows()
    next(rows)
    assert not woken
    assert [next(rows), *rows] == [b"{}"] * 3
    assert woken == [True]
    handover.put(bytes(100))
    assert handover.is_full()
