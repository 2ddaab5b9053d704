"""Flows of a segment that are elsewhere: workers apply its steps."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeAlias

from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.segments import Segment
from seedbed.engine.sources.sources import Item

Settle: TypeAlias = Callable[[Item, int], Coroutine[Any, Any, ItemOutcome]]
"""Returns what became of an item at a position; raises an error that every other item would meet."""


class RemoteFlows(Protocol):
    """The workers that apply the steps of a segment, in place of its flow."""

    lookahead: int
    """Items that may be in flight or wait for an earlier one."""

    @property
    def has_enough(self) -> bool:
        """Whether a new item would only wait, on every worker."""

    def begin(self, segment: Segment, *, replaces: bool, judged: bool, is_whole: bool) -> Settle:
        """Begin a segment, and return what settles its items.

        If rows are `judged`, their prompts are needed, and with `is_whole` all rows on the way.
        """
