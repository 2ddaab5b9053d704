"""Rows pass a step one after the other, whoever comes first, is cancelled or gives up twice."""

from __future__ import annotations

import asyncio

from tests.support.virtual_clock import run_virtually

from seedbed.engine.segments.turns import Turns


class Passing:
    """Rows that pass: each notes its position when it has its turn."""

    def __init__(self):
        self.turns = Turns()
        self.passed = []

    def start(self, position):
        return asyncio.create_task(self._pass(position))

    async def _pass(self, position):
        await self.turns.wait_for(position)
        self.passed.append(position)
        self.turns.give_up(position)


async def a_while():
    for _ in range(10):
        await asyncio.sleep(0)


def test_rows_pass_in_order_whichever_comes_first():
    async def run():
        rows = Passing()
        for position in (3, 1, 2):
            rows.start(position)
        await a_while()
        assert rows.passed == []
        rows.start(0)
        await a_while()
        assert rows.passed == [0, 1, 2, 3]

    run_virtually(run())


def test_rows_that_have_given_up_already_are_passed_over_at_once():
    async def run():
        rows = Passing()
        last = rows.start(3)
        await a_while()
        rows.turns.give_up(1)
        rows.turns.give_up(2)
        rows.turns.give_up(2)
        await a_while()
        assert rows.passed == []
        rows.turns.give_up(0)
        await last
        # Once it has passed, nothing happens the second time.
        rows.turns.give_up(0)
        await rows.start(4)
        assert rows.passed == [3, 4]

    run_virtually(run())


def test_a_row_that_is_cancelled_as_it_waits_holds_up_nobody():
    async def run():
        rows = Passing()
        cancelled, last = rows.start(1), rows.start(2)
        await a_while()
        cancelled.cancel()
        await asyncio.wait([cancelled])
        rows.turns.give_up(1)
        rows.turns.give_up(0)
        await last
        assert rows.passed == [2]

    run_virtually(run())


def test_nothing_is_kept_of_rows_that_have_passed():
    async def run():
        rows = Passing()
        await asyncio.gather(*(rows.start(position) for position in (2, 1, 0)))
        assert (rows.turns._waiting, rows.turns._done) == ({}, set())

    run_virtually(run())
