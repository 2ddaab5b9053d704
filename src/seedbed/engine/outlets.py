"""Where rows leave a run: standard output, and observers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedbed.engine.observing.delivery import Observation


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


class Outlets:
    """What waits for rows to be durable; there may be nothing at all. For the loop thread."""

    def __init__(self, emission: Emission | None = None) -> None:
        self.emission = emission
        self.observation: Observation | None = None

    @property
    def are_open(self) -> bool:
        """Whether anybody waits for rows."""
        return self.emission is not None or self.observation is not None

    def begin(self, steps: Sequence[str]) -> None:
        """Take in what is known of steps whose rows may leave, before they have verdicts of this session."""
        if self.observation is not None:
            self.observation.begin(steps)

    def add(self, added: int, counts: Mapping[str, int], rows: Iterable[bytes]) -> None:
        """Take what may leave when the store's addition number `added` is durable.

        Raises what writing earlier rows has raised.
        """
        if self.observation is not None:
            self.observation.add(added, counts)
        if self.emission is not None:
            self.emission.add(added, rows)
            if self.emission.error is not None:
                raise self.emission.error

    def release(self, durable: int) -> None:
        """Let go what follows from additions up to number `durable`."""
        if self.emission is not None:
            self.emission.release(durable)
        if self.observation is not None:
            self.observation.release(durable)
