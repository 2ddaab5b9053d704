"""The rows of a run, in the forms that Python programs work with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from seedbed.errors import UsageError
from seedbed.plugins.authoring.elsewhere import missing_attribute
from seedbed.store import RunReader, RunStore
from seedbed.store.refused_rows import RefusedRow, RefusedRows
from seedbed.store.run_queries import RunQueries
from seedbed.store.run_values import Decision
from seedbed.tasks.rows import Row

if TYPE_CHECKING:
    import pyarrow as pa

    from seedbed.engine.comparison.compared_run import OpenedRun
    from seedbed.engine.comparison.run_diff import RunDiff
    from seedbed.engine.lineage.story import Story
    from seedbed.raters.calibration import Calibration
    from seedbed.store.ratings.people_ratings import Ratings
    from seedbed.store.ratings.row_rating import RowRating
    from seedbed.store.ratings.run_ratings import RunRatings


class RunRows:
    """Reads what a run has made: from the store that it keeps, or else from its folder on disk."""

    name: str
    leaf: str
    folder: Path | None
    store: RunStore | None

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows of the dataset, as `rows` does."""
        return self.rows()

    def __len__(self) -> int:
        """Return how many rows the dataset has; a run without rows is false, as an empty list is."""
        # Not `accepted`: a session that was cut off has decided only some of the rows that the run has.
        with self._reading() as reader:
            return 0 if reader is None else len(reader.rows(self.leaf))

    # Hidden from type checkers: if they saw these, they'd accept any attribute, and brackets.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise missing_attribute("Run", name) or AttributeError(f"'Run' object has no attribute {name!r}")

        def __getitem__(self, key: object) -> None:
            raise UsageError(
                f"a run has no part {key!r} in brackets",
                "go over its rows: for row in made; or have them all: list(made.rows())",
                "made.rows(leaf='STEP') has those of one step, made.to_dataset() a Dataset of Hugging Face",
            )

    def rows(self, leaf: str | None = None) -> Iterator[Row]:
        """Yield the rows of the dataset; `leaf` names another step that the pipeline ends in."""
        with self._reading() as reader:
            if reader is not None:
                yield from map(orjson.loads, reader.rows(leaf or self.leaf))

    def to_arrow(self, leaf: str | None = None) -> pa.Table:
        """Return the rows of the dataset as an Arrow table, with the types that a Parquet file has.

        run.to_arrow().schema

        Needs pyarrow (`pip install 'seedbed[parquet]'`); raises UsageError without it.
        """
        from seedbed.store.dataframes import arrow_table

        with self._reading() as reader:
            if reader is None:
                raise UsageError(f"the run '{self.name}' has made nothing")
            return arrow_table(reader, leaf or self.leaf)

    def to_pandas(self, leaf: str | None = None) -> Any:
        """Return the rows as a pandas data frame; see `to_arrow`."""
        from seedbed.store.dataframes import required

        required("pandas")
        return self.to_arrow(leaf).to_pandas()

    def to_polars(self, leaf: str | None = None) -> Any:
        """Return the rows as a polars data frame; see `to_arrow`."""
        from seedbed.store.dataframes import required

        return required("polars").from_arrow(self.to_arrow(leaf))

    def to_dataset(self, leaf: str | None = None) -> Any:
        """Return the rows as a Hugging Face `datasets.Dataset`; see `to_arrow`."""
        from seedbed.store.dataframes import required

        return required("datasets").Dataset(self.to_arrow(leaf))

    def failed_rows(self) -> Iterator[RefusedRow]:
        """Yield the rows that failed, each with its input, the prompts, the answers and the reason.

        for row in run.failed_rows():
            print(row.source or row.row, row.step, row.reason, row.input)
        """
        return self._refused("failed")

    def rejected_rows(self) -> Iterator[RefusedRow]:
        """Yield the rows that were rejected, as `failed_rows` does."""
        return self._refused("rejected")

    def explain(self, row: str = "", *, line: int | None = None) -> Story:
        """Return how a row was made: its parents, calls, changes and verdict; `print` shows it.

            print(run.explain("questions.jsonl:7"))
            print(run.explain(line=12))  # the row in line 12 of the dataset

        `row` is an id, or a row of the input by file and line. Raises UsageError if there's no such row.
        """
        from seedbed.engine.lineage.row_lookup import find_story, row_in_line

        with self._reading() as reader:
            if reader is None:
                raise UsageError(f"the run '{self.name}' has made nothing")
            return find_story(
                reader, self.name, row if line is None else row_in_line(reader, self.name, line)
            )

    def diff(self, other: RunRows | str | Path, *, rows: int = 10, leaf: str | None = None) -> RunDiff:
        """Return what differs between this run and another: settings, counts, rows by id, tokens and cost.

        print(run.diff("qa-other"))

        `other` is a run, its name or its folder; `diff_runs` says more.
        """
        from seedbed.engine.comparison.run_diff import diff_of, opened_folder

        opened = other._opened() if isinstance(other, RunRows) else opened_folder(other)
        with self._opened() as one, opened as another:
            return diff_of(one, another, rows, leaf)

    def rate(
        self,
        row: str | int,
        rating: str | None = None,
        *,
        rater: str,
        label: str | None = None,
        note: str | None = None,
        leaf: str | None = None,
    ) -> RowRating:
        """Rate a row of the dataset by its id as `good` or `bad`, with a label or note; return the rating.

            run.rate("7", "bad", rater="ada", label="off-topic", note="it's about cats")

        What isn't given stays as this rater said before; an empty text removes it. Raises UsageError if
        there's no such row, or if what's said isn't a rating. See `ratings`.
        """
        with self._rated(leaf) as ratings:
            return ratings.rate(str(row), rating, rater=rater, label=label, note=note)

    def ratings(self, leaf: str | None = None) -> RunRatings:
        """Return what people say about the rows, with counts and how far they agree.

            run.ratings().agreement.percent
            [one.row for one in run.ratings() if one.rating == "good"]

        Ratings are kept in the run's folder, or as long as this object if it has none.
        """
        with self._rated(leaf) as ratings:
            return ratings.read()

    def calibrate(
        self,
        score: str,
        *,
        raters: Sequence[str] = (),
        precision: float | None = None,
        leaf: str | None = None,
    ) -> Calibration:
        """Choose the threshold at which a judge's score parts good rows from bad ones; keep it with the run.

            run.calibrate("score").threshold
            run.calibrate("scores.style", raters=["ada"], precision=0.95)

        `score` is a column or an expression with a number, True or False, or `good` or `bad`. People's
        ratings are those of `raters`, or of all. The threshold has the best kappa, or is the lowest one with
        a `precision`. Raises UsageError if too little is rated.
        """
        from seedbed.engine.calibrating import calibrate_judge

        with self._rated(leaf) as ratings, self._reading() as reader:
            assert reader is not None
            return calibrate_judge(reader, ratings, score, raters=raters, precision=precision).calibration

    @contextmanager
    def _rated(self, leaf: str | None) -> Iterator[Ratings]:
        from seedbed.store.ratings.people_ratings import Ratings

        with self._reading() as reader:
            if reader is None:
                raise UsageError(f"the run '{self.name}' has made nothing")
            yield Ratings(reader, leaf or self.leaf)

    def _refused(self, verdict: Decision) -> Iterator[RefusedRow]:
        with self._reading() as reader:
            if reader is not None:
                yield from RefusedRows(reader, [verdict]).rows()

    @contextmanager
    def _opened(self) -> Iterator[OpenedRun]:
        from seedbed.engine.comparison.compared_run import OpenedRun

        with self._reading() as reader:
            if reader is None:
                raise UsageError(f"the run '{self.name}' has made nothing")
            yield OpenedRun.of(self.name, reader, is_going_on=False)

    @contextmanager
    def _reading(self) -> Iterator[RunQueries | None]:
        """Yield the store that the run keeps, or a reader of its folder; None if it has neither."""
        if self.store is not None:
            yield self.store
        elif self.folder is not None:
            with RunReader.open(self.folder) as reader:
                yield reader
        else:
            yield None
