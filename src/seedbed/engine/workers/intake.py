"""What workers tell, put where the run keeps it: in the store, the journal, the counts and the budget."""

from __future__ import annotations

from pathlib import Path

from seedbed.engine.engine import Job
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.workers.budgets import WorkerReservations
from seedbed.engine.workers.worker_handle import WorkerHandle
from seedbed.engine.workers.worker_messages import (
    Addition,
    FileRead,
    Mark,
    News,
    Replacing,
    Reserve,
    Return,
    Reused,
)
from seedbed.llm.budget.budget import Budget
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.llm.calling.sent import FailedCallTry
from seedbed.store import Call, Result


class Intake:
    """Takes additions in the order in which a worker made them, and its totals."""

    def __init__(self, job: Job, journal: RunJournal, counts: CallCounts, budget: Budget | None) -> None:
        self._job = job
        self._journal = journal
        self._counts = counts
        self._reservations = WorkerReservations(budget)
        self._files = {step.name: step._noted_by for step in job.plan.steps}

    def take(self, worker: WorkerHandle, news: News) -> None:
        """Take everything but outcomes: those come after what they refer to."""
        for addition in news.additions:
            self._add(worker, addition)
        worker.add_totals(news, self._counts, self._job.steps, self._journal.kept)
        self._note_waiting(worker, news)

    def forget(self, worker: WorkerHandle) -> None:
        """Take back what a lost worker had in flight and had reserved."""
        worker.forget_in_flight(self._counts)
        self._reservations.forget(worker)

    def close(self) -> None:
        """Let go of reservations."""
        self._reservations.close()

    def _add(self, worker: WorkerHandle, addition: Addition) -> None:
        store, journal = self._job.store, self._journal
        if isinstance(addition, Call):
            store.add_call(addition)
        elif isinstance(addition, Result):
            store.add_result(addition)
        elif isinstance(addition, Mark):
            store.set_mark(addition.name, addition.value)
        elif isinstance(addition, Reserve):
            self._reservations.reserve(worker, addition)
        elif isinstance(addition, Return):
            self._reservations.give_back(worker, addition)
        elif isinstance(addition, Replacing):
            journal.on_replacing()
        elif isinstance(addition, Reused) and journal.observation is not None:
            journal.observation.reuse(addition.number)
        elif isinstance(addition, FailedCallTry) and journal.observation is not None:
            journal.observation.fail(addition)
        elif isinstance(addition, FileRead) and (noted := self._files[addition.step]) is not None:
            noted(Path(addition.path))

    def _note_waiting(self, worker: WorkerHandle, news: News) -> None:
        if news.waiting_calls == worker.waiting_calls:
            return
        self._journal.waiting |= news.waiting
        self._journal.waiting_calls += news.waiting_calls - worker.waiting_calls
        worker.waiting_calls = news.waiting_calls
        self._journal.on_waiting()
