"""One segment of a run: items from its source go through its steps and get verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import astuple
from shlex import quote

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.engine import Job
from seedbed.engine.failure import Failure
from seedbed.engine.prompts.step_texts import StepTexts
from seedbed.engine.quality.watch import QualityWatch
from seedbed.engine.resume.checkpoint import EVERY, Reached
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.block_taking import BlockTaking, block_line
from seedbed.engine.segments.flow import flow_of, is_ordered
from seedbed.engine.segments.inline_flow import InlineFlow, inline_flow
from seedbed.engine.segments.inline_window import InlineWindow, SettledItems
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.item_window import LOOKAHEAD, ItemWindow
from seedbed.engine.segments.remote_flows import RemoteFlows, Settle
from seedbed.engine.segments.row_block import RowBlock
from seedbed.engine.segments.rows_wanted import RowsWanted
from seedbed.engine.segments.segment_decider import segment_decider
from seedbed.engine.segments.segments import Segment, upstream
from seedbed.engine.segments.step_counts import StepCounts
from seedbed.engine.segments.step_results import Applied, StepResults
from seedbed.engine.segments.step_runners import StepRunner, runner_of
from seedbed.engine.segments.window import Window
from seedbed.engine.sources.source_ends import emptiness, source_failure
from seedbed.engine.sources.source_maker import SourceMaker
from seedbed.engine.sources.sources import Source
from seedbed.engine.stopping.giving_up import GivingUp
from seedbed.engine.verdicts.log import RefusedAs, VerdictLog
from seedbed.errors import StopRun
from seedbed.llm.calling.sender import DEFAULT_CONCURRENCY, Sender
from seedbed.tasks.base_step import BaseStep

MOST_PENDING = 20_000
"""Additions that may wait for the store's writer; with more, no row is started."""
# A disk that is slower than the model would otherwise fill the memory with answers that aren't on it yet.

MOST_PENDING_BYTES = 24 * 2**20
"""The same for their bytes: half as many again as the writer commits at once."""

