"""An engine whose rows are made by workers: everything but the way to reach them."""

from __future__ import annotations

import pickle
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from seedbed.engine.engine import Job
from seedbed.engine.local import LocalEngine
from seedbed.engine.segments.segment_runner import SegmentRunner
from seedbed.engine.segments.segments import Segment
from seedbed.engine.workers.crew import Crew
from seedbed.engine.workers.installed import needs_of
from seedbed.engine.workers.messages import Cancel, Drain, OpenGate, Setup
from seedbed.engine.workers.setups import backends_of, pickled_steps, refuse_unfit, setup_of
from seedbed.engine.workers.shares import busy_workers, shares_of
from seedbed.engine.workers.worker import Worker
from seedbed.engine.workers.worker_link import WorkerLink
from seedbed.errors import PluginError
from seedbed.tasks.steps import BaseStep


class WorkerEngine(LocalEngine):
    """Makes rows in workers: blocks of them go out, and answers, results and outcomes come back to one store.

        class Cluster(WorkerEngine):
            async def start_workers(self) -> Sequence[WorkerLink]:
                return [Link(await start_somewhere()) for _ in range(4)]

    An engine adds the processes, in each of which a `RowWorker` runs, and the lines to them (`WorkerLink`).
    Items are sampled or read, decided and counted in this process, as by the built-in engine. So a run has
    the same rows, whichever of the two makes or resumes it. An answer is durable once it has come here; a
    worker that dies loses what it hasn't sent, and its items go to the others.

    Steps over all rows and generators without a model run in this process. Ordered steps, a `process` that
    asks a model, and answers that rows share are refused, since each worker would have its own.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        refuse_unfit(job.plan)
        self._crew: Crew | None = None

    @abstractmethod
    async def start_workers(self) -> Sequence[WorkerLink]:
        """Start the workers, and return the lines to them; called once, before the first row.

        An exception ends the run; whatever has been started by then is the engine's to end.
        """

    async def end_workers(self) -> None:
        """Release what `start_workers` took; the workers' own processes have ended by then."""

    def busy_workers(self, available: int) -> int:
        """Return how many of the available workers this run can use: each needs a call that it may send."""
        return busy_workers(self.job.plan, available)

    def pickled(self, made: Any) -> bytes:
        """Return an object as bytes that `pickle.loads` reads on a worker.

        Override it to pickle what the standard library can't: classes of a notebook, lambdas.
        """
        return pickle.dumps(made, pickle.HIGHEST_PROTOCOL)

    async def make_rows(self) -> bool:
        """Start the workers, make the rows, and end the workers."""
        try:
            return await super().make_rows()
        finally:
            crew, self._crew = self._crew, None
            if crew is not None:
                await crew.end()
            await self.end_workers()

    async def _load(self) -> None:
        # Before the steps are loaded: they may hold what can't be pickled then.
        steps = pickled_steps(self.job.plan, self.pickled)
        links = await self.start_workers()
        if not links:
            raise PluginError(f"the engine '{type(self).__name__}' has started no worker")
        workers = [Worker(link, number, self.pickled) for number, link in enumerate(links)]
        self._crew = crew = Crew(self.job, self._journal, self._sender.counts, workers)
        crew.on_news = self._wake
        self._journal.on_open = self._open_gate
        await crew.prepare(needs_of(self.job.plan), self._setups(steps, len(workers)))
        # Sources of rows, and steps over all of them: the others are on the workers.
        own = [part.source.step for part in self._segments if part.source is not None]
        await self._loaded.load(backends_of([step for step in own if not _is_indexed(step)]), own)

    def _setups(self, steps: bytes, workers: int) -> list[Setup]:
        left = self.budget.seconds_left if self.budget is not None else None
        return [
            setup_of(
                self.job,
                steps,
                share,
                has_branches=self._journal.has_branches,
                is_gate_closed=not self._journal.is_fresh,
                left=left,
            )
            for share in shares_of(self.job.plan, workers)
        ]

    def _open_gate(self) -> None:
        if self._crew is not None:
            self._crew.broadcast(OpenGate())

    def _runner(self, segment: Segment) -> SegmentRunner:
        return SegmentRunner(
            segment,
            self.job,
            self._journal,
            self._sender,
            watch=self._watch,
            is_interrupted=self._is_interrupted,
            remote=self._crew,
        )

    def _send_no_more(self) -> None:
        super()._send_no_more()
        if self._crew is not None:
            self._crew.broadcast(Drain())

    def _cut_off(self) -> None:
        if self._crew is not None:
            self._crew.broadcast(Cancel())
        super()._cut_off()


def _is_indexed(step: BaseStep) -> bool:
    """Whether a step only samples here, and asks its model on the workers."""
    return bool(getattr(step, "is_indexed", False))
