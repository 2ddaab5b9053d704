"""The path of items through steps that wait for nothing: one after the other, in the source's thread."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from seedbed.engine.failure import Failure
from seedbed.engine.segments.branch_merging import row_order
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight, children
from seedbed.engine.segments.segments import Segment
from seedbed.engine.segments.step_outcome import Attempted
from seedbed.engine.segments.step_results import StepResults
from seedbed.engine.sources.sources import Item
from seedbed.pipeline.topology import Topology


class Inlined:
    """What steps made of an item, before any of it is kept.

    `error` is one that every other item would meet; `size` has the bytes of the item and of all rows made.
    """

    __slots__ = ("attempts", "error", "item", "settled", "size")

    def __init__(self, item: Item, position: int) -> None:
        self.item = item
        self.settled = ItemOutcome(position, item.id)
        self.attempts: list[Attempted] = []
        self.error: BaseException | None = None
        self.size = len(item.in_flight.encoded)


class InlineFlow:
    """Takes items through steps in a line that call no model, without a task or a thread hop for each row.

    `settle` computes, in the source's thread, and changes nothing: whatever isn't wanted is dropped without a
    trace. `keep` notes what was made, on the loop, in the order of the items.
    """

    # A task, a future and two thread hops took 0.1 ms of a row's processor time, ten times what short steps
    # take.

    def __init__(self, segment: Segment, results: StepResults) -> None:
        self._names = [node.name for node in segment.nodes]
        self._places = {name: place for place, name in enumerate(self._names)}
        (self._kept,) = segment.kept
        self._results = results

    def settle(self, item: Item, position: int) -> Inlined:
        """Return what the steps make of an item."""
        inlined = Inlined(item, position)
        settled = inlined.settled
        if item.failure is not None:
            settled.note(item.failure)
            return inlined
        try:
            rows = self._through(0, item.in_flight, inlined) if self._names else [item.in_flight]
        except BaseException as error:  # noqa: BLE001 - raised again at the item's turn
            inlined.error = error
        else:
            settled.made[self._kept] = rows
        return inlined

    def keep(self, inlined: Inlined) -> ItemOutcome:
        """Keep what was made of an item and return it; raise an error that every other item would meet."""
        settled = inlined.settled
        for attempt in inlined.attempts:
            self._results.take(attempt.name)
            self._results.keep(attempt, settled)
        if inlined.error is not None:
            raise inlined.error
        if len(settled.failures) + len(settled.rejections) > 1:
            settled.failures.sort(key=self._place)
            settled.rejections.sort(key=self._place)
        return settled

    def _place(self, failure: Failure) -> tuple[list[int], int]:
        return row_order(failure.row), self._places.get(failure.step, 0)

    def _through(self, number: int, in_flight: InFlight, inlined: Inlined) -> list[InFlight]:
        while True:
            name = self._names[number]
            attempt = self._results.apply_now(name, in_flight, inlined.settled.position)
            inlined.attempts.append(attempt)
            # What waits for its verdict needs only its JSON.
            in_flight.flat = None
            is_last = number + 1 == len(self._names)
            made = children(in_flight, name, attempt.outcome.rows, None if is_last else attempt.outcome.flat)
            for row in made:
                inlined.size += len(row.encoded)
            if is_last:
                return made
            number += 1
            if len(made) != 1:
                return [row for child in made for row in self._through(number, child, inlined)]
            (in_flight,) = made


def inline_flow(segment: Segment, topology: Topology, results: StepResults) -> InlineFlow | None:
    """Return the flow of a segment whose steps can run in the source's thread; None if they can't."""
    names = [node.name for node in segment.nodes]
    if not all(map(results.is_immediate, names)) or not _is_line(segment, topology):
        return None
    return InlineFlow(segment, results)


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
