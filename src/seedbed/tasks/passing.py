"""A step that hands rows on as they are."""

from __future__ import annotations

from typing import ClassVar

from seedbed.tasks.rows import Row
from seedbed.tasks.steps import Step


class Pass(Step):
    """Hands each row on as it is: the route of rows that need nothing."""

    keeps: ClassVar[bool] = True

    def process(self, row: Row) -> Row:
        """Return the row."""
        return row
