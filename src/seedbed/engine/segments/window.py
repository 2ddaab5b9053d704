"""What a segment's runner, the gate and the engine need of a window: verdicts in order, and an end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable

from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.row_block import RowBlock


def nothing() -> None:
    """Do nothing: what isn't notified of anything, or no longer."""


def always() -> bool:
    """Return True: what a window that has ended is held back by."""
    return True


class Window(ABC):
    """Takes items of a source through the steps of a segment, and yields their verdicts in order.

    `on_change` is called when an item settles, and before the window waits; `on_failure` when an item raised
    an error that every other item would meet: calls in flight have a while to finish from then on.
    """

    on_change: Callable[[], None] = staticmethod(nothing)
    on_failure: Callable[[], None] = staticmethod(nothing)

    @abstractmethod
    def decided(self) -> AsyncGenerator[ItemOutcome | RowBlock]:
        """Yield the verdict of each item; a window whose items settle in blocks yields those."""

    @abstractmethod
    def wake(self) -> None:
        """Check again what can be started and what is done."""

    @abstractmethod
    def drain(self) -> None:
        """Start nothing more; items in flight may finish."""

    async def finish(self) -> None:
        """Start nothing more, and return when what is in flight has finished, or has been cut off."""

    @abstractmethod
    def cancel(self) -> None:
        """Cancel the items in flight."""

    @property
    @abstractmethod
    def running(self) -> int:
        """The number of items in flight that haven't settled."""

    @property
    @abstractmethod
    def is_stuck(self) -> bool:
        """Whether nothing can be started or decided until the first item in flight settles."""
