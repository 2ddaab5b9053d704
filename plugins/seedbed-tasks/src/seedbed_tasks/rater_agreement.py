"""A step that tells how far raters agree over all rows: judges, people, or both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from pydantic import Field

from seedbed import Agreement, Example, GlobalStep, InvalidRowError, Rating, Row, did_you_mean
from seedbed_tasks.position_bias import has_orders, position_bias

Unit: TypeAlias = tuple[str, Mapping[str, Rating | None]]
"""What is rated, such as a criterion, and the ratings by rater."""


class RaterAgreement(GlobalStep):
    """Makes rows of figures from all rows: how far judges, people or any columns agree.

    RaterAgreement(raters=["person", "score"])

    Without `raters`, reads the `verdicts` of `judge`. Makes a row for each thing that's rated (a criterion,
    the winner, the rank of an answer): `rated`, `units` (with at least two ratings), `percent` (the share of
    pairs of raters who agree), `cohen_kappa` (of two raters), `krippendorff_nominal`, `_ordinal` and
    `_interval`, and `pairs` (units, percent and kappa of each two raters). For comparisons, `position_bias`
    says how far the order of the answers decides. A figure is None where it's undefined. Ratings that are
    None are missing.
    """

    goals = ("evaluation",)
    keywords = ("judges", "kappa", "alpha", "annotators", "position bias")
    example = Example(
        rows=[{"ada": 1, "bob": 1}, {"ada": 3, "bob": 2}, {"ada": 2, "bob": 2}],
        parameters={"raters": ["ada", "bob"]},
    )

    raters: list[str] = Field(
        default=[], description="Columns with the ratings of each rater, instead of `verdicts`."
    )
    verdicts: str = Field(default="verdicts", min_length=1, description="Column with the verdicts of judges.")

    @property
    def inputs(self) -> list[str]:
        """The columns with ratings."""
        return list(self.raters) or [self.verdicts]

    @property
    def outputs(self) -> list[str]:
        """The columns of figures."""
        figures = ["percent", "cohen_kappa", "krippendorff_nominal", "krippendorff_ordinal"]
        return ["rated", "units", *figures, "krippendorff_interval", "pairs", "position_bias"]

    def process(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield one row of figures for each thing that's rated."""
        counted: dict[str, Agreement] = {}
        compared: list[Row] = []
        for row in rows:
            for rated, ratings in self._units(row):
                counted.setdefault(rated, Agreement()).add(ratings)
            if not self.raters:
                compared += [one for one in row[self.verdicts] if has_orders(one)]
        for rated, agreement in counted.items():
            bias = position_bias(compared)._asdict() if compared else None
            yield {"rated": rated, **figures(agreement), "position_bias": bias}

    def _units(self, row: Row) -> Iterator[Unit]:
        if missing := [column for column in self.inputs if column not in row]:
            raise InvalidRowError(f"a row has no column '{missing[0]}'", *did_you_mean(missing[0], row))
        if self.raters:
            yield ", ".join(self.raters), {rater: row[rater] for rater in self.raters}
            return
        yield from units_of(row[self.verdicts], self.verdicts)


def units_of(verdicts: Any, column: str = "verdicts") -> Iterator[Unit]:
    """Yield what one row's verdicts of `judge` rate: each criterion, the winner, or the rank of each answer.

    Raises InvalidRowError for anything that isn't such a list.
    """
    if not isinstance(verdicts, list) or not all(
        isinstance(one, dict) and "judge" in one for one in verdicts
    ):
        raise InvalidRowError(
            f"column '{column}' isn't a list of the verdicts that `judge` makes",
            "for ratings in columns, name these: "
            "--set raters='[person, score]' (raters=['person', 'score'] in Python)",
        )
    if any("winner" in one for one in verdicts):
        yield "winner", {one["judge"]: one.get("winner") for one in verdicts}
    elif any("ranks" in one for one in verdicts):
        for place in range(max(len(one["ranks"] or ()) for one in verdicts)):
            yield "rank", {one["judge"]: one["ranks"][place] for one in verdicts if one["ranks"]}
    else:
        for criterion in dict.fromkeys(one.get("criterion") for one in verdicts):
            scores = {one["judge"]: one.get("score") for one in verdicts if one.get("criterion") == criterion}
            yield str(criterion), scores


def figures(agreement: Agreement) -> Row:
    """Return the figures of an agreement as columns."""
    pairs = agreement.pairs
    is_numeric = agreement.is_numeric
    return {
        "units": agreement.units,
        "percent": agreement.percent,
        "cohen_kappa": pairs[0].cohen_kappa if len(pairs) == 1 else None,
        "krippendorff_nominal": agreement.krippendorff_alpha(),
        "krippendorff_ordinal": agreement.krippendorff_alpha("ordinal") if is_numeric else None,
        "krippendorff_interval": agreement.krippendorff_alpha("interval") if is_numeric else None,
        "pairs": [pair._asdict() for pair in pairs],
    }
