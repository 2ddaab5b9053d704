"""One segment of a run: items from its source go through its steps and get their verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing

from seedbed.engine.engine import Job
from seedbed.engine.failure import Failure
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.flow import flow_of, is_ordered
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.item_window import ItemWindow
from seedbed.engine.segments.segments import Segment, upstream
from seedbed.engine.segments.step_results import Applied, StepResults, concerns_all
from seedbed.engine.segments.step_runners import StepRunner, runner_of
from seedbed.engine.sources.source_maker import SourceMaker
from seedbed.engine.sources.sources import Source
from seedbed.engine.stopping.giving_up import GivingUp
from seedbed.engine.verdicts.decider import ATTEMPTS_PER_ROW, Decider
from seedbed.engine.verdicts.log import RefusedAs, VerdictLog
from seedbed.errors import DatasetError, StopRun
from seedbed.llm.calling.sender import DEFAULT_CONCURRENCY, Sender
from seedbed.tasks.steps import BaseStep

MOST_PENDING = 20_000
"""Additions that may wait for the store's writer before nothing more is started."""


class SegmentRunner:
    """Takes a segment's items through its steps.

    `window` says what is under way, `counted` is the step whose rows are.
    """

    def __init__(
        self,
        segment: Segment,
        job: Job,
        journal: RunJournal,
        sender: Sender,
        *,
        watch: Callable[[ItemOutcome], None] | None,
        is_interrupted: Callable[[], bool],
    ) -> None:
        plan = job.plan
        self._job = job
        self._journal = journal
        self._sender = sender
        self._watch = watch
        self._is_interrupted = is_interrupted
        self._segment = segment
        self.counted = segment.counted(plan.leaf)
        self._stages: list[StepRunner] = []
        wanted = None if segment.is_barrier else plan.n
        self._fold = Decider(
            self.counted,
            upstream(plan.topology, self.counted),
            wanted=wanted,
            attempts=_attempts(wanted, segment, plan.bounds.max_attempts),
            generator=segment.generator,
        )
        self._giving_up = GivingUp(plan.bounds.give_up_after, wanted)
        executions = StepResults(
            {node.name: self._applied(node.step, is_ordered(node)) for node in segment.nodes},
            journal,
            plan.seed,
            wanted is not None and segment.generator is not None,
            is_interrupted,
            job.steps,
        )
        # Rows that come from elsewhere, one by one: from a plain generator, or of all rows of other steps.
        self._makes = segment.source is not None and segment.source not in segment.nodes
        flow = flow_of(segment.nodes, plan.topology, executions, segment.kept, self._fold.may_refuse)
        maker = SourceMaker(plan, job.store, journal, job.fingerprints)
        self._source = maker.make(segment, self._fold)
        self._logs = {name: VerdictLog(job.store, name) for name in segment.kept}
        self._behind = {name: upstream(plan.topology, name) for name in segment.kept}
        job.outlets.begin(segment.kept)
        journal.on_replacing = self._end_logs
        most_bytes = plan.bounds.bytes_in_flight
        self._most_pending_bytes = most_bytes // 4
        # The rest is read ahead of, or waits for the disk.
        self.window = ItemWindow(
            self._source, flow.settle, self._fold, self._is_clogged, most_bytes=most_bytes // 2
        )

    async def execute(self) -> None:
        """Go on until the source ends or enough is decided; raise what every row would meet."""
        try:
            async with aclosing(self.window.decided()) as decided:
                async for settled in decided:
                    self._take(settled)
        finally:
            for stage in self._stages:
                stage.close()
        # An error behind the last wanted row was met or not, as the source's thread was ahead or not.
        if self._source.error is not None and not self._fold.is_satisfied and not self._is_interrupted():
            failure = _source_failure(self._source, self._segment.name)
            self._job.run.fail(failure)
            for log in self._logs.values():
                log.refuse(failure, "failed")
            self._tell([])
        if not self._is_interrupted():
            self._job.run.tried = self._job.run.tried or self._fold.tried
            self._end_logs()

    def _end_logs(self) -> None:
        for log in self._logs.values():
            log.end()

    def _applied(self, step: BaseStep, ordered: bool) -> Applied:
        stage = runner_of(step, self._job.plan.concurrency or DEFAULT_CONCURRENCY)
        self._stages.append(stage)
        return Applied(stage, self._job.fingerprints[step.name], ordered)

    def _take(self, settled: ItemOutcome) -> None:
        run = self._job.run
        rows: list[bytes] = []
        if self._makes:
            self._job.steps[self._segment.name].made += 1
        for evidence in settled.evidence:
            self._journal.keep_evidence(evidence)
        if self._watch is not None:
            self._watch(settled)
        for name, cells in settled.made.items():
            self._logs[name].accept(cells)
            if name == self._job.plan.leaf:
                run.accepted += len(cells)
                rows = [cell.encoded for cell in cells]
        for failure in settled.failures:
            self._refuse(failure, "failed")
            run.fail(failure)
        for rejection in settled.rejections:
            self._refuse(rejection, "rejected")
            run.reject(rejection)
            self._job.steps.note(rejection)
        if settled.dropped:
            run.dropped.update(settled.dropped)
        self._tell(rows)
        self._check()
        self._giving_up.note(settled, run.name)

    def _tell(self, rows: Sequence[bytes]) -> None:
        """Let out what has been decided; the store has all that it follows from, in this order."""
        if self._job.outlets.are_open:
            self._job.decided({name: log.count for name, log in self._logs.items()}, rows)

    def _refuse(self, failure: Failure, verdict: RefusedAs) -> None:
        """Note why a row did not come to the steps that it was on its way to."""
        for name, log in self._logs.items():
            if failure.step in self._behind[name]:
                log.refuse(failure, verdict)

    def _check(self) -> None:
        run = self._job.run
        decided = run.accepted + run.failed
        if self._job.plan.bounds.max_failures.are_exceeded(run.failed, decided, run.wanted):
            raise StopRun(
                f"{run.failed:,} row{' has' if run.failed == 1 else 's have'} failed, "
                "which is more than --max-failures allows",
                f"`seedbed runs retry {run.name}` asks them again",
            )

    def _is_clogged(self) -> bool:
        """Whether what is begun would only wait: for the store's writer, or for a permit to call."""
        store = self._job.store
        if store.pending > MOST_PENDING or store.pending_bytes > self._most_pending_bytes:
            return True
        return self._sender.has_enough


def _attempts(wanted: int | None, segment: Segment, most: int | None) -> int | None:
    """Return how many items a generator may try; rows of a file come to their end by themselves."""
    if segment.generator is None:
        return None
    return ATTEMPTS_PER_ROW * wanted if most is None and wanted is not None else most


def _source_failure(source: Source, name: str) -> Failure:
    error = source.error
    if isinstance(error, DatasetError):
        raise type(error)(error.fact, *error.advice, "the rest of the input was not read") from error
    assert error is not None
    if not isinstance(error, Exception) or concerns_all(error):
        raise error
    return Failure.of("source", name, error, kept_as=name)
