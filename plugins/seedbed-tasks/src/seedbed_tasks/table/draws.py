"""Random numbers that follow from a seed, a column and a row alone, made for a block of rows at a time.

Philox (Salmon et al., 2011, https://doi.org/10.1145/2063384.2063405) turns a key and a counter into random
bits: the key is the seed with the column's name, the counter the block. Only these bits come from numpy,
whose generators promise to keep them (NEP 19). It may change its distributions, so those are made here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from seedbed_tasks.table.permutation import permuted

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Bits: TypeAlias = npt.NDArray[np.uint64]

ROWS = 1024
"""Rows of a block. Part of what a seed means: with another number, rows would be others."""

_NUMBERS_OF_A_TRY = 16
_BELOW_1 = 1 - 2.0**-53


@dataclass(frozen=True)
class Draws:
    """The random numbers of one column for some rows of a block.

        Draws(seed=7, column="age", block=0, places=np.arange(3)).uniform()  # three numbers

    `places` are the rows' places in the block, `attempt` counts how often they're drawn again. With `strata`,
    numbers are spread evenly over that many rows: each of as many equal parts of (0, 1) has exactly one.
    """

    seed: int
    column: str
    block: int
    places: Integers
    attempt: int = 0
    strata: int | None = None

    def __len__(self) -> int:
        return len(self.places)

    @property
    def rows(self) -> Integers:
        """The indices of the rows in the whole table."""
        return self.places + self.block * ROWS

    def at(self, places: Integers) -> Draws:
        """Return the draws of other places in the block."""
        return replace(self, places=places)

    def bits(self, number: int = 0) -> Bits:
        """Return 64 random bits for each row; other bits for each `number`, counted from 0."""
        key = _key(f"{self.seed}/{self.column}", 16)
        counter = (0, self.attempt * _NUMBERS_OF_A_TRY + number, self.block, 0)
        generator = np.random.Philox(
            key=np.array([key & (2**64 - 1), key >> 64], dtype=np.uint64),
            counter=np.array(counter, dtype=np.uint64),
        )
        made: Bits = generator.random_raw(ROWS)
        return made if len(self.places) == ROWS else made[self.places]

    def uniform(self, number: int = 0) -> Floats:
        """Return a number between 0 and 1, both excluded, for each row."""
        within = ((self.bits(number) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        if self.strata is None or number:
            return within
        # The sum may round up to 1, where quantiles have no value.
        made: Floats = np.minimum((self.stratum() + within) / self.strata, _BELOW_1)
        return made

    def stratum(self) -> Integers:
        """Return the part of (0, 1) that each row is in: a permutation of `range(strata)`."""
        assert self.strata is not None
        return self.distinct(self.strata)

    def distinct(self, size: int) -> Integers:
        """Return a number below `size` for each row: no two of the first `size` rows have the same.

        Nor do the next `size` rows, which have another order.
        """
        rows = self.rows
        rounds = rows // size
        made = np.empty(len(rows), dtype=np.int64)
        for number in np.unique(rounds):
            chosen = rounds == number
            key = _key(f"{self.seed}/{self.column}/order {number}", 8)
            made[chosen] = permuted(rows[chosen] % size, size, key)
        return made


def chosen(values: Sequence[Any], places: Integers) -> list[Any]:
    """Return the values at some places."""
    return [values[place] for place in places.tolist()]


def _key(text: str, size: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest(), "little")
