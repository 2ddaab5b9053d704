"""Finds the row that a user names: by its id, by file and line, or by its line in the dataset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from seedbed.engine.lineage.row_places import RowPlaces
from seedbed.engine.lineage.rows_by_content import RowsByContent
from seedbed.engine.lineage.run_steps import RunSteps
from seedbed.engine.lineage.story import Story
from seedbed.engine.lineage.story_making import story_of
from seedbed.engine.sources.input_lookup import InputLookup
from seedbed.errors import UsageError
from seedbed.store.refused_rows import each_once
from seedbed.store.row_names import place_name, row_name
from seedbed.store.run_queries import RunQueries

_IDS = 3
"""Ids that an error names."""

_OF_STEP = re.compile(r"row (?P<number>\d{1,18})(?P<part>(/\d+)*) of '(?P<step>.+)'")
_NUMBER = re.compile(r"\d{1,18}(/\d+)*")


def find_story(queries: RunQueries, name: str, row: str) -> Story:
    """Return the story of a row of the run `name`; raise UsageError if it has no such row.

        find_story(queries, "qa", "questions.jsonl:7")

    `row` is an id, or a name that messages give to the row.
    """
    steps = RunSteps.of(queries)
    story = story_of(queries, row)
    # Only a row that has ended: `docs/7` may be a row of the user's, and not one made from `docs`.
    if story.endings:
        return story
    if (meant := _own_row_story(queries, steps, row) or _source_row_story(queries, steps, row)) is not None:
        return meant
    if not story.is_empty:
        return story
    lookup = InputLookup.of(steps.manifest)
    begun: Story | None = None
    for known in _ids_named(queries, steps, lookup, row):
        if (story := story_of(queries, known)).endings:
            return story
        begun = begun or (None if story.is_empty else story)
    if begun is not None:
        return begun
    # The file may have lost its rows since.
    some = (lookup.first_names(_IDS) if lookup else "") or _some_ids(queries)
    raise UsageError(
        f"there is no row '{row}' in the run '{name}'",
        f"its rows are {some}" if some else "it has no rows yet",
        *(["name a row of its input by file and line: FILE:7"] if lookup else []),
        "or take line N of the dataset: --line N (`line=N` in Python)",
    )


def _own_row_story(queries: RunQueries, steps: RunSteps, text: str) -> Story | None:
    """Return the story of the row that has this id in the user's id columns; None if there's none."""
    ids = steps.id_columns.meant(text) if steps.id_columns is not None else []
    return next((story for known in ids if not (story := story_of(queries, known)).is_empty), None)


def _ids_named(queries: RunQueries, steps: RunSteps, lookup: InputLookup | None, text: str) -> Iterator[str]:
    """Yield the ids of the rows that people give this name: a file and line, for example."""
    for known in (lookup.id_of(text) if lookup else None, _id_by_step(queries, steps, text)):
        if known:
            yield known
    yield from RowPlaces(queries, steps).ids_at(text)
    # For input rows from Python, only refused rows have a name in the run.
    for one in each_once(queries):
        if text in (row_name(one.row, one.source), place_name(one.row, one.source)):
            yield one.row
            return


def _source_row_story(queries: RunQueries, steps: RunSteps, text: str) -> Story | None:
    """Return the story of row `1/0` of the source, which messages call `row 1/0 of 'jsonl'`.

    Its id in the run is another one, made from its content; only such a row has an ending by that id.
    """
    # Where rows have ids of the user's, a number is one of those ids, not a position in the source.
    if not _NUMBER.fullmatch(text) or steps.id_columns is not None:
        return None
    sources = (step for step in steps.names if steps.is_source(step))
    ids = (_id_by_step(queries, steps, f"row {text} of '{step}'") for step in sources)
    stories = (story_of(queries, known) for known in ids if known)
    return next((story for story in stories if story.endings), None)


def _id_by_step(queries: RunQueries, steps: RunSteps, text: str) -> str | None:
    """Return the id of the row that `row 7 of 'jsonl'` names, or `row 7/1 of 'jsonl'`."""
    if (found := _OF_STEP.fullmatch(text)) is None or found["step"] not in steps.names:
        return None
    # Rows of a source are counted from 1, those of a step over all from 0.
    number = int(found["number"]) - (found["step"] not in steps.over_all)
    known = RowsByContent(queries, steps).id_of(found["step"], number)
    return known and f"{known}{found['part']}"


def row_in_line(queries: RunQueries, name: str, line: int, leaf: str | None = None) -> str:
    """Return the id of the row in a line of the dataset, counted from 1; raise UsageError if it's shorter.

    `leaf` names another step that the run ends in.
    """
    leaf = RunSteps.of(queries).leaf if leaf is None else leaf
    verdict = queries.accepted(leaf, line - 1) if line > 0 else None
    if verdict is None:
        fact = f"there is no line {line} in the dataset of '{name}'"
        raise UsageError(fact, f"it has {len(queries.rows(leaf)):,}, counted from 1")
    return verdict.row


def _some_ids(queries: RunQueries) -> str:
    verdicts = (verdict.row for leaf in queries.leaves() for verdict in queries.verdicts(leaf))
    first = list(islice(verdicts, _IDS))
    places = RowPlaces(queries, RunSteps.of(queries)).of(first)
    names = [row_name(row, places[row]) if row in places else row for row in first]
    return ", ".join([*names, *(["..."] if next(verdicts, None) is not None else [])])
