"""An engine whose rows are made by workers: everything but the way to reach them."""

from __future__ import annotations

import itertools
import pickle
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from seedbed.engine.backend_fields import replace_backends
from seedbed.engine.engine import Job
from seedbed.engine.local import LocalEngine
from seedbed.engine.segments.remote_flows import RemoteFlows
from seedbed.engine.segments.segment_runner import SegmentRunner
from seedbed.engine.segments.segments import Segment
from seedbed.engine.workers.crew import Crew
from seedbed.engine.workers.installed import needs_of
from seedbed.engine.workers.message_bytes import decoded
from seedbed.engine.workers.places import notes_on, own_steps, stays_here, steps_on_workers
from seedbed.engine.workers.recruiting import Recruiting
from seedbed.engine.workers.replicated import Replicated, replicated_of
from seedbed.engine.workers.run_messages import Cancel, Drain, Setup, Share
from seedbed.engine.workers.setups import backends_of, never_loaded, pickled_steps, replica_setup, setup_of
from seedbed.engine.workers.shares import busy_workers, shares_of
from seedbed.engine.workers.worker_handle import WorkerHandle
from seedbed.engine.workers.worker_link import WorkerLink
from seedbed.engine.workers.worker_resources import resources_of
from seedbed.errors import PluginError
from seedbed.llm.resources import Resources


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
    asks a model, and answers that rows share need one process: they, and the steps around them up to the next
    one over all rows, run in this process too. The run has a note then.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._crew: Crew | None = None
        self._numbers = itertools.count()
        self._replicated: Sequence[Replicated] = ()
        job.run.odd += notes_on(self._segments)

    @abstractmethod
    async def start_workers(self) -> Sequence[WorkerLink]:
        """Start the workers, and return the lines to them; called once, before the first row.

        An exception ends the run; whatever has been started by then is the engine's to end.
        """

    async def replace_worker(self, lost: WorkerLink) -> WorkerLink | None:
        """Start a worker in place of one that has died, and return the line to it.

        With None, or an exception, the others go on without it.
        """
        return None

    async def end_workers(self) -> None:
        """Release what `start_workers` took; the workers' own processes have ended by then."""

    def busy_workers(self, available: int) -> int:
        """Return how many of the available workers this run can use: each needs a call that it may send."""
        return busy_workers(self.job.plan, available)

    def needed_resources(self) -> Resources:
        """Return what each worker needs, as its steps and their LLMs declare it.

        A worker takes rows through all steps, and keeps everything loaded, so amounts add up, but not those
        of what `replicate` has returned. An engine that starts its workers accordingly sets
        `places = True`.
        """
        return resources_of(steps_on_workers(self._segments), [one.key for one in self._replicated])

    def replicate(self, workers: int) -> Sequence[Replicated]:
        """Return the LLMs, embedders and steps that are to have processes of their own.

        They declare fewer replicas than there are `workers`. An engine that calls this, before it starts any
        process, starts `resources.replicas` processes for each, in each of which a `Replica` loads it, and
        gives each `RowWorker` the lines to them, by `key`. One that doesn't has everything in its workers.
        """
        self._replicated = replicated_of(steps_on_workers(self._segments), workers)
        return self._replicated

    def replica_setup(self, replicated: Replicated) -> bytes:
        """Return the message for `Replica.load`; it holds keys, as those for workers do."""
        return replica_setup(self.job.plan, replicated, self.pickled)

    def check_replica(self, said: bytes) -> None:
        """Raise the error that `Replica.load` has returned, if it's one."""
        if said:
            raise decoded(said)

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

    async def drained(self) -> None:
        """Return when all workers have heard of `drain` or `cancel`."""
        if self._crew is not None:
            await self._crew.drained()

    async def _load(self) -> None:
        remote = [part for part in self._segments if not stays_here(part)]
        if not remote:
            await super()._load()
            return
        # Before the steps are loaded: they may hold what can't be pickled then.
        steps = pickled_steps(self.job.plan, self.pickled)
        links = await self.start_workers()
        if not links:
            raise PluginError(f"the engine '{type(self).__name__}' has started no worker")
        self._crew = crew = Crew(self.job, self._journal, self._sender.counts, self.budget)
        crew.on_news, crew.replace = self._wake, self._replace
        self._journal.on_open = crew.open_gate
        shares = shares_of(self.job.plan, len(links))
        recruiting = Recruiting(
            needs_of(self.job.plan), lambda share: self._setup(steps, shares[share], share)
        )
        await crew.prepare([self._worker(link, share) for share, link in enumerate(links)], recruiting)
        own = own_steps(self._segments, remote)
        for step in own.sampling:
            # Their models are asked on workers. A model of gigabytes would be in this process for nothing.
            replace_backends(step, never_loaded)
        await self._loaded.load(backends_of(own.asking), own.all)

    def _worker(self, link: WorkerLink, share: int) -> WorkerHandle:
        return WorkerHandle(link, next(self._numbers), share, self.pickled)

    async def _replace(self, lost: WorkerHandle) -> WorkerHandle | None:
        link = await self.replace_worker(lost.link)
        return None if link is None else self._worker(link, lost.share)

    def _setup(self, steps: bytes, share: Share, number: int) -> Setup:
        return setup_of(
            self.job,
            steps,
            share,
            has_branches=self._journal.has_branches,
            is_gate_closed=not self._journal.is_fresh,
            left=self.budget.seconds_left if self.budget is not None else None,
            replicated={one.key: one.name for one in self._replicated},
            number=number,
        )

    def _runner(self, segment: Segment, remote: RemoteFlows | None = None) -> SegmentRunner:
        return super()._runner(segment, None if stays_here(segment) else self._crew)

    def _send_no_more(self) -> None:
        super()._send_no_more()
        if self._crew is not None:
            self._crew.stop(Drain())

    def _cut_off(self) -> None:
        if self._crew is not None:
            self._crew.stop(Cancel())
        super()._cut_off()
