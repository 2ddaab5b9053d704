"""What people call the rows of sources: a file, a line of one, or whatever the source says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import replace

import orjson

from seedbed.engine.lineage.rows_by_content import RowsByContent
from seedbed.engine.lineage.run_steps import RunSteps
from seedbed.engine.sources.input_lookup import InputLookup, row_named
from seedbed.engine.sources.kept_rows import places_of
from seedbed.engine.sources.sources import numbered_place
from seedbed.errors import SeedbedError
from seedbed.store import Result
from seedbed.store.read_options import Skip
from seedbed.store.row_files import RowFiles
from seedbed.store.run_queries import RunQueries
from seedbed.tasks.rows import encode_row

_PART = re.compile(r"(?P<place>.*?)(?P<part>(/\d+)*)", re.DOTALL)
_BEFORE_NUMBER = re.compile(r", (line|row|item) (?=\d+$)")


class RowPlaces:
    """The places of a run's rows, and the rows at a place."""

    def __init__(self, queries: RunQueries, steps: RunSteps) -> None:
        self._queries = queries
        self._steps = steps

    def of(self, rows: Iterable[str]) -> dict[str, str]:
        """Return the places of rows by their ids; rows without one, such as those of a task, are left out.

        It's the place of the row of an input or a source that a row was made from.
        """
        roots = {row: row.partition("/")[0] for row in rows}
        lookup = InputLookup.of(self._steps.manifest)
        found = lookup.names_of(roots.values()) if lookup is not None else {}
        for step in filter(self._steps.is_source, self._steps.names):
            found |= self._of_step(step, {*roots.values()} - found.keys())
        return {row: found[root] for row, root in roots.items() if root in found}

    def _of_step(self, step: str, rows: Set[str]) -> dict[str, str]:
        # A task's rows are known by number, unless the user has ids of this form.
        has_ids = self._steps.id_columns is not None
        numbered = (
            {} if has_ids else {row: self._queries.find_result(step, row) for row in rows if row.isdecimal()}
        )
        found = {row: self.said_of(result) for row, result in numbered.items() if result is not None}
        if left := rows - numbered.keys():
            by_content = RowsByContent(self._queries, self._steps).find_all(step, left)
            found |= {row: self.of_result(result) for row, result in by_content.items()}
        return {row: place for row, place in found.items() if place}

    def of_result(self, result: Result) -> str:
        """Return what people call the row of a source that has this result."""
        return self.said_of(result) or numbered_place(result.step, int(result.row))

    def said_of(self, result: Result) -> str:
        """Return what a source itself calls the row that has this result; empty if it says nothing."""
        kept = self._queries.find_result(places_of(result.step), result.row)
        # A source that was changed may have left places of rows that it no longer yields.
        if kept is not None and kept.key == result.key:
            return _said(kept)
        files = self._steps.row_files(result.step)
        return _place_in(files, result) if files is not None else ""

    def ids_at(self, text: str) -> Iterator[str]:
        """Yield the ids that a row may have which people call by a text, such as the name of a file."""
        by_content = RowsByContent(self._queries, self._steps)
        for step in filter(self._steps.is_source, self._steps.names):
            for number, part in self._numbers_at(step, text):
                # The second is for a source whose rows are known by their numbers.
                known = (by_content.id_of(step, number), str(number))
                yield from (f"{one}{part}" for one in known if one)

    def _numbers_at(self, step: str, text: str) -> Iterator[tuple[int, str]]:
        """Yield the number of the row of a source that a text names, and the part of it that's meant."""
        # `notes/tides.md/1` may be a file of that name, or the second row that was made of `notes/tides.md`.
        found = _PART.fullmatch(text)
        assert found is not None
        wanted = {text: "", found["place"]: found["part"]}
        for kept in self._queries.results_of(places_of(step)):
            place = _said(kept)
            names = (name for name in (place, _BEFORE_NUMBER.sub(":", place)) if name in wanted)
            yield from ((int(kept.row), wanted[name]) for name in names)
        if (files := self._steps.row_files(step)) is not None:
            yield from _in_files(files, text)


def _place_in(files: RowFiles, result: Result) -> str:
    """Return the file and line of a row that a source of files has yielded; empty if it isn't there now."""
    try:
        first = next(files.rows(replace(files.reading, skip=Skip(int(result.row)))), None)
        is_same = first is not None and encode_row(first[1]) == result.data[1:-1]
    except (SeedbedError, OSError):
        return ""
    return files.places()(first[0]) if first is not None and is_same else ""


def _in_files(files: RowFiles, text: str) -> Iterator[tuple[int, str]]:
    named = row_named(text)
    wanted = files.number_of(*named[:2]) if named else None
    if named is None or wanted is None:
        return
    try:
        for number, (line, _) in enumerate(files.rows()):
            if line == wanted:
                yield number, named[2]
                return
    except (SeedbedError, OSError):
        # They have changed since the run read them.
        return


def _said(kept: Result) -> str:
    return str(orjson.loads(kept.data)[0])
