"""The rows of a dataset that an expression keeps, which may ask what people say about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from seedbed.errors import UsageError
from seedbed.store.ratings.people_ratings import Ratings
from seedbed.store.run_queries import RunQueries
from seedbed.tasks.templates.expression import Expression

RATING, LABEL, THRESHOLD = "rating", "label", "threshold"
"""What an expression may name besides the columns: what most people say, and a judge's threshold."""


class RatedRows:
    """Rows as encoded JSON, those for which `where` holds, with what people say of each in `column`.

        RatedRows(reader, "jokes", reader.rows("jokes"), where="rating == 'good'", column="people")

    `rows` are all accepted rows of the leaf, in order. In `where`, `rating` and `label` are what most raters
    say of the row's present text, None if nobody or as many say otherwise; `people_rating` and `people_label`
    are the same. `threshold` is that of the only calibration of the run. Raises UsageError for an expression
    that can't be read or whose `rating` or `label` may be people's or a column, or if the rows have
    a column `column` already.
    """

    def __init__(
        self, queries: RunQueries, leaf: str, rows: Iterable[bytes], *, where: str = "", column: str = ""
    ) -> None:
        self._queries = queries
        self._leaf = leaf
        self._rows = rows
        self._where = Expression(where) if where else None
        self._column = column
        ratings = Ratings(queries, leaf)
        self._says = ratings.read().rows
        self._threshold = self._threshold_of(ratings) if where else {}

    def __iter__(self) -> Iterator[bytes]:
        return (encoded for encoded in self._all() if encoded is not None)

    def are_kept(self) -> Iterator[bool]:
        """Yield of each accepted row of the leaf, in order, whether it's one of these."""
        return (encoded is not None for encoded in self._all())

    def _all(self) -> Iterator[bytes | None]:
        """Yield each accepted row, or None in place of one that isn't kept."""
        verdicts = (one for one in self._queries.verdicts(self._leaf) if one.verdict == "accepted")
        for encoded, verdict in zip(self._rows, verdicts, strict=False):
            row = orjson.loads(encoded)
            say = self._says.get(verdict.row)
            rating, label = (say.rating, say.label) if say else (None, None)
            self._check_names(row)
            known = {RATING: rating, LABEL: label, **self._threshold}
            known |= {f"people_{RATING}": rating, f"people_{LABEL}": label}
            # The row's own columns win, and come first where an error lists them.
            if self._where is not None and not self._where.holds({**row, **known, **row}):
                yield None
            else:
                yield self._with_rating(row, rating) if self._column else encoded

    def _check_names(self, row: dict[str, Any]) -> None:
        if self._where is None or not self._says:
            return
        for name in (RATING, LABEL):
            if name in row and name in self._where.columns:
                raise UsageError(
                    f"'{name}' may be the column of the rows or what people say",
                    f"write people_{name} for what people say",
                    f"or rename the column: a step `rename` with {name}: judged_{name}",
                )

    def _with_rating(self, row: dict[str, Any], rating: str | None) -> bytes:
        if self._column in row:
            raise UsageError(
                f"the rows already have a column '{self._column}'",
                "choose another name: --rating-column people_say",
            )
        return orjson.dumps({**row, self._column: rating})

    def _threshold_of(self, ratings: Ratings) -> dict[str, float]:
        if self._where is None or THRESHOLD not in self._where.columns:
            return {}
        kept = ratings.calibrations()
        if len(kept) == 1:
            (one,) = kept.values()
            return {THRESHOLD: one.threshold}
        if kept:
            raise UsageError(
                f"'threshold' may be that of {', '.join(repr(score) for score in kept)}",
                *(f"write the number: {score} >= {one.threshold:g}" for score, one in kept.items()),
            )
        # It may be a column of the rows. If it isn't, the first row says that it's missing.
        return {}
