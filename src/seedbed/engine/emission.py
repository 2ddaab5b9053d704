"""Rows on their way out of a run: each leaves it when it is durable, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable


class Emission:
    """Holds accepted rows until the store has what they follow from, and gives them to `write`.

    Lives on the loop thread. What `write` raises is kept in `error`: it comes from the loop, where nobody
    would catch it.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._waiting: deque[tuple[int, Iterable[bytes]]] = deque()
        self._durable = 0
        self.error: Exception | None = None

    def add(self, durable: int, rows: Iterable[bytes]) -> None:
        """Take rows that may leave when the store's addition number `durable` is."""
        self._waiting.append((durable, rows))
        self.release(self._durable)

    def release(self, durable: int) -> None:
        """Let go what follows from additions up to number `durable`."""
        self._durable = durable
        while self.error is None and self._waiting and self._waiting[0][0] <= durable:
            _, rows = self._waiting.popleft()
            try:
                for row in rows:
                    self._write(row)
            except Exception as error:  # noqa: BLE001 - raised where the run can end
                self.error = error
