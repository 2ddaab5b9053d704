"""The run that `seedbed.run` returns: counts, rows and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from seedbed.counts import count_or_no
from seedbed.durations import duration
from seedbed.engine.failure import Failure
from seedbed.engine.quality.figures import Quality
from seedbed.engine.resume.found import Found
from seedbed.engine.rows_short import dropped_lines, short_lines
from seedbed.engine.run_rows import RunRows
from seedbed.errors import SeedbedError
from seedbed.llm.budget.money import dollars
from seedbed.llm.calling.blocked_loop import blocking_notes
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.llm.visible_text import visible
from seedbed.store import RunStore
from seedbed.store.row_names import row_names
from seedbed.tasks.rows import Row

_KEPT_FAILURES = 1000
_ROWS_OF_PAGE = 10
_REASONS_OF_PAGE = 5
_NAMES_OF_REASON = 5
_SHOWN_REASONS = 3

Outcome = Literal["complete", "incomplete", "interrupted", "stopped"]
"""`incomplete`: rows failed or the source ended early; `stopped`: at a cap, or by an error of all rows."""


@dataclass(repr=False)
class Run(RunRows):
    """A run and its counts, which are live while it's running.

        made = seedbed.run("qa-pairs", n=100, llm="openai/gpt-4.1-mini")
        print(made)
        rows = list(made)

    `accepted` rows of the `wanted` ones (None: as many as there are) are in the dataset; `failed` and
    `rejected` count indices or input rows. `folder` is where the run is kept, None if it lives as long as
    this object; `outputs` are the files, folders and addresses of the dataset, once it's written, and `out`
    is the first file or folder. `found` says what a resumed run had before. `seconds` and `calls` (tries,
    tokens, dollars) are those of this session. `tried` is the number of indices tried, if rows are missing
    because no more may be tried; otherwise None. `gathered` is the number of rows that came to a step over
    all rows, such as `sort`, if they are fewer than were asked for; otherwise None. `missing` says what steps
    such as `balance` still lacked when there were no more rows.

    `quality` says what the texts that models wrote are like so far; None if none did, or if it isn't
    measured.

    `outcome` is `complete`; `incomplete` if rows failed or the source ended early; `interrupted`; or
    `stopped`, then `stopped_by` is the error. `failures` are the first thousand failed rows. `reasons` and
    `rejections` count all failed and rejected rows by their reason, `advice` has the further lines of a
    rejection's reason if all rows have the same ones, and `dropped` counts for each step the rows that it
    returned nothing for. `notes` say what is odd but no failure. They're made from `odd` (defaults that don't
    fit) and `blocked` (the seconds for which an author's code blocked all calls, by place).
    """

    name: str
    wanted: int | None
    seed: int = 0
    accepted: int = 0
    failed: int = 0
    rejected: int = 0
    outcome: Outcome = "incomplete"
    seconds: float = 0.0
    outputs: list[str] = field(default_factory=list)
    folder: Path | None = None
    leaf: str = ""
    found: Found | None = None
    tried: int | None = None
    gathered: int | None = None
    missing: list[str] = field(default_factory=list)
    calls: CallCounts = field(default_factory=CallCounts)
    failures: list[Failure] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    advice: dict[str, tuple[str, ...]] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    stopped_by: Exception | None = None
    odd: list[str] = field(default_factory=list)
    quality: Quality | None = None
    blocked: Mapping[str, float] = field(default_factory=dict)
    store: RunStore | None = field(default=None, repr=False)
    """The store of a run that lives as long as this object."""

    def __str__(self) -> str:
        of = f"{self.accepted} of " if self.wanted is not None else ""
        rows = count_or_no(self.accepted if self.wanted is None else self.wanted, "row")
        counts = f"{of}{rows}, {self.failed} failed, {self.rejected} rejected"
        reasons = [*self.reasons.most_common(_SHOWN_REASONS), *self.rejections.most_common(_SHOWN_REASONS)]
        stopped = [f"stopped by: {self.stopped_by}"] if self.stopped_by else []
        lines = [f"run '{self.name}' is {self.outcome}: {counts}", *stopped]
        lines += [f"{count_or_no(count, 'time')}: {reason}" for reason, count in reasons]
        if self.outcome == "incomplete":
            lines += [*dropped_lines(self), *short_lines(self)]
        return "\n  ".join(lines)

    def __repr__(self) -> str:
        # What a shell shows: the generated repr had a thousand failures with all fields, and what models
        # wrote unescaped.
        return visible(str(self))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the counts, why rows are missing, and the first rows."""
        return _page_of(self)

    def restore(self, summary: Mapping[str, Any]) -> None:
        """Take over the counts of an earlier session that finished the run."""
        self.accepted, self.failed, self.rejected = (
            summary["accepted"],
            summary["failed"],
            summary["rejected"],
        )
        self.outcome = summary["outcome"]
        self.tried, self.gathered = summary.get("tried"), summary.get("gathered")
        self.missing = [*summary.get("missing", ())]
        self.quality = Quality.of_json(summary.get("quality"))
        self.reasons.update(summary["reasons"])
        self.rejections.update(summary["rejections"])
        self.dropped.update(summary.get("dropped", {}))
        self.failures += [
            Failure(
                one["row"],
                one["step"],
                one["kind"],
                one["reason"],
                one["tries"],
                source=one.get("source") or "",
            )
            for one in summary["failures"]
        ]

    def fail(self, failure: Failure) -> None:
        """Count a failed row and its reason; the first thousand are kept."""
        self.failed += 1
        _count(self.reasons, failure)
        # All of them are in the store (`failed_rows`); memory must not grow with the rows.
        if len(self.failures) < _KEPT_FAILURES:
            self.failures.append(failure)

    def reject(self, rejection: Failure) -> None:
        """Count a rejected row and its reason."""
        self.rejected += 1
        _count(self.rejections, rejection)
        first, *rest = rejection.reason.splitlines() or [""]
        if first in self.advice or len(self.advice) < _KEPT_FAILURES:
            lines = tuple(line.strip() for line in rest)
            # What differs, such as the earlier row that a copy is like, is about its own row alone.
            if self.advice.setdefault(first, lines) != lines:
                self.advice[first] = ()

    @property
    def out(self) -> Path | None:
        """The first file or folder with the dataset, if one was made."""
        return next((Path(one) for one in self.outputs if "://" not in one), None)

    @property
    def notes(self) -> list[str]:
        """What is odd about this session but no failure: a fact each, then indented lines of advice."""
        return [*self.odd, *blocking_notes(dict(self.blocked), self.seconds)]

    def summary(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "name": self.name,
            "outcome": self.outcome,
            "wanted": self.wanted,
            "accepted": self.accepted,
            "failed": self.failed,
            "rejected": self.rejected,
            "tried": self.tried,
            "gathered": self.gathered,
            "missing": self.missing,
            "rejections": dict(self.rejections.most_common(_KEPT_FAILURES)),
            "dropped": dict(self.dropped),
            "stopped_by": str(self.stopped_by) if self.stopped_by else None,
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
            "calls": self.calls.answered,
            "retried": self.calls.retried,
            "step_seconds": {step: round(taken, 3) for step, taken in self.calls.step_seconds.items()},
            "truncated": self.calls.truncated,
            "truncated_steps": dict(self.calls.truncated_steps),
            "ended_otherwise": dict(self.calls.ended_otherwise),
            "input_tokens": self.calls.usage.input_tokens,
            "output_tokens": self.calls.usage.output_tokens,
            "out": next(iter(self.outputs), None),
            "outputs": list(self.outputs),
            "folder": str(self.folder) if self.folder else None,
            "cost": self.calls.cost,
            "kept": self.found.rows if self.found else 0,
            "replayed": self.calls.replayed,
            "quality": self.quality.as_json() if self.quality else None,
            "reasons": dict(self.reasons),
            "failures": [
                {
                    "row": f.row,
                    "source": f.source or None,
                    "step": f.step,
                    "kind": f.kind,
                    "reason": f.reason,
                    "tries": f.tries,
                }
                for f in self.failures
            ],
        }


def _count(reasons: Counter[str], failure: Failure) -> None:
    """Count a reason by its first line; after a thousand different ones, the rest count together."""
    reason = next(iter(failure.reason.splitlines()), "") or "no reason given"
    reasons[reason if reason in reasons or len(reasons) < _KEPT_FAILURES else "other reasons"] += 1


def progress_text(run: Run, seconds: float, said: str = "") -> str:
    """Return the counts of a run in a line: '12 of 100 rows, 1 failed, 4.2 s, 13 calls, ...'."""
    of = f" of {run.wanted:,}" if run.wanted is not None else ""
    calls, usage = run.calls, run.calls.usage
    cost = dollars(calls.cost) if calls.cost else ""
    texts = (
        said,
        f"{run.accepted:,}{of} rows",
        *(
            f"{count:,} {word}"
            for count, word in ((run.failed, "failed"), (run.rejected, "rejected"))
            if count
        ),
        duration(seconds),
        f"{calls.answered:,} calls" if calls.answered else "",
        f"{usage.input_tokens:,} input + {usage.output_tokens:,} output tokens" if calls.answered else "",
        cost,
    )
    return ", ".join(text for text in texts if text)


def _page_of(run: Run) -> str:
    """Return a run as HTML: its counts, why rows are missing, and the first rows."""
    from seedbed.engine.html_tables import rows_html, shown

    rows = _first_rows(run)
    more = run.accepted - len(rows)
    reasons = [
        *(
            f"{count:,} failed: {_with_names(run, reason)}"
            for reason, count in run.reasons.most_common(_REASONS_OF_PAGE)
        ),
        *(f"{count:,} rejected: {reason}" for reason, count in run.rejections.most_common(_REASONS_OF_PAGE)),
    ]
    missing = "".join(f"<li>{shown(reason)}</li>" for reason in reasons)
    return "".join(
        [
            f"<p><b>{shown(run.name)}</b>, {run.outcome}: {shown(progress_text(run, run.seconds))}</p>",
            f"<p>stopped by: {shown(str(run.stopped_by))}</p>" if run.stopped_by else "",
            f"<ul>{missing}</ul>" if missing else "",
            rows_html(rows),
            f"<p>and {more:,} more: <code>run.rows()</code></p>" if more > 0 and rows else "",
        ]
    )


def _first_rows(run: Run) -> list[Row]:
    try:
        return list(islice(run.rows(), _ROWS_OF_PAGE))
    except SeedbedError:
        # The folder may have been removed since. The summary still shows; `rows()` raises the error.
        return []


def _with_names(run: Run, reason: str) -> str:
    alike = [failure for failure in run.failures if failure.reason.partition("\n")[0] == reason]
    names = row_names((failure.row, failure.source) for failure in alike[:_NAMES_OF_REASON])
    more = " ..." if len(alike) > _NAMES_OF_REASON else ""
    return f"{reason} ({names}{more})" if alike else reason
