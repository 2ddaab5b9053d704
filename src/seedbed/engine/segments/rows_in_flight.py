"""A row on its way through a run: where it comes from, and what it is encoded."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from seedbed.tasks.rows import Row


@dataclass(slots=True, eq=False)
class InFlight:
    """A row that step `node` made: its id, the row as JSON, and the cell that it was made of.

    `source` and `k` say where its row is kept: row `k` of the result of `node` for row `source`. `given`
    is what a generator task sampled, as it is, where the cell stands for that. `place` is how people name
    the row that this one comes from, where they know it by another name than its id: a line of a file.
    """

    id: str
    encoded: bytes
    node: str = ""
    parent: InFlight | None = None
    source: str = ""
    k: int = 0
    given: Row | None = None
    place: str = ""

    def row(self) -> Row:
        """Return the row, decoded anew: whoever changes it changes nobody else's."""
        row: Row = orjson.loads(self.encoded) if self.given is None else self.given
        return row

    def origin(self, node: str) -> InFlight:
        """Return the cell of `node` that this one comes from."""
        cell: InFlight | None = self
        while cell is not None and cell.node != node:
            cell = cell.parent
        assert cell is not None, f"no row of '{node}' is behind row '{self.id}'"
        return cell


def children(cell: InFlight, node: str, made: list[bytes]) -> list[InFlight]:
    """Return the cells of the rows that `node` made of a cell: one row keeps its id, several are numbered."""
    if len(made) == 1:
        return [InFlight(cell.id, made[0], node, cell, cell.id, 0, None, cell.place)]
    return [
        InFlight(f"{cell.id}/{k}", encoded, node, cell, cell.id, k, None, cell.place)
        for k, encoded in enumerate(made)
    ]
