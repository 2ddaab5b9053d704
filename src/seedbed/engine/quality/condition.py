"""The condition of `--stop-if`: an expression over the figures of live quality."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from shlex import quote

from seedbed.engine.quality.figures import FEWEST, NAMES, Quality
from seedbed.errors import InvalidRowError, StopRun, UsageError
from seedbed.suggestions import did_you_mean
from seedbed.tasks.expression import Expression

_FOR_EXAMPLE = "for example --stop-if 'near_duplicates > 0.3 or refusals > 0.1'"


class StopCondition:
    """Says when a run stops for the quality of its rows; raises UsageError for what is no such condition.

    StopCondition("near_duplicates > 0.3").check(quality, "qa")

    It runs in the sandbox of prompts, so it may come from a file that a stranger wrote.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._expression = Expression(text)
        except UsageError as error:
            raise UsageError(f"--stop-if: {error.fact}", _FOR_EXAMPLE) from error
        for name in sorted(self._expression.columns - set(NAMES)):
            raise UsageError(
                f"--stop-if {text!r} uses '{name}', which is no figure of a run's quality",
                *did_you_mean(name, NAMES),
                f"figures: {', '.join(NAMES)}",
            )
        if not self._used:
            raise UsageError(f"--stop-if {text!r} uses no figure of a run's quality", _FOR_EXAMPLE)
        try:
            # Now, not after the first paid rows: `near_duplicates > 'much'` has no value.
            self._expression.holds(asdict(Quality()))
        except (InvalidRowError, UsageError) as error:
            raise UsageError(f"--stop-if: {error.fact}", _FOR_EXAMPLE) from error

    @cached_property
    def _used(self) -> tuple[str, ...]:
        return tuple(name for name in NAMES if name in self._expression.columns)

    def check(self, quality: Quality, run: str) -> None:
        """Raise StopRun if the condition holds for a quality of at least 20 rows."""
        if quality.rows < FEWEST:
            return
        figures = asdict(quality)
        if not self._expression.holds(figures):
            return
        values = ", ".join(f"{name} is {figures[name]:.3g}" for name in self._used if name != "rows")
        raise StopRun(
            f"after {quality.rows:,} rows {values or 'there are enough'}, so --stop-if {self.text!r} holds",
            f"look at the rows: `seedbed report {quote(run)}`, or `seedbed runs export {quote(run)}`",
            "without --stop-if, or with another one, the same command resumes it",
        )
