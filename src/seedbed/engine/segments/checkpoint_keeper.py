"""How far a run over a file has got: taken over from an earlier session, and noted from time to time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple

from seedbed.engine.engine import Job
from seedbed.engine.resume.checkpoint import EVERY, Reached
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.step_counts import StepCounts
from seedbed.engine.stopping.giving_up import GivingUp
from seedbed.engine.verdicts.decider import Decider


class CheckpointKeeper:
    """Saves checkpoints of a run, if it `saves` any, and takes over that of an earlier session."""

    def __init__(self, job: Job, decider: Decider, *, saves: bool) -> None:
        self._job = job
        self._decider = decider
        self._saves = saves
        self._next = EVERY

    def take_over(self, journal: RunJournal, giving_up: GivingUp) -> Reached | None:
        """Return how far an earlier session of this same run got, after taking over its counts."""
        job = self._job
        reached = job.checkpoint.find(job.store, job.plan.own_n) if self._saves and not job.retrying else None
        if reached is None or job.outlets.are_open:
            # Rows that leave the run leave it in each session, the first one first.
            job.checkpoint.forget(job.store)
            return None
        job.run.restore({**reached.summary, "outcome": job.run.outcome})
        for name, counts in reached.steps.items():
            job.steps[name] = StepCounts(*counts)
        journal.kept[job.plan.leaf] += job.run.accepted
        self._decider.go_on_after(reached.items, reached.counted)
        giving_up.end()
        return reached

    @property
    def is_due(self) -> bool:
        """Whether enough items have been decided since the last checkpoint."""
        return self._decider.decided() >= self._next

    def save(self, verdicts: Mapping[str, int]) -> None:
        """Note how far the run has got; `verdicts` has their numbers, by the steps whose rows are kept."""
        job, run = self._job, self._job.run
        decided = self._decider.decided()
        self._next = decided + EVERY
        # A dropped row has no verdict, and ids of the rows before are found by their verdicts.
        if not self._saves or not run.accepted or run.dropped:
            return
        steps = {name: list(astuple(counts)) for name, counts in job.steps.items()}
        reached = Reached(decided, verdicts[job.plan.leaf], self._decider.counted_rows, run.summary(), steps)
        job.checkpoint.save(job.store, reached)
