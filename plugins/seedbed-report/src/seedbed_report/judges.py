"""How far the judges agree whose verdicts are in columns of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedbed import Agreement, UsageError
from seedbed_report import figures

_MOST = 100
"""Criteria that are told apart: they come from models' answers, perhaps."""


class Judges:
    """Counts the verdicts in any column that holds what the tasks `judge` and `table` make of judges."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str], Agreement] = {}

    def add(self, row: dict[str, Any]) -> None:
        """Count the verdicts of a row."""
        for column, value in row.items():
            if not isinstance(value, list) or len(value) < 2:
                continue
            if not all(isinstance(one, dict) and isinstance(one.get("judge"), str) for one in value):
                continue
            for rated, ratings in _units(value):
                key = (column, rated)
                if key in self._counted or len(self._counted) < _MOST:
                    try:
                        self._counted.setdefault(key, Agreement()).add(ratings)
                    except UsageError:
                        # A rating that isn't a number, such as a list: this column holds something else.
                        continue

    def figures(self) -> list[figures.Agreement]:
        """Return the agreement on each criterion of each column that two judges rated."""
        return [
            figures.Agreement(
                column=column,
                rated=rated,
                judges=counted.raters,
                units=counted.units,
                percent=counted.percent,
                alpha_nominal=counted.krippendorff_alpha(),
                alpha_ordinal=counted.krippendorff_alpha("ordinal") if counted.is_numeric else None,
                kappa=counted.pairs[0].cohen_kappa if len(counted.pairs) == 1 else None,
            )
            for (column, rated), counted in self._counted.items()
            if counted.units
        ]


def _units(verdicts: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is rated, and the rating of each judge."""
    if any("winner" in one for one in verdicts):
        yield "winner", {one["judge"]: one.get("winner") for one in verdicts}
    elif any("ranks" in one for one in verdicts):
        ranked = {one["judge"]: _list(one.get("ranks")) for one in verdicts}
        for place in range(max(map(len, ranked.values()))):
            yield "rank", {judge: ranks[place] for judge, ranks in ranked.items() if place < len(ranks)}
    else:
        for criterion in dict.fromkeys(str(one.get("criterion")) for one in verdicts):
            yield (
                criterion,
                {
                    one["judge"]: one.get("score")
                    for one in verdicts
                    if str(one.get("criterion")) == criterion
                },
            )


def _list(ranks: Any) -> list[Any]:
    # A column may look like verdicts and hold something else.
    return ranks if isinstance(ranks, list) else []