MOST_BEHIND = 61_440
"""The same for rows that call no model: half as many again as the writer commits at once."""


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
        self._sender = sender
        self._remote = remote
        self._watch = watch
        self._is_interrupted = is_interrupted
        self._segment = segment
        self.counted = segment.counted(plan.leaf)
        self._runners: list[StepRunner] = []
        wanted = None if segment.is_barrier else plan.own_n
        self._rows_wanted = RowsWanted(segment)
        self._decider = segment_decider(segment, plan, self._rows_wanted)
        self._giving_up = GivingUp(plan.bounds.give_up_after, wanted)
        makes_dataset = plan.leaf in segment.kept
        self._quality = QualityWatch.of(job) if makes_dataset else None
        # A plain generator or a barrier isn't applied row by row, so its rows are counted here.
        self._makes = segment.source is not None and segment.source not in segment.nodes
        results = self._results(wanted)
        self._inline = self._inline_flow(results) if remote is None else None
        whole = self._inline if segment.is_whole(plan.topology, plan.leaf) else None
        self._saves = whole is not None and not any(map(is_ordered, segment.nodes))
        filling = whole if watch is None else None
        line = block_line(job, journal.is_fresh, filling, [*results.applied.values()])
        self._next_save = EVERY
        reached = self._reached()
        first = reached.verdicts if reached is not None else 0
        self._logs = {
            name: VerdictLog(job.store, name, first, has_blocks=bool(line)) for name in segment.kept
        }
        self._blocks = BlockTaking(job, journal, line, self._logs[plan.leaf]) if line else None
        self._upstream = {name: upstream(plan.topology, name) for name in segment.kept}
        # Before the first verdict of this session is written: observers compare with what was there until
        # now.
        job.outlets.begin(segment.kept)
        # Verdicts point to results. They have to go first, or a crash between the two would leave verdicts
        # that point to rows which aren't there.
        journal.on_replacing = self._end_logs
        self._most_pending_bytes = min(plan.bounds.bytes_in_flight // 4, MOST_PENDING_BYTES)
        self._source, self.window = self._source_and_window(results, reached)

    def _reached(self) -> Reached | None:
        """Return how far an earlier session of this same run got, after taking over its counts."""
        job = self._job
        reached = job.checkpoint.find(job.store) if self._saves and not job.retrying else None
        if reached is None or job.outlets.are_open:
            # Rows that leave the run leave it in each session, the first one first.
            job.checkpoint.forget(job.store)
            return None
        job.run.restore({**reached.summary, "outcome": job.run.outcome})
        for name, counts in reached.steps.items():
            job.steps[name] = StepCounts(*counts)
        self._journal.kept[job.plan.leaf] += job.run.accepted
        self._decider.go_on_after(reached.items, reached.counted)
        self._giving_up.end()
        return reached

    def _save(self) -> None:
        """Note how far the run has got."""
        job, run = self._job, self._job.run
        self._next_save = self._decider.decided() + EVERY
        # A dropped row has no verdict, and ids of the rows before are found by their verdicts.
        if not self._saves or not run.accepted or run.dropped:
            return
        steps = {name: list(astuple(counts)) for name, counts in job.steps.items()}
        log = self._logs[job.plan.leaf]
        decided, counted = self._decider.decided(), self._decider.counted_rows
        job.checkpoint.save(job.store, Reached(decided, log.count, counted, run.summary(), steps))

    def _source_and_window(self, results: StepResults, reached: Reached | None) -> tuple[Source, Window]:
        segment, plan = self._segment, self._job.plan
        maker = SourceMaker(plan, self._job.store, self._journal, self._job.fingerprints)
        threaded = maker.threaded(segment) if reached is None else maker.input_after(reached)
        inline = self._inline
        if inline is not None and threaded is not None and threaded.ahead:
            settled = SettledItems(threaded, inline)
            return settled, InlineWindow(settled, inline, self._decider, self._is_behind)
        settle = self._settling(results)
        source = maker.make(segment, self._decider)
        # Half of the bytes: a quarter is for rows read ahead, a quarter for what waits for the disk.
        most = plan.bounds.bytes_in_flight // 2
        lookahead = LOOKAHEAD if self._remote is None else self._remote.lookahead
        return source, ItemWindow(source, settle, self._decider, self._is_clogged, lookahead, most)

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
                async for settled in decided:
                    if isinstance(settled, RowBlock):
                        assert self._blocks is not None
                        self._blocks.take(settled, self._giving_up)
                    else:
                        self._take(settled)
                    if self._decider.decided() >= self._next_save:
                        self._save()
            self._save()
        except StopRun:
            # Raised after the verdict on a row, so that verdict counts.
            self._save()
            raise
        finally:
            if self._quality is not None:
                self._quality.end()
            for runner in self._runners:
                runner.close()
        # Whether the source's thread ran into an error after the last row wanted depends on how far ahead it
        # was, so such an error doesn't count.
        if self._source.error is not None and not self._decider.is_satisfied and not self._is_interrupted():
            failure = source_failure(self._source, self._segment.name)
            self._job.run.fail(failure)
            for log in self._logs.values():
                log.refuse(failure, "failed")
            self._tell([])
        # An interrupted session has decided only the first items: the verdicts of an earlier one still stand.
        if not self._is_interrupted():
            self._job.run.tried = self._job.run.tried or self._decider.tried
            is_empty = self._source.ended and self._source.error is None and not self._decider.decided()
            if is_empty and not self._decider.is_satisfied:
                self._job.run.odd += emptiness(self._job.plan, self._segment)
            self._end_logs()

    def _end_logs(self) -> None:
        for log in self._logs.values():
            log.end()

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
        for name, rows in settled.made.items():
            self._logs[name].accept(rows)
            if name == self._job.plan.leaf:
                run.accepted += len(rows)
                encoded = [in_flight.encoded for in_flight in rows]
        for failure in settled.failures:
            self._refuse(failure, "failed")
            run.fail(failure)
        for rejection in settled.rejections:
            self._refuse(rejection, "rejected")
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
            self._job.decided({name: log.count for name, log in self._logs.items()}, rows)

    def _refuse(self, failure: Failure, verdict: RefusedAs) -> None:
        """Note why a row didn't reach the leaves downstream of the step that refused it."""
        for name, log in self._logs.items():
            if failure.step in self._upstream[name]:
                log.refuse(failure, verdict)

    def _check(self) -> None:
        run = self._job.run
        decided = run.accepted + run.failed
        if self._job.plan.bounds.max_failures.are_exceeded(run.failed, decided, run.wanted):
            raise StopRun(
                f"{run.failed:,} row{' has' if run.failed == 1 else 's have'} failed, "
                "which is more than --max-failures allows",
                f"`seedbed runs retry {quote(run.name)}` retries them",
            )

    def _is_behind(self) -> bool:
        """Whether too much waits for the writer: rows that call no model outrun the disk."""
        store = self._job.store
        is_behind = store.pending > MOST_BEHIND or store.pending_bytes > self._most_pending_bytes
        if is_behind:
            # It might be waiting for more, which doesn't come before it has committed what there is.
            store.hurry()
        return is_behind

    def _is_clogged(self) -> bool:
        """Whether a new item would only wait: for the store's writer, or for a permit to send a call."""
        # Calls first: as long as the model is slower than the disk, they're what a new item would wait for.
        if self._sender.has_enough if self._remote is None else self._remote.has_enough:
            return True
        store = self._job.store
        return store.pending > MOST_PENDING or store.pending_bytes > self._most_pending_bytes
