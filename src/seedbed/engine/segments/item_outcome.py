"""What became of one item of a source."""

from __future__ import annotations

from dataclasses import dataclass, field

from seedbed.engine.failure import Failure
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.llm.calling.scope import CallScope
from seedbed.store import Result


@dataclass(slots=True)
class ItemOutcome:
    """The rows that one item made, by the step that made them, and what failed or was rejected.

    `dropped` names the steps that returned nothing for a row, and said nothing of it.

    `position` counts items of the source from 0; `id` is the item's, the same in every run. `scopes` are
    those of the steps so far, and `evidence` is what is to be kept of rows that no step's own result
    refuses.
    """

    position: int
    id: str
    made: dict[str, list[InFlight]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    rejections: list[Failure] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    scopes: list[CallScope] = field(default_factory=list)
    evidence: list[Result] = field(default_factory=list)

    def rows(self, node: str) -> list[InFlight]:
        """Return the rows that a step made, in order."""
        return self.made.get(node, [])
