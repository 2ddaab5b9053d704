"""A row on its way through a run: its JSON, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from seedbed.tasks.rows import Row


@dataclass(slots=True, eq=False)
class InFlight:
    """A row in flight that step `node` made: its id, its JSON, and the row in flight that it was made from.

    `source` and `k` say where the run keeps it: row `k` of the result of `node` for row `source`. `given`
    holds the variables that a generator task sampled, if this stands for those. `place` is what people call
    the row that this one comes from, if that isn't its id: a line of a file.
    """

    # Rows are kept as JSON, not as dictionaries: a step may change the dictionary that it gets, and neither
    # its siblings nor the store may see that. `eq=False`, since two rows of equal content are still two rows.

    id: str
    encoded: bytes
    node: str = ""
    parent: InFlight | None = None
    source: str = ""
    k: int = 0
    given: Row | None = None
    place: str = ""

    def row(self) -> Row:
        """Return the row, decoded again for each caller: changing it changes no other's.

        Sampled variables are the same for each, and only the task that sampled them gets them.
        """
        # A private variable may hold what JSON lacks, such as any object. The task hands a copy to its
        # author's code.
        row: Row = orjson.loads(self.encoded) if self.given is None else self.given
        return row

    def origin(self, node: str) -> InFlight:
        """Return the row of `node` that this one comes from."""
        in_flight: InFlight | None = self
        while in_flight is not None and in_flight.node != node:
            in_flight = in_flight.parent
        assert in_flight is not None, f"row '{self.id}' comes from no row of '{node}'"
        return in_flight


def children(in_flight: InFlight, node: str, made: list[bytes]) -> list[InFlight]:
    """Return the rows that `node` made from a row: a single one keeps its id, several are numbered."""
    if len(made) == 1:
        # Ids are keys of results: an id that grew with each step would tie a row's key to the steps upstream.
        return [InFlight(in_flight.id, made[0], node, in_flight, in_flight.id, 0, None, in_flight.place)]
    return [
        InFlight(f"{in_flight.id}/{k}", encoded, node, in_flight, in_flight.id, k, None, in_flight.place)
        for k, encoded in enumerate(made)
    ]


def row_order(row_id: str) -> list[int]:
    """Return a sort key for the rows of one item: the numbers after the item's own id."""
    # As numbers: as text, "7/10" would come before "7/2".
    return [int(part) for part in row_id.split("/")[1:]]
