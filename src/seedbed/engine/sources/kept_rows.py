"""What a run keeps of its sources: the rows of generators, and variables that it must not sample again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from seedbed.engine.resume.fingerprint import digest
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.segments import INPUT
from seedbed.engine.sources.sources import Item, numbered_place
from seedbed.errors import InvalidRowError, StopRun
from seedbed.store import Result, RunStore
from seedbed.store.file_source import FileSource
from seedbed.store.kept_beside import kept_beside
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.steps import GeneratorStep

_OF_INPUT = bytes(16)


def places_of(step: str) -> str:
    """Return the name under which a run keeps what people call the rows of a source, by their numbers."""
    return kept_beside(step, "places")


class KeptRows:
    """Keeps the rows of sources in a run's store, and finds those that an earlier session has kept."""

    def __init__(self, store: RunStore, journal: RunJournal, fingerprints: Mapping[str, bytes]) -> None:
        self._store = store
        self._journal = journal
        self._fingerprints = fingerprints

    def of_generator(self, generator: GeneratorStep) -> Iterator[list[bytes]]:
        """Yield the lists of rows that a seekable generator yielded before and that are kept completely.

        It continues after them. In the middle of a list, one couldn't tell which calls each row came from.
        """
        number = 0
        while rows := self._kept_list(generator.name, number):
            yield rows
            number += len(rows)

    def _kept_list(self, name: str, first: int) -> list[bytes]:
        length = self._stored(_lists_of(name), name, first)
        count = orjson.loads(length.data)[0] if length is not None else 1
        kept = [self._stored(name, name, number) for number in range(first, first + count)]
        rows = [row for row in kept if row is not None]
        if len(rows) < count:
            return []
        return [row.data[1:-1] for row in rows]

    def _stored(self, step: str, name: str, number: int) -> Result | None:
        """Return the result kept under `step` for a row of a generator, unless the generator has changed."""
        stored = self._store.result_of(step, str(number))
        return stored if stored is not None and stored.key == self._fingerprints[name] else None

    def keeper(self, generator: GeneratorStep) -> Callable[[Item], None]:
        """Return a function that keeps an item of a generator; it raises StopRun if another one was kept."""
        key = self._fingerprints[generator.name]
        keep = self._keep_place(generator, key, self._keeper(generator.name, key))
        return self._keep_list(_lists_of(generator.name), key, keep) if generator.seekable else keep

    def keeper_of_input(self) -> Callable[[Item], None]:
        """Return a function that keeps a row of the input, for a step that reads all of them."""

        def keep(item: Item) -> None:
            result = _kept_as(INPUT, _OF_INPUT, item)
            stored = self._journal.result(INPUT, result.row)
            # A row with an id of its own may hold something else than before, and takes its place.
            self._journal.kept[INPUT] += stored == result
            self._journal.keep_result(result, stored)

        return keep

    def _keep_place(
        self, generator: GeneratorStep, key: bytes, keep: Callable[[Item], None]
    ) -> Callable[[Item], None]:
        """Return a function that keeps what people call a row, too, if the generator says that."""
        # Those of files are found in the files: keeping them would take a fifth of the time of a join.
        if type(generator).place_of is GeneratorStep.place_of or isinstance(generator, FileSource):
            return keep
        step = places_of(generator.name)

        def keep_both(item: Item) -> None:
            row, place = item.in_flight.source, item.in_flight.place
            if place and place != numbered_place(generator.name, int(row)):
                kept = Result(step, row, key, 0, "done", orjson.dumps([place]))
                if kept != self._journal.result(step, row):
                    # None: no verdict points to the place that this one replaces.
                    self._journal.keep_result(kept, None)
            keep(item)

        return keep_both

    def _keep_list(self, step: str, key: bytes, keep: Callable[[Item], None]) -> Callable[[Item], None]:
        """Return a function that keeps the length of a list before the first of its rows."""

        def keep_both(item: Item) -> None:
            # Before the rows: after a kill, a list that lacks rows is seen to be incomplete. Most lists have
            # one row, which needs no entry.
            if item.begins > 1:
                row = item.in_flight.source
                length = Result(step, row, key, 0, "done", orjson.dumps([item.begins]))
                self._journal.keep_result(length, self._journal.result(step, row))
            keep(item)

        return keep_both

    def _keeper(self, step: str, key: bytes) -> Callable[[Item], None]:
        def keep(item: Item) -> None:
            result = _kept_as(step, key, item)
            stored = self._journal.result(step, result.row)
            if stored is not None and stored.key == key:
                self._journal.kept[step] += 1
                # Rows downstream were made from the earlier row, and their answers are paid for. Continuing
                # would mix rows of two generators; making all of them again would buy the answers again.
                if stored.data != result.data:
                    raise _unlike(step, result.row)
            self._journal.keep_result(result, stored)

        return keep

    def pinning(self, task: GeneratorTask) -> Callable[[int, Callable[[], Any]], Any]:
        """Return a function that returns the variables that an index had before, and keeps new ones.

        They were sampled from accepted rows, and `retry` may add rows to those later.
        """
        step = f"{task.name} variables"
        # Of all steps: which rows are accepted depends on each of them.
        key = digest(*self._fingerprints.values())

        def pinned(index: int, draw: Callable[[], Any]) -> Any:
            stored = self._journal.result(step, str(index))
            if stored is not None and stored.key == key:
                return orjson.loads(stored.data)[0]
            data = _kept_variables(draw())
            self._journal.keep_result(Result(step, str(index), key, 0, "done", data), stored)
            return orjson.loads(data)[0]

        return pinned


def _lists_of(name: str) -> str:
    return kept_beside(name, "lists")


def _kept_as(step: str, key: bytes, item: Item) -> Result:
    # Not by the item's id: rows of a generator that are known by what they hold are still kept by number,
    # since a resumed run must find the rows before it without making them.
    return Result(step, item.in_flight.source, key, 0, "done", b"[" + item.in_flight.encoded + b"]")


def _kept_variables(variables: Any) -> bytes:
    try:
        return orjson.dumps([variables])
    except TypeError as error:
        raise InvalidRowError(
            f"the variables that `sample` returned can't be kept: {error}",
            "with `feedback`, private ones too must be text, numbers, lists or dictionaries",
        ) from error


def _unlike(step: str, row: str) -> StopRun:
    return StopRun(
        f"'{step}' yields another row {row} than before",
        "its `process` yields other rows each time, so this run can't be resumed",
        "make it depend only on its parameters and the answers, "
        "or start over with --restart (restart=True in Python)",
    )
