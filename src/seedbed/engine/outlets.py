"""Where rows leave a run: standard output, and observers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from seedbed.engine.emission import Emission

if TYPE_CHECKING:
    from seedbed.engine.observing.delivery import Observation


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
