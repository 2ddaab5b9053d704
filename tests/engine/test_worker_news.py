"""When a worker tells what it has: at once if something waits for it, else with what follows."""

from __future__ import annotations

import asyncio
import math
from typing import Any, ClassVar

import pytest
from tests.support.crews import Here, HereLink

from seedbed import Step, run
from seedbed.engine.segments import step_runners
from seedbed.engine.workers import unsent_news, worker_pace
from seedbed.engine.workers.message_bytes import decoded
from seedbed.engine.workers.unsent_news import UnsentNews
from seedbed.engine.workers.worker_messages import Addition, Mark, News, Reserve
from seedbed.engine.workers.worker_store import WorkerStore
from seedbed.llm.budget.budget import Reservation
from seedbed.store import Call, Result

ROWS = 60
CALL = Call("words", "7", 0, b"digest", 0, "openai/m", 1, 1, 0, 0, None, b"{}")
RESULT = Result("words", "7", b"key", 0, "done", b"[]")


@pytest.fixture(autouse=True)
def endless_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """News that may wait come only with others, so a run that relied on the clock would never end."""
    monkeypatch.setattr(unsent_news, "PATIENCE", math.inf)


@pytest.mark.parametrize("urgent", [CALL, Reserve(1, Reservation(), 0)], ids=lambda one: type(one).__name__)
def test_what_is_made_waits_for_more_and_comes_with_what_is_bought(urgent: Addition) -> None:
    async def told() -> News:
        unsent = UnsentNews()
        store = WorkerStore(unsent)
        store.add(RESULT)
        store.add(Mark("name", "value"))
        news = asyncio.ensure_future(unsent.gathered())
        await asyncio.wait([news], timeout=3 * unsent_news.GATHERING)
        assert not news.done()
        store.add(urgent)
        return await news

    assert asyncio.run(told()).additions == [RESULT, Mark("name", "value"), urgent]


class Plain(Step):
    keeps: ClassVar[bool] = True

    def process(self, row: dict[str, Any]) -> dict[str, Any]:
        return row


class CountedLink(HereLink):
    """Keeps how many rows each message of news had."""

    def __init__(self) -> None:
        super().__init__()
        self.settled: list[int] = []

    async def news(self) -> bytes:
        news = await super().news()
        self.settled.append(len(decoded(news).settled))
        return news


class Counting(Here):
    counted: ClassVar[list[CountedLink]] = []

    async def start_workers(self) -> list[CountedLink]:
        Counting.counted[:] = [CountedLink(), CountedLink()]
        return Counting.counted


def test_a_worker_tells_several_rows_at_once_and_does_not_run_dry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsent_news, "GATHERING", 0.0)
    # Each row comes back by itself, and a worker has many in hand.
    monkeypatch.setattr(step_runners, "_HOP_SECONDS", -1.0)
    monkeypatch.setattr(worker_pace, "AHEAD_SECONDS", 60.0)
    made = run(Plain(), input=[{"n": n} for n in range(ROWS)], engine=Counting)

    assert [row["n"] for row in made.rows()] == list(range(ROWS))
    told = [rows for link in Counting.counted for rows in link.settled if rows]
    assert sum(told) == ROWS
    assert len(told) < ROWS / 4
