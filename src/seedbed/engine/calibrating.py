"""A judge of a run calibrated by what people say about the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from seedbed.engine.lineage.story_making import story_of
from seedbed.errors import UsageError
from seedbed.raters.agreement import agreement
from seedbed.raters.calibration import Calibration, calibrate
from seedbed.store.ratings.people_ratings import KeptCalibration, Ratings
from seedbed.store.ratings.run_ratings import RunRatings, figures_of
from seedbed.store.run_queries import RunQueries
from seedbed.suggestions import did_you_mean
from seedbed.tasks.rows import Row
from seedbed.tasks.templates.expression import Expression

_JUDGE = "the judge"


class CalibratedJudge(NamedTuple):
    """A judge and people: the calibration, and which of the rated rows couldn't be used.

    `ties` are rows on which people disagree evenly, `older` those rated when they had another text, and
    `unscored` those without a score. `agreement` has the figures of all raters with the judge as one more.
    """

    calibration: Calibration
    raters: list[str]
    ties: int
    older: int
    unscored: int
    agreement: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the calibration as JSON values."""
        return {
            **self.calibration.as_json(),
            "raters": self.raters,
            "ties": self.ties,
            "older": self.older,
            "unscored": self.unscored,
            "agreement_with_raters": self.agreement,
        }


def calibrate_judge(
    queries: RunQueries,
    ratings: Ratings,
    score: str,
    *,
    raters: Sequence[str] = (),
    precision: float | None = None,
) -> CalibratedJudge:
    """Return where a score parts what people call good from what they call bad, and keep it with the run.

    Columns that the judge's step or a later one has made don't count as the text that people rated: a judge
    may be changed, and calibrated again, without rating again. Raises UsageError if too little is rated.
    """
    if precision is not None and not 0 < precision <= 1:
        raise UsageError(f"a precision of {precision:g} can't be reached", "give a share from 0 to 1: 0.95")
    expression = Expression(score)
    made_by = _made_by(queries, _rated(ratings).some_row, expression)
    known = ratings.read(ignored=made_by)
    if raters:
        known = known.by_raters(raters)
    decided = {row: say.rating for row, say in known.rows.items() if say.rating}
    rows = queries.rows_by_id(ratings.leaf, decided)
    _check_columns(expression, rows)
    scored = _scores(expression, rows)
    if decided and not scored:
        raise UsageError(f"none of the {len(decided):,} rated rows has a {score!r}", "name another column")
    made = calibrate([(number, decided[row] == "good") for row, number in scored.items()], precision)
    told = _told(made, known, decided, scored)
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    columns = tuple(sorted(made_by))
    ratings.keep(KeptCalibration(ratings.leaf, score, moment, made.threshold, columns, told.as_json()))
    return told


def _rated(ratings: Ratings) -> RunRatings:
    said = ratings.read()
    if not len(said):
        advice = "rate rows: `seedbed runs rate RUN ROW good --rater NAME`, `run.rate` in Python"
        raise UsageError("nobody has rated a row of this run", advice)
    return said


def _told(
    made: Calibration, known: RunRatings, decided: Mapping[str, str], scored: Mapping[str, float]
) -> CalibratedJudge:
    """Return the calibration with what couldn't be used, and how far the judge agrees with each rater."""
    says = {row: say for row, say in known.rows.items() if say.ratings}
    judge = {row: "good" if number >= made.threshold else "bad" for row, number in scored.items()}
    with_judge = agreement({**says[row].ratings, _JUDGE: judge[row]} for row in scored)
    return CalibratedJudge(
        made,
        sorted({rater for say in says.values() for rater in say.ratings}),
        len(says) - len(decided),
        len({one.row for one in known.older}),
        len(decided) - len(scored),
        figures_of(with_judge),
    )


def _check_columns(expression: Expression, rows: Mapping[str, Row]) -> None:
    """Raise UsageError for a name that no rated row has: it's misspelt, or a function that there isn't."""
    known = dict.fromkeys(column for row in rows.values() for column in row)
    for name in sorted(expression.columns - known.keys() if rows else ()):
        raise UsageError(
            f"no rated row has {name!r}, which the score {expression.text!r} needs",
            *did_you_mean(name, known),
            f"columns: {', '.join(known)}",
            "a text's length is a filter: answer | length",
        )


def _scores(expression: Expression, rows: Mapping[str, Row]) -> dict[str, float]:
    """Return the scores of the rows that have one, by id."""
    scores = ((row, _score(expression, row, data)) for row, data in rows.items())
    return {row: number for row, number in scores if number is not None}


def _score(expression: Expression, row: str, data: Row) -> float | None:
    # A row that lacks the column counts as unscored: a judge may have skipped it.
    if not expression.columns <= data.keys():
        return None
    match expression.value(data):
        case None:
            return None
        case "good" | "bad" as word:
            return float(word == "good")
        # NaN is what some judges give for no score.
        case bool() | int() | float() as number:
            return float(number) if number == number else None
        case other:
            raise UsageError(
                f"{expression.text!r} is {other!r:.60} in row '{row}', not a score",
                "name a column with numbers, with true and false, or with 'good' and 'bad'",
            )


def _made_by(queries: RunQueries, row: str | None, expression: Expression) -> frozenset[str]:
    """Return the columns that the step with the score, and those after it, have added or changed.

    If the first step makes the score, it's the score alone.
    """
    own = expression.columns
    if row is None:
        return own
    found: set[str] = set()
    for place, columns in enumerate(_changed_by_step(queries, row)):
        if own & columns and not place:
            # One step made the text and its score: the text is still what people rated.
            break
        if found or own & columns:
            found |= columns
    return frozenset(found) | own


def _changed_by_step(queries: RunQueries, row: str) -> Iterator[set[str]]:
    for chapter in story_of(queries, row).chapters:
        changes = chapter.changes or []
        yield {name for change in changes for name in (*change.added, *change.changed)}
