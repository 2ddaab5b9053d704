"""How many rows each step took and made in a session, for displays."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedbed.engine.failure import Failure


@dataclass(slots=True)
class StepCounts:
    """Rows of one step: how many it took and made; of those taken, how many passed, were refused or failed.

    `refused` counts rows that the step rejected or dropped. Rows kept from earlier sessions count as well.
    """

    taken: int = 0
    made: int = 0
    passed: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def settled(self) -> int:
        """The rows that the step is done with; for a step that takes no rows, those that it made."""
        return self.passed + self.refused + self.failed if self.taken else self.made

    @property
    def pass_rate(self) -> float | None:
        """The share of rows that passed, of those that didn't fail; None if none was refused."""
        return self.passed / (self.passed + self.refused) if self.refused else None

    def add(self, made: int, has_failed: bool) -> None:
        """Count what became of a row: how many rows the step made from it, and whether it failed."""
        self.made += made
        if made:
            self.passed += 1
        elif has_failed:
            self.failed += 1
        else:
            self.refused += 1

    def turn_away(self) -> None:
        """Count a row as refused that had passed: it was a duplicate, or no route took it."""
        # A source's rows are counted as made, never as passed: `passed` may be 0 already.
        self.passed, self.refused = max(0, self.passed - 1), self.refused + 1


class StepTally(defaultdict[str, StepCounts]):
    """The counts of each step, by its name."""

    def __init__(self) -> None:
        super().__init__(StepCounts)

    def note(self, rejection: Failure) -> None:
        """Count a rejection that didn't come from the step itself."""
        if rejection.kept_as:
            self[rejection.step].turn_away()
