"""Rating rows of a run, showing what people say, and calibrating a judge by it."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from shlex import quote
from typing import Any

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.export import leaf_of
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.output import write_json
from seedbed.cli.terminal.printing import echo
from seedbed.counts import count_of
from seedbed.engine.calibrating import CalibratedJudge, calibrate_judge
from seedbed.engine.lineage.row_lookup import find_story, row_in_line
from seedbed.engine.lineage.story_making import story_of
from seedbed.errors import UsageError
from seedbed.store import RunReader
from seedbed.store.ratings.people_ratings import Ratings
from seedbed.store.ratings.row_rating import RowRating
from seedbed.store.ratings.run_ratings import RunRatings
from seedbed.store.row_names import row_name

_SHOWN = 20


def rate_row(
    name: str, row: str | int, leaf: str | None, rater: str | None, said: dict[str, str | None]
) -> ExitStatus:
    """Keep what a rater says about a row, given by its id or by its line; raises UsageError."""
    with _ratings(name, leaf) as (reader, ratings):
        if isinstance(row, int):
            found = row_in_line(reader, name, row, ratings.leaf)
        else:
            found = find_story(reader, name, row).row
        rating = said.pop("rating")
        made = ratings.rate(found, rating, rater=_user() if rater is None else rater, **said)
        told = _name_of(reader, made.row)
    echo(f"{made.rater} says of {told}: {_said(made) or 'nothing any more'}")
    return ExitStatus.COMPLETE


def write_ratings(name: str, leaf: str | None, as_json: bool) -> ExitStatus:
    """Show counts, agreement and ratings of a run; raises UsageError."""
    with _ratings(name, leaf) as (reader, ratings):
        said = ratings.read()
        if len(said) and not as_json:
            _write_ratings(said, reader)
    if as_json:
        write_json(said.as_json())
    elif not len(said):
        echo(f"nobody has rated a row of the run '{name}'", err=True)
        echo(f"  seedbed runs rate {quote(name)} ROW good", err=True)
    return ExitStatus.COMPLETE


def calibrate_run(
    name: str,
    leaf: str | None,
    score: str,
    raters: Sequence[str],
    precision: float | None,
    *,
    as_json: bool,
) -> ExitStatus:
    """Choose the threshold of a judge's score by what people say, and keep it; raises UsageError."""
    with _ratings(name, leaf) as (reader, ratings):
        judge = calibrate_judge(reader, ratings, score, raters=raters, precision=precision)
    if as_json:
        write_json(judge.as_json())
    else:
        _write_calibration(name, score, judge)
    return ExitStatus.COMPLETE


@contextmanager
def _ratings(name: str, leaf: str | None) -> Iterator[tuple[RunReader, Ratings]]:
    with RunReader.open(kept_run(name)) as reader:
        yield reader, Ratings(reader, leaf_of(reader, name, leaf))


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError) as error:
        raise UsageError("this user has no name", "name the rater: --rater NAME") from error


def _write_ratings(said: RunRatings, reader: RunReader) -> None:
    for rater, counts in said.raters.items():
        told = ", ".join(f"{number:,} {word}" for word, number in counts.most_common())
        echo(f"{rater}: {told or 'notes only'}")
    figures = said.as_json()["agreement"]
    for line in _agreement_lines(figures):
        echo(line)
    if said.older:
        echo(f"{count_of(len(said.older), 'rating')} of an older text: not counted")
    echo()
    for one in [*said][:_SHOWN]:
        old = "" if one.is_current else " (of an older text)"
        echo(f"  {_name_of(reader, one.row)}, {one.rater}: {_said(one)}{old}")
    if len(said) > _SHOWN:
        echo(f"  and {len(said) - _SHOWN:,} more: --json has all")


def _name_of(reader: RunReader, row: str) -> str:
    """Return the name of a row: `in.jsonl, line 7`; its id in the run, a digest, tells people nothing."""
    return row_name(row, story_of(reader, row).source)


def _said(one: RowRating) -> str:
    """Return what a rater says of a row: 'good, label off-topic, note: the date is wrong'."""
    label = f"label {one.label}" if one.label else ""
    # Last, as it's free text.
    note = f"note: {one.note}" if one.note else ""
    return ", ".join(word for word in (one.rating, label, note) if word)


def _agreement_lines(figures: dict[str, Any]) -> Iterator[str]:
    if figures["percent"] is None:
        return
    known = (
        ("Cohen's kappa", figures["cohen_kappa"]),
        ("Krippendorff's alpha", figures["krippendorff_alpha"]),
    )
    told = [f"{title} {value:.2f}" for title, value in known if value is not None]
    yield f"agreement: {figures['percent']:.0%}" + (f", {', '.join(told)}" if told else "")


def _write_calibration(name: str, score: str, judge: CalibratedJudge) -> None:
    made = judge.calibration
    counts = made.verdicts
    echo(f"threshold: {score} >= {made.threshold:g}, chosen for {made.aim}")
    echo(
        f"  of {count_of(counts.total, 'rated row')}: {counts.hits} good kept, {counts.missed} good "
        f"dropped, {counts.wrong} bad kept, {counts.spared} bad dropped"
    )
    for title, value, interval in (
        ("kappa", counts.kappa, made.kappa_interval),
        ("precision", counts.precision, made.precision_interval),
        ("recall", counts.recall, made.recall_interval),
    ):
        if value is not None:
            between = f" (95 %: {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
            echo(f"  {title} {value:.2f}{between}")
    if made.held_out_kappa is not None:
        echo(f"  kappa {made.held_out_kappa:.2f} on rows that didn't choose the threshold")
    for count, what in (
        (judge.ties, "on which people disagree evenly"),
        (judge.older, "rated when the text was another"),
        (judge.unscored, "without a score"),
    ):
        if count:
            echo(f"  not used: {count_of(count, 'row')} {what}")
    where = quote(f"{score} >= threshold")
    echo(f"kept with the run: seedbed runs export {quote(name)} --where {where} -o OUT")
