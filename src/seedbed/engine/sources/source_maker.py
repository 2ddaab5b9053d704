"""Makes the source of a segment's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.plan import Plan
from seedbed.engine.resume.checkpoint import Reached, decided_ids
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.segments import INPUT, Segment
from seedbed.engine.sources.barriers import Barrier
from seedbed.engine.sources.column_ids import ColumnIds
from seedbed.engine.sources.content_ids import ContentIds
from seedbed.engine.sources.id_giving import RowIds
from seedbed.engine.sources.input_rows import InputRows
from seedbed.engine.sources.kept_rows import KeptRows
from seedbed.engine.sources.sources import (
    AcceptedRows,
    IndexedSource,
    Item,
    Source,
    digested,
    numbered,
    numbered_item,
    place_of_row,
    sampled_items,
)
from seedbed.engine.sources.stretches import OF_A_FILE, stretches
from seedbed.engine.sources.threaded import READ_AHEAD, Threaded, ThreadedSource
from seedbed.errors import StopRun
from seedbed.llm.calling.scope import CallScope, current_scope
from seedbed.llm.files_read import current_files
from seedbed.store import RunStore
from seedbed.store.read_options import Placed
from seedbed.tasks.files import parameter_files
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.rows import Row, encode_row
from seedbed.tasks.steps import GeneratorStep


class SourceMaker:
    """Makes the sources of a run; their rows are kept in its store."""

    def __init__(
        self, plan: Plan, store: RunStore, journal: RunJournal, fingerprints: Mapping[str, bytes]
    ) -> None:
        self._plan = plan
        self._store = store
        self._kept = KeptRows(store, journal, fingerprints)
        self._fingerprints = fingerprints
        # A quarter of the bytes in flight; the window takes half, and what waits for the disk another
        # quarter.
        self._ahead = plan.bounds.bytes_in_flight // 4

    def input_after(self, reached: Reached) -> Threaded:
        """Return the rows of the input after those that an earlier session has decided."""
        given, leaf = self._plan.input, self._plan.leaf
        assert given is not None
        rows = given.rows(reached.items)

        # On the source's thread: reading the ids waits for the disk.
        def arguments() -> tuple[Iterator[Placed], str, Callable[[int], str], int, RowIds]:
            ids = self._ids_of(given)
            for row_id in decided_ids(self._store, leaf, reached.verdicts):
                ids.see(row_id)
            return rows, leaf, given.names(), reached.items, ids

        return Threaded(
            lambda: digested(*arguments()),
            most_bytes=self._ahead,
            stretches=lambda: stretches(*arguments(), at_a_time=_at_a_time(given)),
        )

    def make(self, segment: Segment, accepted: AcceptedRows) -> Source:
        """Return the source of a segment; `accepted` has the rows accepted so far."""
        threaded = self.threaded(segment)
        if threaded is not None:
            return ThreadedSource(threaded.items, threaded.ahead, threaded.keep, threaded.most_bytes)
        generator = segment.generator
        assert isinstance(generator, GeneratorTask)
        return IndexedSource(
            generator, self._plan.seed, accepted, self._kept.pinning(generator), self._plan.bounds.shard
        )

    def threaded(self, segment: Segment) -> Threaded | None:
        """Return the source of a segment as a blocking iterator; None if its items are sampled by index."""
        threaded, shard = self._threaded(segment), self._plan.bounds.shard
        if threaded is None or shard is None:
            return threaded
        # All rows are read or sampled, since the id of an input row counts the equal rows before it.
        return threaded._replace(items=lambda: shard.of_items(threaded.items()), stretches=None)

    def _threaded(self, segment: Segment) -> Threaded | None:
        if segment.source is None:
            return self._input(segment)
        if segment.is_barrier:
            barrier = Barrier(
                segment.source,
                self._store,
                self._fingerprints[segment.name],
                id_columns=self._plan.id_columns,
            )
            return Threaded(barrier.items, most_bytes=self._ahead)
        generator = segment.generator
        assert generator is not None
        if isinstance(generator, GeneratorTask) and generator.is_indexed:
            if not generator.only_samples:
                return None
            sampled = partial(sampled_items, generator, self._plan.seed)
            return Threaded(sampled, READ_AHEAD, self._kept.keeper(generator), self._ahead)
        # A generator that calls a model makes a row only when one is wanted: rows made ahead would be paid
        # for, even if they turn out not to be needed.
        ahead = 0 if backends_in(generator) else READ_AHEAD
        return Threaded(self._yielded(generator), ahead, self._kept.keeper(generator), self._ahead)

    def _input(self, segment: Segment) -> Threaded:
        given = self._plan.input
        assert given is not None
        rows = given.rows()
        # Input rows are only stored for a step that reads all of them; other runs read the file again.
        keep = self._kept.keeper_of_input() if INPUT in segment.kept else None
        arguments = rows, segment.name, given.names(), 0, self._ids_of(given)
        together = partial(stretches, *arguments, at_a_time=_at_a_time(given))
        return Threaded(lambda: digested(*arguments), READ_AHEAD, keep, self._ahead, together)

    def _ids_of(self, given: InputRows) -> RowIds:
        columns = self._plan.id_columns
        return ContentIds() if columns is None else ColumnIds.of_input(columns, given)

    def _ids_of_step(self, generator: GeneratorStep) -> RowIds | None:
        columns = self._plan.id_columns
        if columns is not None and generator.name == self._plan.id_step:
            return ColumnIds(columns, name_of=partial(place_of_row, generator))
        return ContentIds() if generator.ids_from_content else None

    def _yielded(self, generator: GeneratorStep) -> Callable[[], Iterator[Item]]:
        ids = self._ids_of_step(generator)

        def from_the_start() -> Iterator[Item]:
            current_files.set(generator._noted_by)
            yield from numbered(generator.process(), generator, ids=ids)

        if not generator.seekable:
            return from_the_start

        # Called on the source's thread: reading the kept rows waits for the disk.
        def items() -> Iterator[Item]:
            current_files.set(generator._noted_by)
            kept, latest = 0, list[bytes]()
            for latest in self._kept.of_generator(generator):
                for encoded in latest:
                    yield numbered_item(encoded, generator, kept, ids)
                    kept += 1
            rows = _continued(generator, kept, latest)
            yield from numbered(rows, generator, kept, self._scoping(generator), ids)

        return items

    def _scoping(self, generator: GeneratorStep) -> Callable[[int], object]:
        """Return a function that puts a thread's next calls into the scope of the row that comes next.

        A seekable generator skips the rows that are kept, so it can't count the calls that were made for
        them.
        """
        return lambda number: current_scope.set(CallScope(self._plan.seed, generator.name, str(number)))


def _continued(generator: GeneratorStep, kept: int, latest: list[bytes]) -> Iterator[list[Row]]:
    """Return what a seekable generator yields after the rows that are kept, of which `latest` are the last.

    What it reads from elsewhere, such as a dataset on a server, may have changed, and rows after the same
    number of other rows would be missing or there twice. So it begins with the latest ones, and they have to
    be the same. Its files are known to be; and a model would be asked again.
    """
    is_checked = generator.ids_from_content and not (parameter_files(generator) or backends_in(generator))
    if not latest or not is_checked:
        return iter(generator.process(kept))
    yielded = iter(generator.process(kept - len(latest)))
    again: list[Row] = next((rows for rows in yielded if rows), [])
    if [encode_row(row) for row in again] != latest:
        raise StopRun(
            f"'{generator.name}' yields another row {kept - len(latest)} than before",
            "what it reads has changed, so rows would be missing or there twice",
            "have it read what was there before, or start over with --restart (restart=True in Python)",
        )
    return yielded


def _at_a_time(given: InputRows) -> int:
    # Other inputs may compute a row, or fetch it, when it's asked for.
    return 1 if given.files is None else OF_A_FILE
