"""The progress of a run, for people: lines of text, or a live bar on a terminal."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from seedbed.cli.terminal.counting import cost_text, count_if_any, rate_text, tries_text
from seedbed.cli.terminal.printing import echo, in_one_line
from seedbed.cli.terminal.rates import Rate
from seedbed.counts import tokens_text
from seedbed.durations import duration

if TYPE_CHECKING:
    from seedbed.engine.run import Run
    from seedbed.engine.session import Session
    from seedbed.llm.budget.budget import Cap

_LINE_SECONDS, _MOST_LINE_SECONDS = 5.0, 300.0
"""The time between two lines doubles up to 5 minutes: a log of a long run shouldn't be all progress."""
_QUIET_LOADING_SECONDS = 1.0
"""How long loading may take before a line says so."""
_PATIENT_SECONDS = 2.0
"""How long calls may fail before it's said: most servers that refuse one answer the next try."""


class Progress:
    """Prints messages and shows no progress; the base of the other displays.

    Only the main thread uses it, and calls `update` about five times a second.
    """

    def __init__(self, session: Session) -> None:
        self.run = session.run
        self._session = session
        self._rate = Rate()
        self._begun = time.monotonic()
        self._found = session.run.found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the terminal."""

    def update(self) -> None:
        """Show the current counts."""

    def say(self, text: str) -> None:
        """Show a message."""
        echo(text, err=True)

    @property
    def is_loading(self) -> bool:
        """Whether models and steps are still loading."""
        return self._session.is_loading

    @property
    def settled(self) -> int:
        """The rows that need no more work."""
        return self.run.accepted + self.run.failed

    def loading_text(self) -> str:
        """Say what is being loaded."""
        models = dict.fromkeys(backend.reference for backend in self._session.plan.backends)
        return f"loading {', '.join(models) or self.run.name}"

    def rate(self) -> float:
        """Return the rows settled per second over the last half minute, and note the current count."""
        now = time.monotonic()
        if self.is_loading or self.run.found is not self._found:
            # Rows of earlier sessions were counted all at once: they tell nothing about the speed.
            self._found = self.run.found
            self._rate.forget()
        return self._rate.at(now, self.settled)

    def details(self, rate: float) -> list[str]:
        """Return time, rate, calls, cost: '12 s', '3.4 rows/s', '12 calls', '8 input + 16 output tokens'."""
        calls = self.run.calls
        texts = (
            duration(time.monotonic() - self._begun),
            rate_text(rate),
            count_if_any(calls.answered, "call"),
            tokens_text(calls.usage.input_tokens, calls.usage.output_tokens),
            cost_text(calls.cost),
            tries_text(calls.retried, calls.refused),
            self.left(rate),
        )
        return [text for text in texts if text]

    def quality_texts(self) -> list[str]:
        """Return what is notable about the rows so far: '31 % near duplicates', mostly nothing."""
        return self.run.quality.notable() if self.run.quality is not None else []

    def left(self, rate: float) -> str:
        """Return the time left in words, or nothing if it isn't known."""
        if self.run.wanted is None or rate <= 0 or self.settled >= self.run.wanted:
            return ""
        return f"about {duration((self.run.wanted - self.settled) / rate)} left"

    def unanswered_text(self) -> str:
        """Return what keeps calls from being answered, if none was for seconds; mostly nothing.

        "no answer for 4 s, 3 tries failed: cannot reach 'http://host': Connection refused; trying again"
        """
        failing = self.run.calls.unanswered
        if failing is None or (seconds := time.monotonic() - failing.since) < _PATIENT_SECONDS:
            return ""
        tries = tries_text(failing.tries)
        return f"no answer for {duration(seconds)}, {tries}: {in_one_line(failing.fact)}; trying again"

    def budget_texts(self) -> list[str]:
        """Return what is left of each cap: '$0.38 of $0.50', '1,200 of 5,000 tokens', '3 min of 10 min'."""
        budget = self._session.budget
        return [] if budget is None else [_cap_text(cap) for cap in budget.caps]


class NoProgress(Progress):
    """Shows nothing at all: for when standard error is JSON."""

    def say(self, text: str) -> None:
        """Drop the message."""


class LineProgress(Progress):
    """A plain line on stderr, first after a few seconds, then ever more rarely."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._last_line = time.monotonic()
        self._wait = _LINE_SECONDS
        self._has_said_loading = False
        self._next_unanswered = 0.0

    def update(self) -> None:
        """Write a line if the last one was long enough ago."""
        now = time.monotonic()
        rate = self.rate()
        if self.is_loading:
            if not self._has_said_loading and now - self._begun > _QUIET_LOADING_SECONDS:
                self._has_said_loading = True
                self.say(f"{self.loading_text()} ...")
        elif now > self._next_unanswered and (text := self.unanswered_text()):
            self._next_unanswered = now + self._wait
            self.say(text)
        elif now - self._last_line > self._wait:
            self._last_line = now
            self._wait = min(2 * self._wait, _MOST_LINE_SECONDS)
            self.say(", ".join([rows_text(self.run), *self.quality_texts(), *self.details(rate)]))


def _cap_text(cap: Cap) -> str:
    if cap.kind == "cost":
        return f"{cost_text(cap.left) or '$0.00'} of {cost_text(cap.most)}"
    if cap.kind == "tokens":
        return f"{cap.left:,.0f} of {cap.most:,.0f} tokens"
    return f"{duration(cap.left)} of {duration(cap.most)}"


def rows_text(run: Run) -> str:
    """Return the counts of rows: '12 of 100 rows, 3 rejected, 1 failed'."""
    of = f" of {run.wanted:,}" if run.wanted is not None else ""
    noun = "row" if (run.wanted or run.accepted) == 1 else "rows"
    rejected = f", {run.rejected:,} rejected" if run.rejected else ""
    failed = f", {run.failed:,} failed" if run.failed else ""
    return f"{run.accepted:,}{of} {noun}{rejected}{failed}"
