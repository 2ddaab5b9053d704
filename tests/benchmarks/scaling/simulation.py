"""A run with up to a thousand workers, simulated from the measured costs of its parts.

    python -m tests.benchmarks.scaling.simulation        # prints the table of docs/explanation/scaling.md

What is simulated: the loop of the run's process does one thing at a time, and every message and every row of
a worker takes some of its time. A worker tells its news when it's asked, gathers them for 10 ms (100 ms if no
model is asked), and gets new rows as earlier ones are decided, in order, within the window.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import simpy
from tests.benchmarks.scaling.costs import LINE, RAY, Costs

from seedbed.engine.segments.item_window import LOOKAHEAD
from seedbed.engine.workers.unsent_news import GATHERING, PATIENCE
from seedbed.llm.limits.waiting import ENOUGH_WAITING

Steps: TypeAlias = Generator[Any, Any, None]


class Load(NamedTuple):
    """What a worker does with a row: seconds of its processor, then seconds in which it waits for an answer.

    It has `slots` rows in flight. With `is_capped`, each asks the run for room in its budget first. Answers
    take up to `spread` of their time less or more.
    """

    name: str
    processor: float
    answer: float
    slots: int
    is_capped: bool = False
    spread: float = 0.5


@dataclass(eq=False)
class Worker:
    """A worker: what it has to tell, and who asks it."""

    processor: simpy.Resource
    slots: simpy.Resource
    news: simpy.Store
    told: list[int] = field(default_factory=list)
    asking: list[simpy.Event] = field(default_factory=list)
    rows: int = 0


class Outcome(NamedTuple):
    """Rows per second, and the share of the time in which the loop was busy."""

    rows_per_second: float
    loop_busy: float


class Simulation:
    """One run of `rows` rows."""

    def __init__(self, load: Load, workers: int, rows: int, costs: Costs = RAY) -> None:
        self.env = env = simpy.Environment()
        self.load, self.costs, self.rows = load, costs, rows
        self.loop = simpy.Resource(env)
        self.loop_seconds = 0.0
        self.workers = [
            Worker(simpy.Resource(env), simpy.Resource(env, load.slots), simpy.Store(env))
            for _ in range(workers)
        ]
        # With entries that have been overtaken: they're left out when their turn comes.
        self._by_rows = [(0, id(worker), worker) for worker in self.workers]
        self.window = LOOKAHEAD * max(1, workers // 2)
        if load.answer:
            # No more rows are started while so many calls wait on each worker.
            self.window = min(self.window, (load.slots + ENOUGH_WAITING) * workers)
        self._rng = random.Random(1)
        self._started = self._decided = self._taken = 0
        self._settled: set[int] = set()
        env.process(self._hand_out())
        for worker in self.workers:
            env.process(self._listen(worker))

    def run(self) -> Outcome:
        """Make the rows; return how fast that was."""
        # The first and the last third aren't looked at: not all workers are busy then.
        first = self.until(self.rows // 3)
        last = self.until(2 * self.rows // 3)
        seconds, rows, loop = (b - a for a, b in zip(first, last, strict=True))
        return Outcome(rows / seconds, loop / seconds)

    def until(self, settled: int) -> tuple[float, ...]:
        """Go on until so many rows have come in; return seconds, rows, and seconds of the loop."""
        while self._taken < settled:
            self.env.step()
        return self.env.now, self._taken, self.loop_seconds

    def _hand_out(self) -> Steps:
        """Start rows while there's room: those that start at once go to each worker in one message."""
        blocks: dict[Worker, list[int]] = {}
        while self._started < self.rows and self._started - self._decided < self.window:
            worker = self._least_busy()
            blocks.setdefault(worker, []).append(self._started)
            self._started += 1
        yield from self._busy(self.costs.message * len(blocks))
        for worker, block in blocks.items():
            self.env.process(self._deliver(worker, block))

    def _least_busy(self) -> Worker:
        while True:
            rows, _, worker = heapq.heappop(self._by_rows)
            if rows == worker.rows:
                worker.rows += 1
                heapq.heappush(self._by_rows, (worker.rows, id(worker), worker))
                return worker

    def _deliver(self, worker: Worker, block: list[int]) -> Steps:
        yield self.env.timeout(self.costs.hop)
        for number in block:
            self.env.process(self._make(worker, number))

    def _make(self, worker: Worker, number: int) -> Steps:
        with worker.slots.request() as slot:
            yield slot
            with worker.processor.request() as turn:
                yield turn
                yield self.env.timeout(self.load.processor + self.costs.worker_row)
            if self.load.is_capped:
                room = self.env.event()
                worker.asking.append(room)
                worker.news.put(None)
                yield room
            spread = self.load.spread
            yield self.env.timeout(self.load.answer * self._rng.uniform(1 - spread, 1 + spread))
        worker.told.append(number)
        worker.news.put(None)

    def _listen(self, worker: Worker) -> Steps:
        while True:
            yield worker.news.get()
            yield self.env.timeout(GATHERING if self.load.answer else PATIENCE)
            told, asking, worker.told, worker.asking = worker.told, worker.asking, [], []
            worker.news.items.clear()
            if not told and not asking:
                continue
            yield self.env.timeout(self.costs.hop)
            yield from self._busy(self._seconds_for(len(told), len(asking)))
            worker.rows -= len(told)
            heapq.heappush(self._by_rows, (worker.rows, id(worker), worker))
            self._decide(told)
            for room in asking:
                self.env.process(self._answer(room))
            yield from self._hand_out()
            # What asks for the next news.
            yield self.env.timeout(self.costs.hop)

    def _seconds_for(self, rows: int, rooms: int) -> float:
        costs = self.costs
        # The writer's thread has the interpreter's lock for a part of its time; here, for all of it.
        row = costs.row + costs.writer + costs.row_of_workers * len(self.workers)
        # The rooms that are given at once go back in one message.
        return costs.message * (2 if rooms else 1) + row * rows + costs.room * rooms

    def _answer(self, room: simpy.Event) -> Steps:
        yield self.env.timeout(self.costs.hop)
        room.succeed()

    def _decide(self, told: list[int]) -> None:
        self._taken += len(told)
        self._settled.update(told)
        while self._decided in self._settled:
            self._settled.discard(self._decided)
            self._decided += 1

    def _busy(self, seconds: float) -> Steps:
        with self.loop.request() as turn:
            yield turn
            self.loop_seconds += seconds
            yield self.env.timeout(seconds)


