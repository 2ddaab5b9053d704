"""Rows through steps that do next to nothing: what the engine itself costs."""

from __future__ import annotations

from tests.benchmarks.child import Clock, in_child
from tests.benchmarks.finding import Finding, median

from seedbed import Row, Step, run

ROWS = 20_000


class Trimmed(Step):
    """Cuts the spaces off a text."""

    def process(self, row: Row) -> Row:
        """Return the row with its text trimmed."""
        return {**row, "text": row["text"].strip()}


class Measured(Step):
    """Counts the characters of a text."""

    def process(self, row: Row) -> Row:
        """Return the row with the length of its text."""
        return {**row, "length": len(row["text"])}


class Marked(Step):
    """Says whether a text is long."""

    def process(self, row: Row) -> Row:
        """Return the row with its mark."""
        return {**row, "is_long": row["length"] > 20}


def measure(rounds: int) -> list[Finding]:
    """Take the time of 20,000 rows."""
    return [
        Finding(
            what="20,000 rows through 3 trivial steps",
            unit="s",
            found=median(in_child("measures.trivial_steps", "make_rows") for _ in range(rounds)),
            required=2.0,
            aim=1.0,
            at_most=True,
        )
    ]


def make_rows() -> float:
    """Take the rows through the steps, and return the seconds that it took."""
    clock, rows = Clock(), [{"number": number, "text": f"  seed number {number} "} for number in range(ROWS)]
    with clock.running():
        made = run(Trimmed() >> Measured() >> Marked(), input=rows, name="steps", out="steps.jsonl")
    if made.accepted != ROWS:
        raise RuntimeError(str(made))
    return clock.wall
