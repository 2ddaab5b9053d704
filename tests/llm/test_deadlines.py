"""Deadlines behave like `asyncio.timeout`, with one timer for all of them."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.virtual_clock import VirtualClockLoop, run_virtually

from seedbed.llm.calling.deadlines import Deadlines

SOON = 0.02
NEVER = 1000.0


async def for_ever() -> None:
    await asyncio.Event().wait()


async def within(deadlines: Deadlines) -> str:
    try:
        with deadlines.within():
            await for_ever()
    except TimeoutError:
        return "time-out"
    return "done"


def test_what_takes_too_long_is_a_time_out_and_its_task_goes_on() -> None:
    async def main() -> tuple[str, int]:
        said = await within(Deadlines(SOON))
        task = asyncio.current_task()
        assert task is not None
        return said, task.cancelling()

    assert run_virtually(main()) == ("time-out", 0)


def test_what_is_in_time_is_not_touched_and_leaves_nothing_behind() -> None:
    async def main() -> int:
        deadlines = Deadlines(NEVER)
        with deadlines.within():
            await asyncio.sleep(0)
        return len(deadlines._running)

    assert asyncio.run(main()) == 0


def test_each_of_many_is_cut_off_though_there_is_one_timer() -> None:
    async def main() -> list[str]:
        deadlines = Deadlines(SOON)
        first = [asyncio.create_task(within(deadlines)) for _ in range(3)]
        await first[0]
        return [await task for task in [*first, *(asyncio.create_task(within(deadlines)) for _ in range(3))]]

    assert run_virtually(main()) == ["time-out"] * 6


def test_a_timer_that_outlives_its_call_cuts_off_the_next_one_at_its_own_time() -> None:
    async def main() -> tuple[str, float]:
        deadlines = Deadlines(10.0)
        with deadlines.within():
            await asyncio.sleep(4)
        return await within(deadlines), asyncio.get_running_loop().time()

    assert run_virtually(main()) == ("time-out", 14.0)


def test_no_timer_is_left_once_they_are_closed() -> None:
    async def main() -> list[int]:
        deadlines, timers = Deadlines(NEVER), []
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualClockLoop)
        with deadlines.within():
            timers.append(loop.timers())
        deadlines.close()
        return [*timers, loop.timers()]

    assert run_virtually(main()) == [1, 0]


def test_who_is_cancelled_from_outside_is_cancelled() -> None:
    async def main() -> None:
        task = asyncio.create_task(within(Deadlines(NEVER)))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


def test_who_is_cancelled_as_the_time_runs_out_is_cancelled() -> None:
    async def main() -> None:
        task = asyncio.create_task(within(Deadlines(0.0)))
        # The timer and this come in one turn of the loop.
        asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + 1e-9, task.cancel)
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


def test_an_inner_deadline_does_not_end_the_outer_one() -> None:
    async def main() -> list[str]:
        said = []
        try:
            with Deadlines(5 * SOON).within():
                said.append(await within(Deadlines(SOON)))
                await for_ever()
        except TimeoutError:
            said.append("outer")
        return said

    assert run_virtually(main()) == ["time-out", "outer"]