LOADS = (
    Load("a server that answers after 0.5 s, 32 calls at once", 0.0, 0.5, 32),
    Load("the same with a cap on tokens", 0.0, 0.5, 32, is_capped=True),
    Load("a step of 20 ms on one processor", 0.02, 0.0, 12),
    Load("a model on the worker's GPU: 8 rows at once, 4 s each", 0.0, 4.0, 8),
)
WORKERS = (1, 10, 100, 1000)
ROUNDS = 30
"""Rows of a simulated run, in those that all workers have in flight at once: between 2,000 and 240,000."""
# With twelve, the waves of the first answers were still in the middle third: 2,131 rows/s instead of 2,000.


def main() -> None:
    """Print the table of the page."""
    print("| rows | workers | rows/s on Ray | if nothing else took time | the loop is busy | on a socket |")
    print("| --- | --- | --- | --- | --- | --- |")
    for load in LOADS:
        for workers in WORKERS:
            made, on_socket = simulated(load, workers), simulated(load, workers, LINE)
            print(
                f"| {load.name} | {workers:,} | {made.rows_per_second:,.0f} | {ideal(load, workers):,.0f} "
                f"| {made.loop_busy:.0%} | {on_socket.rows_per_second:,.0f} |",
                flush=True,
            )


def simulated(load: Load, workers: int, costs: Costs = RAY) -> Outcome:
    """Simulate a run that is long enough for its beginning and end not to count much."""
    rows = max(2000, min(ROUNDS * load.slots * workers, 240_000))
    return Simulation(load, workers, rows, costs).run()


def ideal(load: Load, workers: int) -> float:
    """Return the rows per second that as many workers would make if nothing else took time."""
    of_processor = 1 / load.processor if load.processor else float("inf")
    of_slots = load.slots / (load.processor + load.answer)
    return workers * min(of_processor, of_slots)


if __name__ == "__main__":
    main()
