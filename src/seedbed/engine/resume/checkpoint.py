"""How far a run over a file has got: if resumed, the rows before that are neither parsed nor decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from seedbed.store import RunStore

EVERY = 2048
"""Items between two checkpoints: after a kill, so many rows are read again at most."""

_MARK = "checkpoint"


class Reached(NamedTuple):
    """The items that are decided, the verdicts on them, the rows that count, and the run's counts so far.

    `steps` has the counts of each step, in the order of `StepCounts`.
    """

    items: int
    verdicts: int
    counted: int
    summary: dict[str, Any]
    steps: dict[str, list[int]]


class Checkpoint:
    """The mark that says how far a run has got.

    `key` is a digest of everything that the rows follow from, None if it's unknown: a checkpoint of another
    input or other steps doesn't count.
    """

    # Verdicts are in order and are written before the mark, so whatever moment the process is killed at,
    # there are at least as many as it says.

    def __init__(self) -> None:
        self.key: bytes | None = None

    def is_in(self, store: RunStore) -> bool:
        """Whether there's one, of this run or of another."""
        return bool(store.get_mark(_MARK))

    def find(self, store: RunStore, wanted: int | None) -> Reached | None:
        """Return how far this same run had got; None if it's unknown, or more than is wanted now."""
        mark = store.get_mark(_MARK)
        if self.key is None or not isinstance(mark, bytes) or not mark.startswith(self.key):
            return None
        reached = Reached(*orjson.loads(mark[len(self.key) :]))
        return None if wanted is not None and reached.counted > wanted else reached

    def save(self, store: RunStore, reached: Reached) -> None:
        """Note how far the run has got; all verdicts up to there have been added."""
        if self.key is not None:
            store.set_mark(_MARK, self.key + orjson.dumps(tuple(reached)))

    def forget(self, store: RunStore) -> None:
        """Remove the mark, before verdicts change that it speaks of."""
        if store.get_mark(_MARK):
            store.set_mark(_MARK, b"")


def decided_ids(store: RunStore, leaf: str, verdicts: int) -> Iterator[str]:
    """Yield the ids of the items that the first verdicts of a leaf are about."""
    for verdict in store.verdicts(leaf):
        if verdict.seq >= verdicts:
            return
        yield verdict.row.partition("/")[0]
