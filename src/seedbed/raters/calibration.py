"""A judge calibrated by people: the threshold at which its scores part good rows from bad ones.

calibrate([(0.9, True), (0.8, True), (0.3, False)]).threshold  # 0.8
calibrate(units, precision=0.95)   # the lowest threshold at which 95 % of the rows above it are good
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from seedbed.errors import UsageError
from seedbed.raters.intervals import Interval, share_interval, table_interval

Judged: TypeAlias = tuple[float, bool]
"""One row: the judge's score, and whether people call the row good."""

_FOLDS = 10


class Verdicts(NamedTuple):
    """Counts of rows at a threshold: `hits` are good and above it, `missed` are good and below it.

    `wrong` are bad and above it, `spared` are bad and below it.
    """

    hits: int
    wrong: int
    missed: int
    spared: int

    @property
    def total(self) -> int:
        """The number of rows."""
        return sum(self)

    @property
    def percent(self) -> float:
        """The share of rows on which the judge and people agree, from 0 to 1."""
        return (self.hits + self.spared) / self.total

    @property
    def precision(self) -> float | None:
        """The share of the rows above the threshold that are good; None if there are none."""
        return self.hits / (self.hits + self.wrong) if self.hits + self.wrong else None

    @property
    def recall(self) -> float | None:
        """The share of the good rows that are above the threshold; None if there are none."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa of the judge and people; None where it's undefined."""
        return _kappa(self)

    @property
    def alpha(self) -> float | None:
        """Krippendorff's nominal alpha of the judge and people; None where it's undefined."""
        goods = 2 * self.hits + self.wrong + self.missed
        both = 2 * self.total
        expected = 2 * goods * (both - goods)
        return 1 - (both - 1) * 2 * (self.wrong + self.missed) / expected if expected else None


class Calibration(NamedTuple):
    """Where a judge's score parts what people call good from what they call bad, and how well.

    Rows with `score >= threshold` count as good. `aim` is `kappa`, or the precision asked for as
    `precision >= 0.95`. `verdicts` are the counts at the threshold. Intervals are of 95 %. The threshold was
    chosen on the rows that it's measured on, so the figures are a little too good: `held_out_kappa` is that
    of rows that the choice of their threshold hadn't seen (in ten folds, or one by one below ten rows).
    """

    threshold: float
    aim: str
    verdicts: Verdicts
    kappa_interval: Interval | None
    precision_interval: Interval | None
    recall_interval: Interval | None
    held_out_kappa: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the calibration as JSON values."""
        verdicts = self.verdicts
        return {
            "threshold": self.threshold,
            "aim": self.aim,
            "rows": verdicts.total,
            **verdicts._asdict(),
            "percent": verdicts.percent,
            "kappa": verdicts.kappa,
            "kappa_interval": self.kappa_interval,
            "alpha": verdicts.alpha,
            "precision": verdicts.precision,
            "precision_interval": self.precision_interval,
            "recall": verdicts.recall,
            "recall_interval": self.recall_interval,
            "held_out_kappa": self.held_out_kappa,
        }


def calibrate(units: Sequence[Judged], precision: float | None = None) -> Calibration:
    """Return the threshold with the best kappa, or the lowest one that reaches a precision.

    Of thresholds that are equally good it's the lowest, which keeps the most rows. Raises UsageError if all
    rows are good or all are bad, or if no threshold reaches the precision.
    """
    if len({good for _, good in units}) < 2:
        all_are = "good" if units and units[0][1] else "bad"
        fact = f"people call all {len(units)} rows {all_are}" if units else "no row is rated"
        raise UsageError(
            fact, "a threshold parts good rows from bad ones: rate rows with high and with low scores"
        )
    chosen = _best(units, precision)
    if chosen is None:
        most = max(verdicts.precision or 0.0 for _, verdicts in _thresholds(units))
        raise UsageError(
            f"no threshold has a precision of {precision:g}", f"the most that one has here is {most:.3f}"
        )
    threshold, verdicts = chosen
    return Calibration(
        threshold,
        "kappa" if precision is None else f"precision >= {precision:g}",
        verdicts,
        table_interval(verdicts, _kappa),
        share_interval(verdicts.hits, verdicts.hits + verdicts.wrong),
        share_interval(verdicts.hits, verdicts.hits + verdicts.missed),
        _held_out(units, precision),
    )


def verdicts_at(units: Sequence[Judged], threshold: float) -> Verdicts:
    """Return the counts of rows at a threshold."""
    counts = {(above, good): 0 for above in (True, False) for good in (True, False)}
    for score, good in units:
        counts[score >= threshold, good] += 1
    return Verdicts(counts[True, True], counts[True, False], counts[False, True], counts[False, False])


def _best(units: Sequence[Judged], precision: float | None) -> tuple[float, Verdicts] | None:
    candidates = _thresholds(units)
    if precision is not None:
        enough = (one for one in candidates if (one[1].precision or 0.0) >= precision)
        return min(enough, key=lambda one: one[0], default=None)
    # From the highest threshold to the lowest: of equal ones, the last.
    return max(candidates, key=lambda one: (_or_chance(one[1].kappa), -one[0]), default=None)


def _or_chance(kappa: float | None) -> float:
    return 0.0 if kappa is None else kappa


def _thresholds(units: Sequence[Judged]) -> Iterator[tuple[float, Verdicts]]:
    """Yield each score as a threshold with its counts, the highest first, in one pass."""
    good = sum(is_good for _, is_good in units)
    hits = wrong = 0
    ordered = sorted(units, reverse=True)
    for place, (score, is_good) in enumerate(ordered):
        hits += is_good
        wrong += not is_good
        if place + 1 == len(ordered) or ordered[place + 1][0] != score:
            yield score, Verdicts(hits, wrong, good - hits, len(units) - good - wrong)


def _held_out(units: Sequence[Judged], precision: float | None) -> float | None:
    """Return kappa over all rows, each judged by a threshold that the other folds have chosen."""
    folds = min(_FOLDS, len(units))
    together = [0, 0, 0, 0]
    for fold in range(folds):
        rest = [unit for place, unit in enumerate(units) if place % folds != fold]
        chosen = _best(rest, precision)
        if chosen is None:
            return None
        tested = verdicts_at(units[fold::folds], chosen[0])
        together = [one + other for one, other in zip(together, tested, strict=True)]
    return _kappa(together)


def _kappa(cells: Sequence[float]) -> float | None:
    hits, wrong, missed, spared = cells
    total = hits + wrong + missed + spared
    chance = ((hits + wrong) * (hits + missed) + (missed + spared) * (wrong + spared)) / (total * total)
    return ((hits + spared) / total - chance) / (1 - chance) if chance < 1 else None
