"""An item's outcome on its way from a worker to the run."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.sources.sources import Item
from seedbed.engine.workers.worker_messages import SentRow, SentScope, Settled
from seedbed.llm.calling.scope import CallScope

_ITEM = -1


def packed(outcome: ItemOutcome, number: int, root: InFlight, *, is_whole: bool) -> Settled:
    """Return the outcome of item `number` as it's sent; `root` is its row, which the run has itself.

    Unless it's to be sent `is_whole`, the rows in between are left out: few runs look at them again.
    """
    rows: list[SentRow] = []
    places: dict[int, int] = {id(root): _ITEM}
    made = {
        name: [_place(in_flight, root, rows, places, is_whole) for in_flight in several]
        for name, several in outcome.made.items()
    }
    return Settled(
        number,
        rows,
        made,
        outcome.failures,
        outcome.rejections,
        outcome.dropped,
        [SentScope(one.step, one.row, one.attempt, one.asked) for one in outcome.scopes if one.asked],
        outcome.evidence,
        outcome.asked or any(one.asked for one in outcome.scopes),
        outcome.reasked or any(one.reasks for one in outcome.scopes),
    )


def _place(
    in_flight: InFlight, root: InFlight, rows: list[SentRow], places: dict[int, int], is_whole: bool
) -> int:
    known = places.get(id(in_flight))
    if known is not None:
        return known
    parent = _ITEM
    if is_whole and in_flight.parent is not None:
        parent = _place(in_flight.parent, root, rows, places, is_whole)
    one = in_flight
    rows.append(SentRow(one.id, one.encoded, one.node, parent, one.source, one.k, one.place))
    places[id(in_flight)] = len(rows) - 1
    return len(rows) - 1


def unpacked(sent: Settled, item: Item, position: int, seed: int) -> ItemOutcome:
    """Return the outcome that was sent for an item."""
    root = item.in_flight
    rows = list(_rows(sent, root))
    return ItemOutcome(
        position,
        item.id,
        {
            name: [root if place == _ITEM else rows[place] for place in made]
            for name, made in sent.made.items()
        },
        list(sent.failures),
        list(sent.rejections),
        list(sent.dropped),
        [_scope(one, seed) for one in sent.scopes],
        list(sent.evidence),
        sent.asked,
        sent.reasked,
    )


def _rows(sent: Settled, root: InFlight) -> Iterator[InFlight]:
    rows: list[InFlight] = []
    for one in sent.rows:
        parent = root if one.parent == _ITEM else rows[one.parent]
        rows.append(InFlight(one.id, one.encoded, one.node, parent, one.source, one.k, None, one.place))
        yield rows[-1]


def _scope(sent: SentScope, seed: int) -> CallScope:
    scope = CallScope(seed, sent.step, sent.row, attempt=sent.attempt)
    scope.asked = list(sent.asked)
    return scope
