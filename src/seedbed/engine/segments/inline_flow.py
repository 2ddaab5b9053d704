"""The path of items through steps that wait for nothing: one after the other, in the source's thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import cast

from seedbed.engine.segments.block_line import BlockLine
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.repeatable_line import LineStep, RepeatableLine
from seedbed.engine.segments.row_block import RowBlock
from seedbed.engine.segments.rows_in_flight import InFlight, children
from seedbed.engine.segments.rows_wanted import RowsWanted
from seedbed.engine.segments.segments import Segment
from seedbed.engine.segments.step_outcome import Attempted
from seedbed.engine.segments.step_results import StepResults
from seedbed.engine.sources.sources import Item
from seedbed.engine.sources.stretches import Stretch
from seedbed.engine.sources.threaded import Threaded
from seedbed.pipeline.topology import Topology
from seedbed.store import Result, RunStore

_NOT_APPLIED: Mapping[str, Attempted] = {}


class Inlined:
    """What steps made of an item, before any of it is kept.

    `made` has a result for each row that passed a repeatable step, and what was attempted in all other cases.
    `applied` is what is known already. `error` is one that every other item would meet; `size` has the bytes
    of the item and of all rows made.
    """

    __slots__ = ("applied", "error", "item", "made", "settled", "size")

    def __init__(self, item: Item, position: int) -> None:
        self.item = item
        self.settled = ItemOutcome(position, item.id)
        self.made: list[Result | Attempted] = []
        self.applied: Mapping[str, Attempted] = {}
        self.error: BaseException | None = None
        self.size = len(item.in_flight.encoded)

    def __len__(self) -> int:
        return 1


class InlineFlow:
    """Takes items through steps in a line that call no model, without a task or a thread hop for each row.

    `settle` computes, in the source's thread, and changes nothing: whatever isn't wanted is dropped without a
    trace. `keep` notes what was made, on the loop, in the order of the items.
    """

    # A task, a future and two thread hops took 0.1 ms of a row's processor time, ten times what short steps
    # take.

    def __init__(
        self,
        segment: Segment,
        results: StepResults,
        line: RepeatableLine | None,
        rows_wanted: RowsWanted | None = None,
    ) -> None:
        self._line = line
        self._rows_wanted = rows_wanted
        self._names = [node.name for node in segment.nodes]
        self._places = {name: place for place, name in enumerate(self._names)}
        (self._kept,) = segment.kept
        self._results = results
        self._blocks: BlockLine | None = None
        self._earlier: RunStore | None = None

    def fill_blocks(self, line: Sequence[LineStep], store: RunStore | None) -> None:
        """Have items that fit into blocks settle there; `line` are all steps.

        `store` is the run's if it may have results of single items: those don't go into blocks, as they may
        be replayed, or retried.
        """
        self._blocks, self._earlier = BlockLine(line, self._results, self._rows_wanted), store

    def settled(self, given: Threaded) -> Iterator[Inlined | RowBlock]:
        """Yield what the steps make of a source's items, in order: of each one, or of a block of them.

        They end with the last item that a step wants, before the next one is read.
        """
        if self._rows_wanted is None:
            yield from self._all_settled(given)
            return
        items = 0
        if self._rows_wanted.is_ended(items):
            return
        for settled in self._all_settled(given):
            yield settled
            items += len(settled)
            if self._rows_wanted.is_ended(items):
                return

    def _all_settled(self, given: Threaded) -> Iterator[Inlined | RowBlock]:
        if self._blocks is None or given.stretches is None:
            yield from (self.settle(item, position) for position, item in enumerate(given.items()))
            return
        position = 0
        for found in given.stretches():
            for part in self._parts(found):
                if isinstance(part, Item):
                    yield self.settle(part, position)
                    position += 1
                else:
                    yield from self._in_blocks(self._blocks, part, position)
                    position += len(part)

    def _in_blocks(self, line: BlockLine, stretch: Stretch, position: int) -> Iterator[Inlined | RowBlock]:
        for settled in line.settled(stretch, position):
            if isinstance(settled, RowBlock):
                yield settled
            else:
                yield self.settle(*settled)

    def _parts(self, found: Stretch | Item) -> Iterator[Stretch | Item]:
        """Yield the parts of a stretch that go into blocks, and the items that don't."""
        if isinstance(found, Item) or self._earlier is None:
            yield found
            return
        first, name = 0, self._names[0]
        for i, row_id in enumerate(found.ids):
            if self._earlier.result_of(name, row_id) is not None:
                if i > first:
                    yield found.part(first, i)
                yield found.item(i)
                first = i + 1
        if first < len(found):
            yield found.part(first, len(found))

    def settle(
        self,
        item: Item,
        position: int,
        applied: Mapping[str, Attempted] = _NOT_APPLIED,
        error: BaseException | None = None,
    ) -> Inlined:
        """Return what the steps make of an item.

        `applied` is what some of them have made of it already, and `error` what one raised.
        """
        inlined = Inlined(item, position)
        inlined.applied, inlined.error = applied, error
        settled = inlined.settled
        if item.failure is not None:
            settled.note(item.failure)
        if item.failure is not None or inlined.error is not None:
            return inlined
        try:
            rows = self._through(0, item.in_flight, inlined) if self._names else [item.in_flight]
        except BaseException as raised:  # noqa: BLE001 - raised again at the item's turn
            inlined.error = raised
        else:
            settled.made[self._kept] = rows
        return inlined

    def keep(self, inlined: Inlined) -> ItemOutcome:
        """Keep what was made of an item and return it; raise an error that every other item would meet."""
        settled = inlined.settled
        new: list[Result] = []
        for made in inlined.made:
            if type(made) is Result:
                new.append(made)
                continue
            self._keep_new(new)
            new.clear()
            attempt = cast(Attempted, made)
            self._results.count_taken(attempt.name)
            self._results.keep(attempt, settled)
        self._keep_new(new)
        if inlined.error is not None:
            raise inlined.error
        settled.sort_reasons(self._places)
        return settled

    def _keep_new(self, results: list[Result]) -> None:
        if results and self._line is not None:
            self._line.keep(results)

    def _through(self, number: int, in_flight: InFlight, inlined: Inlined) -> list[InFlight]:
        while True:
            if self._line is not None:
                number, in_flight = self._passed(self._line, number, in_flight, inlined)
                if number == len(self._names):
                    return [in_flight]
            name = self._names[number]
            known = inlined.applied.get(name)
            attempt = known or self._results.apply_now(name, in_flight, inlined.settled.position)
            inlined.made.append(attempt)
            made = children(in_flight, name, attempt.outcome.rows)
            for row in made:
                inlined.size += len(row.encoded)
            number += 1
            if number == len(self._names):
                return made
            if len(made) != 1:
                return [row for child in made for row in self._through(number, child, inlined)]
            (in_flight,) = made

    def _passed(
        self, line: RepeatableLine, number: int, in_flight: InFlight, inlined: Inlined
    ) -> tuple[int, InFlight]:
        before = number
        number, in_flight = line.take(number, in_flight, inlined.made)
        for result in inlined.made[len(inlined.made) - (number - before) :]:
            inlined.size += len(result.data)  # type: ignore[union-attr]
        return number, in_flight


def inline_flow(
    segment: Segment,
    topology: Topology,
    results: StepResults,
    fresh: RunStore | None = None,
    rows_wanted: RowsWanted | None = None,
) -> InlineFlow | None:
    """Return the flow of a segment whose steps can run in the source's thread; None if they can't.

    `fresh` is the run's store if it has no results yet.
    """
    names = [node.name for node in segment.nodes]
    if not all(map(results.is_immediate, names)) or not _is_line(segment, topology):
        return None
    line = None
    if fresh is not None:
        line = RepeatableLine([results.applied[name] for name in names], fresh, results)
    return InlineFlow(segment, results, line, rows_wanted)


def _is_line(segment: Segment, topology: Topology) -> bool:
    """Whether each row goes from the source through all steps to the only one that is kept."""
    first = segment.source.name if segment.source is not None else None
    line: Sequence[str] = [*([first] if first else []), *(node.name for node in segment.nodes)]
    if segment.kept != [line[-1] if line else segment.name]:
        return False
    if any(node.merge is not None for node in segment.nodes):
        return False
    return all(
        topology.children(one) == (other,) and not topology.routes(one) for one, other in pairwise(line)
    )
