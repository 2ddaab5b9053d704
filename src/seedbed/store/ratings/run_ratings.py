"""All ratings of a run: what people say of each row, counts, and how far they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from seedbed.errors import UsageError
from seedbed.raters.agreement import Agreement, agreement
from seedbed.store.ratings.row_rating import RowRating
from seedbed.suggestions import did_you_mean


class PeopleSay(NamedTuple):
    """What people say of one row: `rating` and `label` are those that most raters give, None if it's a tie.

    `ratings`, `labels` and `notes` are by rater. Ratings of an older text don't count.
    """

    rating: str | None
    label: str | None
    ratings: Mapping[str, str]
    labels: Mapping[str, str]
    notes: Mapping[str, str]

    @classmethod
    def of(cls, ratings: Iterable[RowRating]) -> PeopleSay:
        """Return what the ratings of one row say together."""
        current = [one for one in ratings if one.is_current]
        given: dict[str, str] = {one.rater: one.rating for one in current if one.rating}
        labels = {one.rater: one.label for one in current if one.label}
        notes = {one.rater: one.note for one in current if one.note}
        return cls(_most_common(given.values()), _most_common(labels.values()), given, labels, notes)


class RunRatings:
    """The ratings of a leaf's rows, in the order of row and rater; iterate to get each `RowRating`.

        for rating in run.ratings():
            print(rating.row, rating.rater, rating.rating)
        run.ratings().agreement.krippendorff_alpha()

    It's what was there when it was read. Figures count ratings of the current text of a row alone.
    """

    def __init__(self, leaf: str, ratings: Iterable[RowRating]) -> None:
        self.leaf = leaf
        self._ratings = list(ratings)

    def __iter__(self) -> Iterator[RowRating]:
        return iter(self._ratings)

    def __len__(self) -> int:
        return len(self._ratings)

    def by_raters(self, raters: Iterable[str]) -> RunRatings:
        """Return the ratings of some raters; raise UsageError for one who has rated nothing."""
        chosen, known = [*raters], sorted({one.rater for one in self})
        for rater in chosen:
            if rater not in known:
                raise UsageError(
                    f"'{rater}' hasn't rated a row of this run",
                    *did_you_mean(rater, known),
                    f"raters here: {', '.join(known) or 'none'}",
                )
        return RunRatings(self.leaf, (one for one in self if one.rater in chosen))

    @cached_property
    def rows(self) -> Mapping[str, PeopleSay]:
        """What people say of each row, by its id."""
        by_row: dict[str, list[RowRating]] = {}
        for one in self:
            by_row.setdefault(one.row, []).append(one)
        return {row: PeopleSay.of(ratings) for row, ratings in by_row.items()}

    @property
    def some_row(self) -> str | None:
        """The id of a rated row that's still in the dataset; None if there's none."""
        return next((one.row for one in self if not one.is_gone), None)

    @property
    def older(self) -> list[RowRating]:
        """The ratings of an older text, or of a row that's no longer in the dataset."""
        return [one for one in self if not one.is_current]

    @cached_property
    def agreement(self) -> Agreement:
        """How far raters agree on good and bad."""
        return agreement(say.ratings for say in self.rows.values())

    @cached_property
    def label_agreement(self) -> Agreement:
        """How far raters agree on labels."""
        return agreement(say.labels for say in self.rows.values())

    @property
    def raters(self) -> dict[str, Counter[str]]:
        """How often each rater said `good`, `bad` and each label, by name."""
        counted: dict[str, Counter[str]] = {one.rater: Counter() for one in self}
        for one in self:
            if one.is_current:
                counted[one.rater].update(word for word in (one.rating, one.label) if word)
        return dict(sorted(counted.items()))

    def as_json(self) -> dict[str, Any]:
        """Return counts, agreement and all ratings as JSON values."""
        says = Counter(say.rating or "undecided" for say in self.rows.values() if say.ratings)
        return {
            "leaf": self.leaf,
            "rows": dict(says),
            "raters": {rater: dict(counts) for rater, counts in self.raters.items()},
            "agreement": figures_of(self.agreement),
            "label_agreement": figures_of(self.label_agreement),
            "older": len(self.older),
            "ratings": [one.as_json() for one in self],
        }


def figures_of(agreement: Agreement) -> dict[str, Any]:
    """Return the figures of an agreement: Cohen's kappa is that of two raters, None if there are more."""
    pairs = agreement.pairs
    return {
        "rows": agreement.units,
        "percent": agreement.percent,
        "cohen_kappa": pairs[0].cohen_kappa if len(pairs) == 1 else None,
        "krippendorff_alpha": agreement.krippendorff_alpha(),
        "pairs": [pair._asdict() for pair in pairs],
    }


def _most_common(words: Iterable[str]) -> str | None:
    ranked = Counter(words).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]
