"""A step that passes rows through unchanged."""

from __future__ import annotations

from typing import ClassVar

from seedbed.tasks.rows import Row
from seedbed.tasks.steps import Step


class Pass(Step):
    """Passes each row through unchanged: the route for rows that need no work.

        draft >> [when("score < 5", Revise()), otherwise(Pass())] >> publish

    It's useful in forks, since every route needs a step.
    """

    keeps: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    def process(self, row: Row) -> Row:
        """Return the row."""
        return row
