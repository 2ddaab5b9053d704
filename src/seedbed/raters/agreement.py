"""How far raters agree: percent, Cohen's kappa and Krippendorff's alpha, counted one unit after the other.

    counted = Agreement()
    counted.add({"ada": 3, "bob": 3})
    counted.add({"ada": 1, "bob": 2, "cy": None})    # cy gave no rating
    counted.krippendorff_alpha("ordinal")

A unit is what is rated, such as an answer. Only counts of pairs of ratings are kept, so a run of any length
takes the memory of its scale. A figure is None where it's undefined: without two ratings of one unit, or if
all ratings are the same and agreement by chance is certain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from math import inf
from typing import Literal, NamedTuple, TypeAlias

from seedbed.errors import UsageError

Rating: TypeAlias = str | int | float | bool
Level: TypeAlias = Literal["nominal", "ordinal", "interval"]
Weights: TypeAlias = Literal["linear", "quadratic"]

_LARGE = 1e100

_Table: TypeAlias = Counter[tuple[Rating, Rating]]


class RaterPair(NamedTuple):
    """Two raters, the units that both rated, and how far they agree."""

    first: str
    second: str
    units: int
    percent: float
    cohen_kappa: float | None


def row_agreement(ratings: Iterable[Rating | None]) -> float | None:
    """Return the share of pairs of raters who agree on one unit, from 0 to 1; None below two ratings."""
    given = [rating for rating in ratings if not _is_missing(rating)]
    pairs = len(given) * (len(given) - 1) // 2
    agreed = sum(count * (count - 1) // 2 for count in Counter(given).values())
    return agreed / pairs if pairs else None


class Agreement:
    """Counts ratings, and tells at any time how far the raters agree."""

    def __init__(self) -> None:
        self.units = 0
        """Units with at least two ratings; others say nothing about agreement."""
        self._tables: dict[tuple[str, str], _Table] = {}
        # Krippendorff's coincidence matrix, above and on its diagonal, and its margins.
        self._coincidences: dict[tuple[Rating, Rating], float] = {}
        self._margins: Counter[Rating] = Counter()

    def add(self, ratings: Mapping[str, Rating | None]) -> None:
        """Count the ratings of one unit, by rater; None and NaN are missing ratings."""
        given = dict(_given(ratings))
        if len(given) < 2:
            return
        self.units += 1
        self._margins.update(given.values())
        weight = 1 / (len(given) - 1)
        for first, second in combinations(sorted(given), 2):
            pair = (given[first], given[second])
            self._tables.setdefault((first, second), Counter())[pair] += 1
            self._coincidences[pair] = self._coincidences.get(pair, 0.0) + weight

    @property
    def raters(self) -> list[str]:
        """The raters who share a unit with another one, by name."""
        return sorted({rater for pair in self._tables for rater in pair})

    @property
    def percent(self) -> float | None:
        """The share of pairs of ratings of one unit that are equal, from 0 to 1."""
        total = sum(table.total() for table in self._tables.values())
        agreed = sum(_agreed(table) for table in self._tables.values())
        return agreed / total if total else None

    @property
    def pairs(self) -> list[RaterPair]:
        """The figures of each pair of raters who share a unit."""
        return [
            RaterPair(*raters, table.total(), _agreed(table) / table.total(), _kappa(table, None))
            for raters, table in sorted(self._tables.items())
        ]

    def cohen_kappa(self, first: str, second: str, weights: Weights | None = None) -> float | None:
        """Return Cohen's kappa of two raters, over the units that both rated; at most 1, and 0 is chance.

        Cohen, 1960, and for weights 1968. With `linear` or `quadratic` weights, a difference counts by how
        many of the ratings in use lie between two ratings, or by its square. Raises UsageError for raters who
        share no unit.
        """
        table = self._tables.get((min(first, second), max(first, second)))
        if table is None:
            known = ", ".join(self.raters) or "none"
            raise UsageError(f"'{first}' and '{second}' rated no unit both", f"raters here: {known}")
        return _kappa(table, weights)

    def krippendorff_alpha(self, level: Level = "nominal") -> float | None:
        """Return Krippendorff's alpha of all raters; at most 1, and 0 is chance (Krippendorff, 2004).

        Missing ratings are allowed. `ordinal` and `interval` need numbers; raises UsageError for others.
        """
        total = self._margins.total()
        if level == "nominal":
            apart = sum(weight for (one, other), weight in self._coincidences.items() if one != other)
            expected = total * total - sum(count * count for count in self._margins.values())
            return _alpha(2 * apart, expected, total)
        places = _places(self._margins, level)
        squares = sum(
            weight * (places[one] - places[other]) ** 2 for (one, other), weight in self._coincidences.items()
        )
        return _alpha(2 * squares, _spread(self._margins, places), total)

    @property
    def is_numeric(self) -> bool:
        """Whether all ratings are numbers, so that they have an order and distances."""
        return all(_is_number(rating) for rating in self._margins)


def _given(ratings: Mapping[str, Rating | None]) -> Iterator[tuple[str, Rating]]:
    for rater, rating in ratings.items():
        if rating is None or _is_missing(rating):
            continue
        if not isinstance(rating, str | int | float):
            raise UsageError(
                f"the rating {rating!r:.60} of '{rater}' is {type(rating).__name__}, not text or a number"
            )
        if rating in (inf, -inf):
            raise UsageError(f"the rating of '{rater}' is infinite", "write a number for it")
        yield rater, rating


def _is_missing(rating: object) -> bool:
    return rating is None or rating != rating


def _is_number(rating: object) -> bool:
    return isinstance(rating, int | float) and not isinstance(rating, bool)


def _agreed(table: _Table) -> int:
    return sum(count for (one, other), count in table.items() if one == other)


def _kappa(table: _Table, weights: Weights | None) -> float | None:
    total = table.total()
    rows: Counter[Rating] = Counter()
    columns: Counter[Rating] = Counter()
    for (one, other), count in table.items():
        rows[one] += count
        columns[other] += count
    places = _ranks({*rows, *columns}) if weights else {}

    def distance(one: Rating, other: Rating) -> float:
        if not weights:
            return float(one != other)
        return abs(places[one] - places[other]) ** (1 if weights == "linear" else 2)

    observed = sum(count * distance(*pair) for pair, count in table.items()) / total
    expected = sum(rows[one] * columns[other] * distance(one, other) for one in rows for other in columns) / (
        total * total
    )
    return 1 - observed / expected if expected else None


def _ranks(ratings: Iterable[Rating]) -> dict[Rating, int]:
    return {rating: place for place, rating in enumerate(sorted(ratings, key=_order))}


def _order(rating: Rating) -> tuple[bool, float, str]:
    return (True, 0.0, str(rating)) if isinstance(rating, str | bool) else (False, rating, "")


def _places(margins: Counter[Rating], level: Level) -> dict[Rating, float]:
    """Return where each rating lies, so that the squared distance is Krippendorff's difference.

    For `ordinal` that's the middle of the ranks that the rating takes: the sum of the ratings between two,
    and half of each of the two, is the distance of their middles.
    """
    if odd := [rating for rating in margins if not _is_number(rating)]:
        raise UsageError(
            f"the rating {odd[0]!r} isn't a number, so the {level} alpha is undefined",
            "use level 'nominal', or write numbers for the ratings",
        )
    if level == "interval":
        # Alpha is the same in any unit, and the squares of very large and very small numbers are none.
        largest = max((abs(rating) for rating in margins if not isinstance(rating, str)), default=0)
        unit = 1 if not largest or 1 / _LARGE < largest < _LARGE else largest
        # As a fraction, since an integer may be larger than any float.
        return {one: float(Fraction(one) / Fraction(unit)) for one in margins if not isinstance(one, str)}
    places: dict[Rating, float] = {}
    below = 0
    for rating in sorted(margins, key=_order):
        places[rating] = below + margins[rating] / 2
        below += margins[rating]
    return places


def _spread(margins: Counter[Rating], places: Mapping[Rating, float]) -> float:
    """Return the sum of squared distances over all ordered pairs of ratings, in linear time."""
    total = margins.total()
    if not total:
        return 0.0
    # Around the mean: sums of squares of large ratings would lose their digits.
    mean = sum(count * places[rating] for rating, count in margins.items()) / total
    return 2 * total * sum(count * (places[rating] - mean) ** 2 for rating, count in margins.items())


def _alpha(observed: float, expected: float, total: int) -> float | None:
    return 1 - (total - 1) * observed / expected if expected else None


def agreement(units: Iterable[Mapping[str, Rating | None]]) -> Agreement:
    """Return the agreement over units, each the ratings by rater.

    agreement({"ada": row["ada"], "judge": row["score"]} for row in rows).krippendorff_alpha("ordinal")
    """
    counted = Agreement()
    for unit in units:
        counted.add(unit)
    return counted
