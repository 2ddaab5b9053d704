"""The ratings of a run's rows, in a file next to the run, which several people may write at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from seedbed.errors import UsageError
from seedbed.store.ratings.ratings_file import RATINGS, open_ratings
from seedbed.store.ratings.row_rating import (
    RowRating,
    checked_rating,
    checked_text,
    column_digests,
    stored_rating,
)
from seedbed.store.ratings.run_ratings import RunRatings
from seedbed.store.run_errors import while_working
from seedbed.store.run_queries import RunQueries
from seedbed.store.stored_json import stored_object, stored_texts, unreadable
from seedbed.tasks.rows import Row

_SAID = ("rating", "label", "note")
_RATING = "leaf, row, rater, rating, label, note, time, columns"


class KeptCalibration(NamedTuple):
    """A calibration kept with the run: the expression of the score, its threshold and all figures.

    `made_by` has the columns that the judge makes: a change in them doesn't make a rating old.
    """

    leaf: str
    score: str
    time: str
    threshold: float
    made_by: tuple[str, ...]
    figures: dict[str, Any]


class Ratings:
    """The ratings of the rows that one leaf of a run has accepted.

        with RunReader.open(Path("runs/jokes")) as run:
            ratings = Ratings(run, "jokes")
            ratings.rate("7", "good", rater="ada", note="made me laugh")
            print(ratings.read().agreement.percent)

    They're in `ratings.db` in the run's folder, which is created with the first rating. Each call is a
    transaction of its own, so any number of processes may rate. All methods raise UsageError if the file
    can't be opened, and StoreError if it can't be read or written.
    """

    def __init__(self, queries: RunQueries, leaf: str) -> None:
        self._queries = queries
        self._path: Path = queries.path.parent / RATINGS
        self.leaf = leaf

    def rate(
        self,
        row: str,
        rating: str | None = None,
        *,
        rater: str,
        label: str | None = None,
        note: str | None = None,
    ) -> RowRating:
        """Rate a row as `good` or `bad`, label it, add a note, or several of these; return the rating.

        What is None stays as this rater said before, unless the row has changed since; an empty text removes
        it. Raises UsageError if the dataset has no such row, or if what's said isn't a rating.
        """
        given = _said(rating, label, note)
        rater = checked_text("rater", rater)
        data = self._row(row)
        with self._writing() as file:
            found = self._find(file, "AND row = ? AND rater = ?", row, rater)
            before = found[0].compared(data, self._made_by(file)) if found else None
            kept = before._asdict() if before and before.is_current else {}
            rating, label, note = (given.get(name, kept.get(name)) or None for name in _SAID)
            moment = datetime.now(UTC).isoformat(timespec="milliseconds")
            digests = column_digests(data)
            made = RowRating._make((self.leaf, row, rater, rating, label, note, moment, digests, (), False))
            self._put(file, made)
        return made

    def take_back(self, row: str, *, rater: str) -> bool:
        """Remove what a rater said about a row; return whether there was anything."""
        if not self._path.exists():
            return False
        with self._writing() as file:
            delete = "DELETE FROM ratings WHERE leaf = ? AND row = ? AND rater = ?"
            return file.execute(delete, (self.leaf, row, rater)).rowcount > 0

    def of(self, row: str) -> list[RowRating]:
        """Return the ratings of one row, by rater."""
        return self._compared("AND row = ?", row)

    def read(self, ignored: frozenset[str] = frozenset()) -> RunRatings:
        """Return all ratings; a change in the columns `ignored` makes none of them old."""
        return RunRatings(self.leaf, self._compared(ignored=ignored))

    def calibrations(self) -> dict[str, KeptCalibration]:
        """Return the calibrations that are kept, by the expression of the score."""
        with self._reading() as file:
            return {one.score: one for one in self._calibrations(file)} if file else {}

    def keep(self, calibration: KeptCalibration) -> None:
        """Keep a calibration, in place of an earlier one of the same score."""
        with self._writing() as file:
            lists = (orjson.dumps(value).decode() for value in (calibration.made_by, calibration.figures))
            values = (*calibration[:4], *lists)
            file.execute("REPLACE INTO calibrations VALUES (?, ?, ?, ?, ?, ?)", values)

    def _row(self, row: str) -> Row:
        found = self._queries.rows_by_id(self.leaf, [row])
        if row in found:
            return found[row]
        verdict = self._queries.verdict_of(self.leaf, row)
        if verdict is not None and verdict.verdict != "accepted":
            raise UsageError(
                f"row '{row}' isn't in the dataset: it was {verdict.verdict} at '{verdict.step}'",
                "only rows of the dataset can be rated",
            )
        verdicts = (one.row for one in self._queries.verdicts(self.leaf))
        some = [*islice(verdicts, 3), *(["..."] if next(verdicts, None) is not None else [])]
        raise UsageError(
            f"there is no row '{row}' in the dataset of '{self.leaf}'",
            f"its rows are {', '.join(some)}" if some else "it has no rows yet",
        )

    def _compared(
        self, where: str = "", *values: str, ignored: frozenset[str] = frozenset()
    ) -> list[RowRating]:
        with self._reading() as file:
            found = self._find(file, where, *values) if file else []
            ignored |= self._made_by(file) if file else frozenset()
        rows = self._queries.rows_by_id(self.leaf, {one.row for one in found}) if found else {}
        return [one.compared(rows.get(one.row), ignored) for one in found]

    def _find(self, file: sqlite3.Connection, where: str, *values: str) -> list[RowRating]:
        select = f"SELECT {_RATING} FROM ratings WHERE leaf = ? {where} ORDER BY row, rater"
        return [stored_rating(found) for found in file.execute(select, (self.leaf, *values))]

    def _put(self, file: sqlite3.Connection, rating: RowRating) -> None:
        values = (*rating[:7], orjson.dumps(rating.columns).decode())
        file.execute(f"REPLACE INTO ratings ({_RATING}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def _calibrations(self, file: sqlite3.Connection) -> list[KeptCalibration]:
        select = "SELECT * FROM calibrations WHERE leaf = ? ORDER BY time"
        return [_calibration(*found) for found in file.execute(select, (self.leaf,))]

    def _made_by(self, file: sqlite3.Connection) -> frozenset[str]:
        return frozenset(name for one in self._calibrations(file) for name in one.made_by)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        file = open_ratings(self._path.parent, create=False)
        try:
            with while_working(self._path):
                yield file
        finally:
            if file is not None:
                file.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        file = open_ratings(self._path.parent, create=True)
        assert file is not None
        try:
            with while_working(self._path):
                # At once: another rater's change between what is read here and what is written would be lost.
                file.execute("BEGIN IMMEDIATE")
                yield file
                file.execute("COMMIT")
        finally:
            # What isn't committed is taken back.
            file.close()


def _calibration(
    leaf: str, score: str, time: str, threshold: float, made_by: str, figures: str
) -> KeptCalibration:
    whose = f"the calibration of '{score}'"
    columns = stored_texts(made_by, whose)
    if not isinstance(threshold, int | float):
        raise unreadable(whose, "its threshold isn't a number")
    return KeptCalibration(leaf, score, time, threshold, tuple(columns), stored_object(figures, whose))


def _said(rating: str | None, label: str | None, note: str | None) -> dict[str, str]:
    if rating is None and label is None and note is None:
        raise UsageError("nothing is said about the row", "give a rating (good or bad), a label or a note")
    checked: dict[str, str] = {}
    if rating is not None:
        checked["rating"] = checked_rating(rating) if rating else ""
    if label is not None:
        checked["label"] = checked_text("label", label)
    if note is not None:
        checked["note"] = checked_text("note", note)
    return checked
