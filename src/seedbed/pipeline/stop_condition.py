"""The condition that stops a run: an expression over the figures of its quality."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from seedbed.errors import InvalidRowError, StopRun, UsageError
from seedbed.suggestions import did_you_mean
from seedbed.tasks.templates.expression import Expression

FIGURES = (
    "rows",
    "near_duplicates",
    "repeated_openings",
    "refusals",
    "novelty",
    "length_drift",
    "reasked",
)
"""The names that a condition may use: the fields of `Quality`."""

FEWEST = 20
"""Rows from which figures are judged: a share of fewer says little."""

_FOR_EXAMPLE = "for example 'near_duplicates > 0.3 or refusals > 0.1'"


class StopCondition:
    """Says when a run stops for the quality of its rows; raises UsageError for what is no such condition.

    StopCondition("near_duplicates > 0.3").check(asdict(quality), "qa")

    It runs in the sandbox of prompts, so it may come from a file that a stranger wrote.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._expression = Expression(text)
        except UsageError as error:
            raise UsageError(f"the stop condition is wrong: {error.fact}", _FOR_EXAMPLE) from error
        for name in sorted(self._expression.columns - set(FIGURES)):
            raise UsageError(
                f"the stop condition {text!r} uses '{name}', which isn't a figure of a run's quality",
                *did_you_mean(name, FIGURES),
                f"figures: {', '.join(FIGURES)}",
            )
        if not self._expression.columns:
            raise UsageError(f"the stop condition {text!r} uses no figure of a run's quality", _FOR_EXAMPLE)
        try:
            # Now, not after the first paid rows: `near_duplicates > 'much'` has no value.
            self._expression.holds(dict.fromkeys(FIGURES, 0.0))
        except (InvalidRowError, UsageError) as error:
            raise UsageError(f"the stop condition is wrong: {error.fact}", _FOR_EXAMPLE) from error

    def check(self, figures: Mapping[str, float], run: str) -> None:
        """Raise StopRun if the condition holds for the figures of at least 20 rows."""
        if figures["rows"] < FEWEST or not self._expression.holds(dict(figures)):
            return
        used = [name for name in FIGURES if name in self._expression.columns and name != "rows"]
        values = ", ".join(f"{name} is {figures[name]:.3g}" for name in used)
        what = f"after {figures['rows']:,} rows {values or 'there are enough'}"
        raise StopRun(
            f"{what}, so the stop condition {self.text!r} holds",
            f"look at the rows: `seedbed report {quote(run)}`, or `seedbed runs export {quote(run)}`",
            "without --stop-if, or with another one, the same command resumes it (stop_if= in Python)",
        )
