"""A part of a run's rows, for a machine of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

from seedbed.errors import UsageError

T = TypeVar("T")

_FORM = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


class Shard(NamedTuple):
    """The `number`-th of `of` parts of the rows, counted from 1: every `of`-th row from there on.

        Shard.parse("3/16")

    Not a range of rows: how many a generator makes isn't known before, and neighbours in a file are alike.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that `3/16` means; raise UsageError for anything else."""
        found = _FORM.fullmatch(text.strip())
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(
                f"{text!r} is not a shard",
                "write --shard 3/16 (shard='3/16' in Python) for the third of 16; they're counted from 1",
                "in a Slurm array: #SBATCH --array=1-16 and --shard $SLURM_ARRAY_TASK_ID/16",
            )
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def of_items(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items of this shard."""
        return islice(items, self.number - 1, None, self.of)

    def share(self, n: int | None) -> int | None:
        """Return how many of `n` rows this shard makes."""
        return None if n is None else len(range(self.number - 1, n, self.of))
