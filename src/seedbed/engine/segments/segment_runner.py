"""One segment of a run: items from its source go through its steps and get verdicts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from shlex import quote

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.engine import Job
from seedbed.engine.prompts.step_texts import StepTexts
from seedbed.engine.quality.watch import QualityWatch
from seedbed.engine.resume.checkpoint import Reached
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.backpressure import Backpressure
from seedbed.engine.segments.block_taking import BlockTaking, block_line
from seedbed.engine.segments.checkpoint_keeper import CheckpointKeeper
from seedbed.engine.segments.flow import flow_of, is_ordered
from seedbed.engine.segments.inline_flow import InlineFlow, inline_flow
from seedbed.engine.segments.inline_window import InlineWindow, SettledItems
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.item_window import LOOKAHEAD, ItemWindow
from seedbed.engine.segments.no_cost import steps_at_no_cost
from seedbed.engine.segments.remote_flows import RemoteFlows, Settle
from seedbed.engine.segments.row_block import RowBlock
from seedbed.engine.segments.rows_wanted import RowsWanted
from seedbed.engine.segments.segment_decider import segment_decider
from seedbed.engine.segments.segment_log import SegmentLog
from seedbed.engine.segments.segments import Segment
from seedbed.engine.segments.shortfall import note_shortfall
from seedbed.engine.segments.step_results import Applied, StepResults
from seedbed.engine.segments.step_runners import StepRunner, runner_of
from seedbed.engine.segments.window import Window
from seedbed.engine.sources.source_ends import emptiness, source_failure
from seedbed.engine.sources.source_maker import SourceMaker
from seedbed.engine.sources.sources import Source
from seedbed.engine.stopping.giving_up import GivingUp
from seedbed.errors import SeedbedError, StopRun, StoreError
from seedbed.llm.calling.sender import DEFAULT_CONCURRENCY, Sender
from seedbed.tasks.base_step import BaseStep


class SegmentRunner:
    """Takes a segment's items through its steps.

    `window` has the items in flight, `counted` is the step whose rows are counted. With `remote`, workers
    apply the steps.
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
        remote: RemoteFlows | None = None,
    ) -> None:
        plan = job.plan
        self._job = job
        self._journal = journal
        self._remote = remote
        self._watch = watch
        self._is_interrupted = is_interrupted
        self._segment = segment
        self.counted = segment.counted(plan.leaf)
        self._runners: list[StepRunner] = []
        wanted = None if segment.is_barrier else plan.own_n
        self._rows_wanted = RowsWanted(segment)
        self._decider = segment_decider(segment, plan, self._rows_wanted)
        self._giving_up = GivingUp(plan.bounds.give_up_after, wanted, steps_at_no_cost(segment, plan))
        self._quality = QualityWatch.of(job) if plan.leaf in segment.kept else None
        # A plain generator or a barrier isn't applied row by row, so its rows are counted here.
        self._makes = segment.source is not None and segment.source not in segment.nodes
        senders = sender if remote is None else remote
        self._backpressure = Backpressure(job, senders, plan.bounds.bytes_in_flight)
        results = self._results(wanted)
        self._inline = self._inline_flow(results) if remote is None else None
        whole = self._inline if segment.is_whole(plan.topology, plan.leaf) else None
        line = block_line(
            job, journal.is_fresh, whole if watch is None else None, [*results.applied.values()]
        )
        saves = whole is not None and not any(map(is_ordered, segment.nodes))
        self._progress = CheckpointKeeper(job, self._decider, saves=saves)
        reached = self._progress.take_over(journal, self._giving_up)
        self._log = SegmentLog(segment, job, reached.verdicts if reached else 0, has_blocks=bool(line))
        self._blocks = BlockTaking(job, journal, line, self._log.of(plan.leaf)) if line else None
        # Before the first verdict of this session is written: observers compare with what was there until
        # now.
        job.outlets.begin(segment.kept)
        # Verdicts point to results. They have to go first, or a crash between the two would leave verdicts
        # that point to rows which aren't there.
        journal.on_replacing = self._log.end
        self._source, self.window = self._source_and_window(results, reached)

    def _source_and_window(self, results: StepResults, reached: Reached | None) -> tuple[Source, Window]:
        segment, plan = self._segment, self._job.plan
        maker = SourceMaker(plan, self._job.store, self._journal, self._job.fingerprints)
        threaded = maker.threaded(segment) if reached is None else maker.input_after(reached)
        inline = self._inline
        if inline is not None and threaded is not None and threaded.ahead:
            settled = SettledItems(threaded, inline)
            return settled, InlineWindow(settled, inline, self._decider, self._backpressure.is_behind)
        settle = self._settling(results)
        source = maker.make(segment, self._decider)
        # Half of the bytes: a quarter is for rows read ahead, a quarter for what waits for the disk.
        most = plan.bounds.bytes_in_flight // 2
        lookahead = LOOKAHEAD if self._remote is None else self._remote.lookahead
        is_clogged = self._backpressure.is_clogged
        return source, ItemWindow(source, settle, self._decider, is_clogged, lookahead, most)

    def _inline_flow(self, results: StepResults) -> InlineFlow | None:
        fresh = self._job.store if self._journal.is_fresh else None
        topology = self._job.plan.topology
        return inline_flow(self._segment, topology, results, fresh, self._rows_wanted or None)

    def _settling(self, results: StepResults) -> Settle:
        """Return what takes an item through the steps: here, or on a worker."""
        segment, topology = self._segment, self._job.plan.topology
        if self._remote is not None and segment.nodes:
            is_whole = self._decider.may_refuse or self._decider.remembers or self._watch is not None
            return self._remote.begin(
                segment, replaces=results.replaces, judged=self._decider.may_refuse, is_whole=is_whole
            )
        return flow_of(segment.nodes, topology, results, segment.kept, self._decider.may_refuse).settle

    def _results(self, wanted: int | None) -> StepResults:
        segment, plan = self._segment, self._job.plan
        return StepResults(
            {node.name: self._applied(node.step, is_ordered(node)) for node in segment.nodes},
            self._journal,
            plan.seed,
            wanted is not None and segment.generator is not None,
            self._is_interrupted,
            self._job.steps,
        )

    async def execute(self) -> None:
        """Make rows until the source ends or enough are decided; raise an error that every row would meet."""
        try:
            # Without aclosing, an error in `_take` would leave the generator, and the calls of its rows, to
            # the garbage collector.
            async with aclosing(self.window.decided()) as decided:
                await self._take_all(decided)
            self._progress.save(self._log.counts())
        except StopRun:
            # Raised after the verdict on a row, so that verdict counts.
            self._progress.save(self._log.counts())
            raise
        finally:
            if self._quality is not None:
                self._quality.end()
            for runner in self._runners:
                runner.close()
        # Whether the source's thread ran into an error after the last row wanted depends on how far ahead it
        # was, so such an error doesn't count.
        if self._source.error is not None and not self._decider.is_satisfied and not self._is_interrupted():
            failure = source_failure(self._source, self._segment)
            self._job.run.fail(failure)
            self._log.refuse_all(failure)
            self._tell([])
        # An interrupted session has decided only the first items: the verdicts of an earlier one still stand.
        if not self._is_interrupted():
            self._note_end()
            self._log.end()

    async def _take_all(self, decided: AsyncGenerator[ItemOutcome | RowBlock]) -> None:
        async for settled in decided:
            try:
                if isinstance(settled, RowBlock):
                    assert self._blocks is not None
                    self._blocks.take(settled, self._giving_up)
                else:
                    self._take(settled)
            except StoreError:
                raise
            except SeedbedError:
                # The run ends here. What is in flight is paid for, and is kept for the next session.
                await self.window.finish()
                raise
            if self._progress.is_due:
                self._progress.save(self._log.counts())

    def _note_end(self) -> None:
        """Note what is missing, and why there are no rows if the source had none."""
        run, source = self._job.run, self._source
        note_shortfall(run, self._job.plan, self._segment, self._decider)
        is_empty = source.ended and source.error is None and not self._decider.decided()
        if is_empty and not self._decider.is_satisfied:
            run.odd += emptiness(self._job.plan, self._segment)

    def _applied(self, step: BaseStep, ordered: bool) -> Applied:
        runner = runner_of(step, self._job.plan.concurrency or DEFAULT_CONCURRENCY)
        runner.noted = self._rows_wanted.noting(step)
        self._runners.append(runner)
        texts = StepTexts(step) if backends_in(step) else None
        return Applied(runner, self._job.fingerprints[step.name], ordered, texts)

    def _take(self, settled: ItemOutcome) -> None:
        run = self._job.run
        encoded: list[bytes] = []
        if self._makes:
            self._job.steps[self._segment.name].made += 1
        # First the evidence, then the verdicts that refer to it, and last what leaves the run: the writer
        # keeps this order, so a crash between two of them leaves no verdict without its reason.
        for evidence in settled.evidence:
            self._journal.keep_evidence(evidence)
        if self._watch is not None:
            self._watch(settled)
        self._log.accept(settled.made)
        if rows := settled.made.get(self._job.plan.leaf):
            run.accepted += len(rows)
            encoded = [in_flight.encoded for in_flight in rows]
        for failure in settled.failures:
            self._log.refuse(failure, "failed")
            run.fail(failure)
        for rejection in settled.rejections:
            self._log.refuse(rejection, "rejected")
            run.reject(rejection)
            self._job.steps.note(rejection)
        if settled.dropped:
            run.dropped.update(settled.dropped)
        self._tell(encoded)
        if self._quality is not None:
            self._quality.note(settled)
        # Last: the row that exceeds a bound has its verdict, which the next session finds.
        self._check()
        self._giving_up.note(settled, run.name)

    def _tell(self, rows: Sequence[bytes]) -> None:
        """Release what has been decided; the store already has everything that it follows from."""
        if self._job.outlets.are_open:
            self._job.decided(self._log.counts(), rows)

    def _check(self) -> None:
        run = self._job.run
        decided = run.accepted + run.failed
        if self._job.plan.bounds.max_failures.are_exceeded(run.failed, decided, run.wanted):
            raise StopRun(
                f"{run.failed:,} row{' has' if run.failed == 1 else 's have'} failed, "
                "which is more than --max-failures allows (max_failures= in Python)",
                f"`seedbed runs retry {quote(run.name)}` retries them",
            )
