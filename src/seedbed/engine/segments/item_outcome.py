"""What became of one item of a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seedbed.engine.evidence import evidence_of
from seedbed.engine.failure import Failure
from seedbed.engine.segments.rows_in_flight import InFlight, row_order
from seedbed.errors import Reject
from seedbed.llm.calling.scope import CallScope
from seedbed.store import Result


@dataclass(slots=True)
class ItemOutcome:
    """The rows that one item became, by the step that made them, and its failures and rejections.

    `dropped` names the steps that returned nothing for a row and gave no reason.

    `position` counts the items of the source from 0; `id` is the item's, the same in every run. `scopes` has
    the call scopes of the steps so far. `evidence` is kept with rows that were refused outside a step: by a
    route, a join or the decider. `asked` and `reasked` say whether a model was asked for the item in this
    session, and asked again since an answer didn't fit.
    """

    position: int
    id: str
    made: dict[str, list[InFlight]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    rejections: list[Failure] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    scopes: list[CallScope] = field(default_factory=list)
    evidence: list[Result] = field(default_factory=list)
    asked: bool = False
    reasked: bool = False

    def note(self, failure: Failure) -> None:
        """Note why a row isn't there: it failed, or it was rejected."""
        (self.rejections if failure.rejected else self.failures).append(failure)

    def refusal(self, in_flight: InFlight, step: str, error: Exception, *, kept_as: str) -> Failure:
        """Return why a row is refused outside a step, and add the evidence on it, both kept as `kept_as`."""
        self.evidence.append(evidence_of(kept_as, in_flight, self.scopes))
        rejected = isinstance(error, Reject)
        return Failure.of(
            in_flight.id, step, error, rejected=rejected, kept_as=kept_as, source=in_flight.place
        )

    def sort_reasons(self, places: Mapping[str, int]) -> None:
        """Order failures and rejections by their rows; those of one row by the places of their steps."""
        # The common case first: this runs for every item.
        if len(self.failures) + len(self.rejections) < 2:
            return

        def order(failure: Failure) -> tuple[list[int], int]:
            return row_order(failure.row), places.get(failure.step, 0)

        self.failures.sort(key=order)
        self.rejections.sort(key=order)

    def let_scopes_go(self) -> None:
        """Drop the call scopes, which hold prompts, and note whether models were asked."""
        for scope in self.scopes:
            self.asked |= bool(scope.asked)
            self.reasked |= scope.reasks > 0
        self.scopes.clear()

    def rows(self, node: str) -> list[InFlight]:
        """Return the rows that a step made, in order."""
        return self.made.get(node, [])
