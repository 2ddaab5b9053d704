"""What became of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from seedbed.errors import SeedbedError
from seedbed.llm.sender import CallCounts
from seedbed.plugins.origin import where
from seedbed.store.readers import read_rows
from seedbed.tasks.rows import Row

_KEPT_FAILURES = 1000
_SHOWN_REASONS = 3

Outcome = Literal["complete", "incomplete", "interrupted", "stopped"]
"""`incomplete`: rows failed or the source ended early; `stopped`: an error that every row would meet."""


class Failure(NamedTuple):
    """A row that could not be made: its id, the step it failed in, and why."""

    row: str
    step: str
    error: Exception

    @property
    def reason(self) -> str:
        """The error, and for one of an author's own code the line that raised it."""
        if isinstance(self.error, SeedbedError):
            return str(self.error)
        place = where(self.error)
        raised = f"\n  raised in {place}" if place else ""
        return f"{type(self.error).__name__}: {self.error}{raised}"


@dataclass
class Run:
    """A run and its counts, live while it goes on.

    `wanted` rows (None: as many as there are), of which `accepted` are in the dataset; `failed` and
    `rejected` count indices or input rows. `out` is the dataset's file, `partial` the file of the rows
    of a run that did not come to its end.
    """

    name: str
    wanted: int | None
    seed: int = 0
    accepted: int = 0
    failed: int = 0
    rejected: int = 0
    outcome: Outcome = "incomplete"
    seconds: float = 0.0
    out: Path | None = None
    partial: Path | None = None
    calls: CallCounts = field(default_factory=CallCounts)
    failures: list[Failure] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    stopped_by: Exception | None = None
    kept: list[Row] = field(default_factory=list, repr=False)

    def __str__(self) -> str:
        of = f" of {self.wanted}" if self.wanted is not None else ""
        counts = f"{self.accepted}{of} rows, {self.failed} failed, {self.rejected} rejected"
        reasons = [*self.reasons.most_common(_SHOWN_REASONS), *self.rejections.most_common(_SHOWN_REASONS)]
        stopped = [f"stopped by: {self.stopped_by}"] if self.stopped_by else []
        lines = [f"run '{self.name}' is {self.outcome}: {counts}", *stopped]
        return "\n  ".join([*lines, *(f"{count} times: {reason}" for reason, count in reasons)])

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the dataset, from its file where it has one."""
        file = self.out or self.partial
        if file is None or not file.exists():
            return iter(self.kept)
        return read_rows(file)

    def fail(self, failure: Failure) -> None:
        """Count a failed row; the first thousand are kept, and every kind of reason is counted."""
        self.failed += 1
        _count(self.reasons, failure)
        if len(self.failures) < _KEPT_FAILURES:
            self.failures.append(failure)

    def reject(self, rejection: Failure) -> None:
        """Count a rejected row and its reason."""
        self.rejected += 1
        _count(self.rejections, rejection)

    def summary(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "name": self.name,
            "outcome": self.outcome,
            "wanted": self.wanted,
            "accepted": self.accepted,
            "failed": self.failed,
            "rejected": self.rejected,
            "rejections": dict(self.rejections.most_common(_KEPT_FAILURES)),
            "stopped_by": str(self.stopped_by) if self.stopped_by else None,
            "seconds": round(self.seconds, 3),
            "calls": self.calls.answered,
            "retried": self.calls.retried,
            "truncated": self.calls.truncated,
            "input_tokens": self.calls.usage.input_tokens,
            "output_tokens": self.calls.usage.output_tokens,
            "out": str(self.out) if self.out else None,
            "partial": str(self.partial) if self.partial else None,
            "failures": [{"row": f.row, "step": f.step, "reason": f.reason} for f in self.failures],
        }


def _count(reasons: Counter[str], failure: Failure) -> None:
    """Count a reason by its first line; those behind the first thousand kinds count as one."""
    reason = next(iter(failure.reason.splitlines()), "") or "no reason given"
    reasons[reason if reason in reasons or len(reasons) < _KEPT_FAILURES else "other reasons"] += 1
