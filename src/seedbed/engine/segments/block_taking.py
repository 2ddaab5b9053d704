"""Blocks of rows that a run keeps: whether it does, and what happens with each block."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.engine.engine import Job
from seedbed.engine.resume.checkpoint import Checkpoint
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.inline_flow import InlineFlow
from seedbed.engine.segments.repeatable_line import LineStep, line_step
from seedbed.engine.segments.row_block import RowBlock
from seedbed.engine.segments.step_results import Applied
from seedbed.engine.stopping.giving_up import GivingUp
from seedbed.engine.verdicts.block_log import BlockLog
from seedbed.engine.verdicts.log import VerdictLog
from seedbed.store import RunStore
from seedbed.store.row_blocks import BLOCKS


class BlockTaking:
    """Takes the blocks of a run whose rows come from a file, and pass repeatable and ordered steps only.

    Such a run keeps its rows in blocks from its first session on, at a tenth of the cost of a result for each
    row. Other runs need those: they're found by the row's id, so that a model isn't asked again. These steps
    call no model.
    """

    def __init__(self, job: Job, journal: RunJournal, line: Sequence[LineStep], log: VerdictLog) -> None:
        self._job = job
        self._journal = journal
        self._names = [step.name for step in line]
        self._log = log
        self._blocks = BlockLog(log, job.store, job.plan.leaf, line, job.plan.secrets())

    def take(self, block: RowBlock, giving_up: GivingUp) -> None:
        """Keep a block of decided items; raise StopRun if it's time to give up."""
        while block and not giving_up.is_over:
            if uncounted := block.leading(giving_up.is_at_no_cost):
                self._keep(block.part(0, uncounted))
                block = block.part(uncounted, len(block))
                continue
            # One by one: a run that gives up does so after the same row at any size of blocks.
            self._keep(block.part(0, 1))
            giving_up.note(block.outcome(self._job.plan.leaf), self._job.run.name)
            block = block.part(1, len(block))
        if block:
            self._keep(block)

    def _keep(self, block: RowBlock) -> None:
        job, run = self._job, self._job.run
        standing = self._blocks.add(block)
        taken = len(block)
        for number, name in enumerate(self._names):
            passed = block.passed(number)
            counts = job.steps[name]
            counts.taken += taken
            counts.made += passed
            counts.passed += passed
            counts.refused += taken - passed
            self._journal.kept[name] += block.part(0, standing).passed(number) if standing else 0
            taken = passed
        run.accepted += block.accepted
        for refusal in block.refused.values():
            run.reject(refusal.failure)
        if job.outlets.are_open:
            job.decided({job.plan.leaf: self._log.count}, block.rows())


def block_line(
    job: Job, is_fresh: bool, flow: InlineFlow | None, applied: Sequence[Applied]
) -> list[LineStep]:
    """Return the steps of a run that keeps its rows in blocks, and have `flow` fill them.

    No steps if it keeps results of single rows: blocks of an earlier session are removed then. `flow` is None
    if it isn't the whole way from a file to the dataset; `applied` are its steps, in order.
    """
    line = _line(job, is_fresh, applied) if flow is not None else []
    if flow is not None and line:
        flow.fill_blocks(line, None if is_fresh else job.store)
    else:
        _forget_blocks(job.store, job.checkpoint)
    return line


def _line(job: Job, is_fresh: bool, applied: Sequence[Applied]) -> list[LineStep]:
    # A run may only begin to keep blocks while it has no results, and while nobody waits for single rows.
    is_begun = bool(job.store.get_mark(BLOCKS))
    if not is_begun and not (is_fresh and not job.outlets.are_open):
        return []
    # The shards of a run are united by the ids of their rows.
    given = job.plan.input
    if job.plan.bounds.shard is not None or given is None or not given.is_at_hand:
        return []
    line = [step for one in applied if (step := line_step(one)) is not None]
    return line if len(line) == len(applied) else []


def _forget_blocks(store: RunStore, checkpoint: Checkpoint) -> None:
    """Remove the blocks of a run that keeps none from now on, with the verdicts that point to them."""
    # It has other steps, or is made in another way: its rows are made again, which costs nothing but time.
    if isinstance(leaf := store.get_mark(BLOCKS), str) and leaf:
        checkpoint.forget(store)
        store.truncate_verdicts(leaf, 0)
        store.forget_blocks(0)
        store.set_mark(BLOCKS, "")
        # Logs of verdicts read what is stored.
        store.flush()
