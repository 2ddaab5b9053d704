"""The split that each row of a dataset belongs to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import compress
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import orjson

from seedbed.errors import DatasetError
from seedbed.suggestions import did_you_mean
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    from seedbed.store.run_queries import RunQueries

_NAME = re.compile(r"\w+(\.\w+)*", re.ASCII)

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


@runtime_checkable
class ChosenRows(Protocol):
    """Some of the accepted rows of a leaf, in order."""

    def are_kept(self) -> Iterator[bool]:
        """Yield of each accepted row, in order, whether it's one of these."""
        ...


class RowSplits:
    """The split of each accepted row of a leaf, in order; can be iterated any number of times.

    `split` has the shares of the splits, or names the column that holds a row's split; None is one split.
    `rows` are the dataset's, if they aren't the leaf's as they are: their column names the splits, and each
    of `ChosenRows` has the split that it has among all.
    Raises DatasetError for a row whose column names none.
    """

    def __init__(
        self,
        queries: RunQueries,
        leaf: str,
        split: Mapping[str, float] | str | None,
        seed: int,
        rows: Iterable[bytes] | None = None,
    ) -> None:
        self._queries = queries
        self._leaf = leaf
        self._rows = rows
        self._column = split if isinstance(split, str) else None
        self._shares = None if isinstance(split, str) else Splits(split or {WHOLE: 1.0}, seed)

    @property
    def names(self) -> tuple[str, ...]:
        """The splits, in their order; none if a column names them."""
        return self._shares.names if self._shares is not None else ()

    def __iter__(self) -> Iterator[str]:
        if self._shares is None:
            rows = self._queries.rows(self._leaf) if self._rows is None else self._rows
            return (self._in_column(orjson.loads(row)) for row in rows)
        accepted = (one.row for one in self._queries.verdicts(self._leaf) if one.verdict == "accepted")
        splits = map(self._shares.of, accepted)
        return compress(splits, self._rows.are_kept()) if isinstance(self._rows, ChosenRows) else splits

    def _in_column(self, row: Row) -> str:
        column = self._column or ""
        if column not in row:
            raise DatasetError(
                f"a row has no column '{column}' to be split by",
                *did_you_mean(column, row),
                f"columns of the row: {', '.join(row) or 'none'}",
                "or give shares: train=0.9,test=0.1",
            )
        name = row[column]
        if not isinstance(name, str) or not is_split_name(name):
            raise DatasetError(
                f"a row's column '{column}' is {name!r:.60}, and no split can have this name",
                "name a column of texts such as train and test, or shares: train=0.9,test=0.1",
            )
        return name


def is_split_name(name: str) -> bool:
    """Whether Hugging Face's `datasets` takes `name` for a split; "all" means the splits together there."""
    return _NAME.fullmatch(name) is not None and name != "all"
