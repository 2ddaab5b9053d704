"""A rehearsal of a run: its first rows go through its steps, and no model is asked."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

from seedbed.engine.backend_fields import backends_in, replace_backends
from seedbed.engine.forecast.earlier_run import EarlierRun
from seedbed.engine.forecast.placeholders import MADE_UP
from seedbed.engine.forecast.rehearsal_gateway import RehearsalGateway, RehearsedCall, rehearsing
from seedbed.engine.forecast.rehearsed_steps import (
    RehearsedFlow,
    RehearsedSteps,
    asks_for_money,
    is_made_up,
    stand_ins,
)
from seedbed.engine.forecast.segment_walk import SegmentWalk, scaled
from seedbed.engine.plan import Plan
from seedbed.engine.resume.file_record import fingerprints_of
from seedbed.engine.segments.flow import Unchanged
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.rows_wanted import RowsWanted
from seedbed.engine.segments.segments import INPUT, Segment, segments_of
from seedbed.engine.sources.barriers import Barrier
from seedbed.engine.sources.source_maker import SourceMaker
from seedbed.engine.sources.sources import AcceptedRows, Item
from seedbed.engine.verdicts.decider import ATTEMPTS_PER_ROW
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.keys.file_origin import made_by
from seedbed.store import RunStore
from seedbed.tasks.rows import Row, encode_row

SAMPLED = 100
"""Items that are rehearsed if the run has none yet: their prompts say how long prompts are on average."""
# With 100 rows, a mean of lengths that vary by half is off by 5 %; a thousand would take a second or more.

MOST = 2000
"""Items that are rehearsed at most; what a larger run has is counted in proportion."""

_FROM_ANSWERS = 4
"""Rows that a generator which asks a model in its own loop is rehearsed for."""


@dataclass
class Rehearsal:
    """What became of the first items of each segment, and the calls that they would make."""

    walks: list[SegmentWalk]
    calls: Sequence[RehearsedCall]
    unrendered: frozenset[str]
    cut_off: frozenset[str]

    def failing(self) -> Counter[str]:
        """Count the rows that failed, by the first line of the reason."""
        failures = (one for walk in self.walks for outcome in walk.outcomes for one in outcome.failures)
        return Counter(f"'{one.step}': {one.reason.partition(chr(10))[0]}" for one in failures)


def rehearse(plan: Plan, earlier: EarlierRun) -> Rehearsal:
    """Take the first rows of a plan through its steps without asking a model; the plan is used up."""
    return loop_thread().run(_Rehearsing(plan, earlier).execute(), twin="asyncio.to_thread(plan, ...)")


class _NoRows(AcceptedRows):
    """No row is accepted yet, and none is waited for."""

    def decided(self) -> int:
        return 2**62

    def below(self, index: int) -> Sequence[Row]:
        return ()


class _Rehearsing:
    def __init__(self, plan: Plan, earlier: EarlierRun) -> None:
        self._plan = plan
        self._earlier = earlier
        self._fingerprints: Mapping[str, bytes] = fingerprints_of(plan, earlier.queries)
        self._gateway = RehearsalGateway(earlier.journal)
        store = cast(RunStore, earlier.queries)  # it's only read
        self._maker = SourceMaker(plan, store, earlier.journal, self._fingerprints)
        self._walks: list[SegmentWalk] = []
        self._unrendered: set[str] = set()

    async def execute(self) -> Rehearsal:
        for step in self._plan.steps:
            replace_backends(step, rehearsing(self._gateway, CallScope(self._plan.seed, step.name, "")))
            with made_by(step._origin):
                await asyncio.to_thread(step.load)
        try:
            for segment in segments_of(self._plan.topology):
                self._walks.append(await self._walk(segment))
        finally:
            for step in reversed(self._plan.steps):
                await asyncio.to_thread(step.unload)
        cut_off = frozenset(self._gateway.cut_off)
        return Rehearsal(self._walks, self._gateway.calls, frozenset(self._unrendered), cut_off)

    async def _walk(self, segment: Segment) -> SegmentWalk:
        rows_wanted = RowsWanted(segment)
        given = self._plan, self._fingerprints, self._earlier.journal, self._gateway
        steps = RehearsedSteps(segment, *given, rows_wanted)
        items, count, failed = await self._items(segment, rows_wanted.needed_at_one_each)
        cls = RehearsedFlow if segment.nodes else Unchanged
        flow = cls(segment.nodes, self._plan.topology, steps, segment.kept)
        walk = SegmentWalk(segment, len(items), count, steps.tally, steps.kept_rows, source_failed=failed)
        try:
            # One after the other: calls are then in the order of the rows, and none waits for anything.
            for position, item in enumerate(items):
                if rows_wanted.is_ended(position):
                    break
                before, taken = self._gateway.lacking, walk.taken()
                walk.outcomes.append(await flow.settle(item, position))
                is_known = self._gateway.lacking == before and not is_made_up(item.in_flight)
                # Only those before the first that isn't: later ones are those that no model needs to see.
                if is_known and walk.known == position:
                    walk.known += 1
                    walk.known_rows += walk.taken() - taken
        finally:
            steps.close()
        self._unrendered |= steps.unrendered
        walk.end(rows_wanted, self._earlier)
        walk.places.update((item.id, item.in_flight.place) for item in items[: walk.walked])
        return walk

    async def _items(self, segment: Segment, bound: float) -> tuple[list[Item], int | None, bool]:
        """Return the items to rehearse, how many there are, and whether the source ended with an error.

        Steps want `bound` rows.
        """
        if segment.is_barrier:
            return (*await asyncio.to_thread(self._after_barrier, segment), False)
        wanted = self._plan.own_n
        most = self._most(segment, wanted)
        if wanted is None and bound < math.inf:
            # Not to the end, which there may not be.
            wanted = max(most, int(bound) * ATTEMPTS_PER_ROW)
        threaded = self._maker.threaded(segment)
        if threaded is None:
            return (*self._sampled(segment, wanted, most), False)
        if segment.generator is not None and backends_in(segment.generator):
            items, failed = await asyncio.to_thread(self._from_answers, segment, threaded.items(), most)
            return items, wanted, failed
        return (*await asyncio.to_thread(_counted, threaded.items(), most, wanted), False)

    def _most(self, segment: Segment, wanted: int | None) -> int:
        known = self._earlier.items_of(segment)
        most = min(MOST, known + SAMPLED)
        return most if wanted is None else min(most, max(wanted, known, 1))

    def _sampled(self, segment: Segment, wanted: int | None, most: int) -> tuple[list[Item], int | None]:
        source = self._maker.make(segment, _NoRows())
        items: list[Item] = []
        while len(items) < most and (item := source.take()) is not None:
            items.append(item)
        count = len(items)
        # A finite generator of an unknown number of rows is sampled to its end: that asks no model.
        while wanted is None and source.take() is not None:
            count += 1
        return items, count if wanted is None or count < most else None

    def _from_answers(self, segment: Segment, items: Iterator[Item], most: int) -> tuple[list[Item], bool]:
        """Return the rows of a generator that asks a model itself: those that the run has, and a few more."""
        generator = segment.generator
        assert generator is not None
        found: list[Item] = []
        made_up = 0
        before = self._gateway.lacking
        try:
            for item in islice(items, most):
                is_kept = self._gateway.lacking == before
                row = item.in_flight.row()
                found.append(item if is_kept else _made_up(row, item.id, generator.name))
                made_up += not is_kept
                if made_up == _FROM_ANSWERS:
                    break
        except Exception:  # an author's loop may do anything with a placeholder
            if self._gateway.lacking == before:
                raise
        if found or self._gateway.lacking == before:
            return found, False
        return [_made_up(stand_ins(generator, {})[0], "0", generator.name)], True

    def _after_barrier(self, segment: Segment) -> tuple[list[Item], int | None]:
        assert segment.source is not None
        parents = [parent.step for parent in segment.source.parents] or [INPUT]
        walks = [(self._walk_of(name), name) for name in parents]
        made = [row for walk, name in walks for row in walk.made(name)]
        is_whole = all(walk.walked >= (walk.items or 0) for walk, _ in walks)
        if is_whole and not any(is_made_up(row) for row in made):
            store = cast(RunStore, self._earlier.queries)  # it's only read
            fingerprint = self._fingerprints[segment.name]
            barrier = Barrier(segment.source, store, fingerprint, id_columns=self._plan.id_columns)
            if self._earlier.name is not None and barrier.is_made():
                return _counted(barrier.items(), MOST, None)
        count: int | None = 0
        for walk, name in walks:
            share = scaled(walk, len(walk.made(name)), self._plan, self._earlier)
            count = None if count is None or share is None else count + math.ceil(share)
        step = segment.source.step
        if asks_for_money(step):
            # What it asks depends on all rows together, so no sample of them says how often.
            self._unrendered.add(step.name)
        rows = [stand_ins(step, row.row())[0] for row in made[:MOST]]
        return [_made_up(row, f"~{number}", step.name) for number, row in enumerate(rows)], count

    def _walk_of(self, name: str) -> SegmentWalk:
        return next(walk for walk in self._walks if name in walk.segment.kept)


def _made_up(row: Row, row_id: str, step: str) -> Item:
    return Item(row_id, InFlight(row_id, encode_row({**row, MADE_UP: True}), step, None, row_id))


def _counted(items: Iterator[Item], most: int, wanted: int | None) -> tuple[list[Item], int | None]:
    """Return the first items, and how many there are; None if there are at least as many as wanted."""
    taken = list(islice(items, most))
    if len(taken) < most:
        return taken, len(taken)
    rest = items if wanted is None else islice(items, max(0, wanted - most))
    count = len(taken) + sum(1 for _ in rest)
    return taken, count if wanted is None or count < wanted else None
