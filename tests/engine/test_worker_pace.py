"""Rows that only take a processor go to the workers that are done with theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from tests.support.crews import Here, HereLink

from seedbed import Step, WorkerLink, run
from seedbed.engine.workers.message_bytes import decoded
from seedbed.engine.workers.run_messages import Items
from seedbed.engine.workers.worker_pace import AHEAD_SECONDS, WorkerPace

ROWS = 40


class Counted(Step):
    """Counts the rows of all workers of this process."""

    keeps: ClassVar[bool] = True
    made: ClassVar[list[int]] = []

    def process(self, row: dict[str, Any]) -> dict[str, Any]:
        self.made.append(row["n"])
        if len(self.made) == ROWS - 2:
            Here.links[0].release()
        return row


class StuckLink(HereLink):
    """Brings no rows to its worker until it's released."""

    patience = 60.0
    is_stuck = True

    async def send(self, message: bytes) -> None:
        if isinstance(decoded(message), Items) and self.is_stuck:
            self.is_stuck = False
            self._is_clear.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_clear.wait(), self.patience)
            self._is_clear.set()
        await super().send(message)


class OneStuck(Here):
    async def start_workers(self) -> Sequence[WorkerLink]:
        Here.links[:] = [StuckLink(), HereLink()]
        return Here.links


def rows_of(link: HereLink) -> int:
    messages = map(decoded, link.sent)
    return sum(len(one.parcels) for one in messages if isinstance(one, Items))


def test_a_worker_that_makes_no_progress_holds_two_rows_and_the_others_make_the_rest() -> None:
    Counted.made.clear()
    made = run(Counted(), input=[{"n": n} for n in range(ROWS)], engine=OneStuck)

    assert [row["n"] for row in made.rows()] == list(range(ROWS))
    assert [rows_of(link) for link in Here.links] == [2, ROWS - 2]


@pytest.mark.parametrize("seconds", [0.0002, 0.02, 3.0])
def test_a_worker_has_a_quarter_of_a_second_of_work_in_hand_whatever_a_row_takes(seconds: float) -> None:
    pace, now = WorkerPace(), 0.0
    pace.begin(now)
    for _ in range(200):
        # News every 10 ms at most.
        settled = min(max(1, round(0.01 / seconds)), pace.room)
        now += settled * seconds
        pace.note(settled, pace.room - settled, now)

    assert pace.room == pytest.approx(max(2, AHEAD_SECONDS / seconds), rel=0.1)


def test_a_worker_that_has_run_dry_gets_twice_as_many_rows() -> None:
    pace = WorkerPace()
    for number in range(6):
        pace.begin(float(2 * number))
        # A second on the way, whatever they take: a quarter of a second's rows would be ever fewer.
        pace.note(pace.room, 0, float(2 * number + 1))
    assert pace.room == 2**7


def test_two_news_at_once_after_a_long_time_without_any_count_as_one() -> None:
    once, twice = WorkerPace(), WorkerPace()
    for pace in (once, twice):
        pace.begin(0.0)
    once.note(50, 10, 1.0)
    twice.note(25, 35, 1.0)
    twice.note(25, 10, 1.0)
    assert twice.room == once.room == 13
