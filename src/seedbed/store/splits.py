"""The split that each row of a dataset belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from seedbed.store.run_queries import RunQueries

# What the only split is called, there and here, if a dataset isn't split.
WHOLE = "train"


class Splits:
    """Gives each row one of the splits by its id, and all rows that come from one row the same.

        Splits({"train": 0.9, "test": 0.1}, seed=7).of("12/0")

    A row's split depends on its id, the shares and the seed alone: it stays when the run gets more rows.
    """

    def __init__(self, shares: Mapping[str, float], seed: int = 0) -> None:
        self._shares = dict(shares)
        self._seed = seed
        self.names = tuple(shares)

    def of(self, row: str) -> str:
        """Return the split of the row with this id."""
        # Rows made from one row have its id in front: `12/0` and `12/1/3` come from `12`.
        text = f"{self._seed}:{row.partition('/')[0]}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        # 53 bits, as many as a float has: all 64 would round up to 1.
        left = (int.from_bytes(digest) >> 11) / 2**53
        for name, share in self._shares.items():
            left -= share
            if left < 0:
                return name
        # The shares may make a little less than 1 as floating-point numbers.
        return self.names[-1]


class RowIds:
    """The ids of the accepted rows of a leaf, in order; can be iterated any number of times."""

    def __init__(self, queries: RunQueries, leaf: str) -> None:
        self._queries = queries
        self._leaf = leaf

    def __iter__(self) -> Iterator[str]:
        return (one.row for one in self._queries.verdicts(self._leaf) if one.verdict == "accepted")
