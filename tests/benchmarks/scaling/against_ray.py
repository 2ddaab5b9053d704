"""Compares the simulation with whole runs on Ray, with one and two workers.

    python -m tests.benchmarks.scaling.against_ray

Both count the rows of the middle third: at a run's beginning and end not all workers are busy. The machine
may have other work: so each run also says how much longer than on an idle one the work of its loops took.
"""

from __future__ import annotations

import re
import time
from typing import Any, ClassVar

from tests.benchmarks.child import in_child
from tests.benchmarks.row_kinds import Story
from tests.benchmarks.scaling import waits
from tests.benchmarks.scaling.costs import RAY
from tests.benchmarks.scaling.parts import Late
from tests.benchmarks.scaling.simulation import Load, Simulation

from seedbed import run
from seedbed.engine.workers.crew import Crew
from seedbed.engine.workers.worker_handle import WorkerHandle
from seedbed.engine.workers.worker_messages import News
from seedbed_ray import RayEngine

ROUNDS = 15
"""Rows of a run, in those that all workers have in flight at once."""


class Watched(RayEngine):
    """Ray's engine; `arrived` has when rows came in, `loop` and `worker` what their threads waited."""

    arrived: ClassVar[list[float]] = []
    loop: ClassVar[waits.Waited]
    worker: ClassVar[waits.Waited]

    async def _go_through_segments(self) -> None:
        assert self._crew is not None
        pids = [int(re.findall(r"\d+", one.link.name)[0]) for one in self._crew._workers]
        here, there = waits.here(), {pid: waits.threads_of(pid) for pid in pids}
        _watch(Watched.arrived)
        await super()._go_through_segments()
        Watched.loop = waits.busiest(here, waits.here())
        Watched.worker = waits.together(
            waits.busiest(before, waits.threads_of(pid)) for pid, before in there.items()
        )


def _watch(arrived: list[float]) -> None:
    take = Crew._take

    def watched(crew: Crew, worker: WorkerHandle, news: News) -> None:
        arrived.extend([time.perf_counter()] * len(news.settled))
        take(crew, worker, news)

    Crew._take = watched  # type: ignore[method-assign]


def on_ray(seconds: float, slots: int, workers: int) -> dict[str, float]:
    """Return the rows per second of the middle third of a run, and how much the machine stretched it."""
    rows = _rows(slots, workers)
    engine = Watched.with_options(cpus=workers, workers=workers, object_store=80)
    llm = Late(model="m", seconds=seconds)
    made = run(Story(), rows, llm=llm, out="r.jsonl", engine=engine, concurrency=workers * slots)
    assert made.accepted == rows, made
    first, last = Watched.arrived[rows // 3], Watched.arrived[2 * rows // 3]
    return {
        "rows/s": (2 * rows // 3 - rows // 3) / (last - first),
        "whole": rows / (Watched.arrived[-1] - Watched.arrived[0]),
        "loop": Watched.loop.stretch,
        "worker": Watched.worker.stretch,
    }


def simulated(seconds: float, slots: int, workers: int) -> float:
    """Return the rows per second of the same run, simulated."""
    load = Load("", 0.0, seconds, slots, spread=0.0)
    return Simulation(load, workers, _rows(slots, workers), RAY).run().rows_per_second


def _rows(slots: int, workers: int) -> int:
    return ROUNDS * slots * workers


CASES: tuple[dict[str, Any], ...] = tuple(
    {"seconds": seconds, "slots": slots, "workers": workers}
    for seconds, slots in ((2.0, 32), (0.5, 32), (0.1, 64))
    for workers in (1, 2)
)


def main() -> None:
    """Print the rows of the table."""
    for case in CASES:
        found = in_child("scaling.against_ray", "on_ray", **case)
        made, real = simulated(**case), found["rows/s"]
        cells = (f"{case['seconds']:g} s, {case['slots']} at once", case["workers"], f"{real:,.1f}")
        figures = (f"{made:,.1f}", f"{made / real - 1:.0%}", f"{found['whole']:,.1f}")
        print("|", " | ".join(map(str, cells + figures)), "|", found["loop"], found["worker"], flush=True)


if __name__ == "__main__":
    main()
