"""Steps and graphs as a rehearsal applies them: rows that nobody has paid for are made up."""

from __future__ import annotations

from collections.abc import Mapping

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.forecast.placeholders import MADE_UP, holds_placeholder, made_up_row
from seedbed.engine.forecast.rehearsal_gateway import RehearsalGateway
from seedbed.engine.plan import Plan
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.branch_merging import by_fork
from seedbed.engine.segments.flow import Flow, Ways, is_ordered
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.rows_wanted import RowsWanted
from seedbed.engine.segments.segments import Segment
from seedbed.engine.segments.step_counts import StepTally
from seedbed.engine.segments.step_outcome import Attempted, StepOutcome
from seedbed.engine.segments.step_results import Applied, StepResults
from seedbed.engine.segments.step_runners import StepRunner, runner_of
from seedbed.llm.calling.sender import DEFAULT_CONCURRENCY
from seedbed.pipeline.topology import Merge, Node
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.rows import Row, encode_row
from seedbed.tasks.steps import Step

_MARK = MADE_UP.encode()


def is_made_up(in_flight: InFlight) -> bool:
    """Whether a row holds a placeholder, or was made with one."""
    return _MARK in in_flight.encoded


class RehearsedSteps(StepResults):
    """Applies the steps of a segment without asking a model.

    What the run has is used again. A row for which it lacks an answer is made up from then on: its prompts
    still count, its answers are placeholders, and it's neither rejected nor dropped. `kept_rows` has the rows
    whose result the run has, `unrendered` the steps whose prompts can't be made before the answers are there.
    """

    def __init__(
        self,
        segment: Segment,
        plan: Plan,
        fingerprints: Mapping[str, bytes],
        journal: RunJournal,
        gateway: RehearsalGateway,
        rows_wanted: RowsWanted,
    ) -> None:
        self.kept_rows: list[tuple[str, str]] = []
        self.unrendered: set[str] = set()
        self._gateway = gateway
        concurrency = plan.concurrency or DEFAULT_CONCURRENCY
        applied = {
            node.name: Applied(
                runner_of(node.step, concurrency), fingerprints[node.name], is_ordered(node), None
            )
            for node in segment.nodes
        }
        for node in segment.nodes:
            applied[node.name].runner.noted = rows_wanted.noting(node.step)
        super().__init__(applied, journal, plan.seed, segment.generator is not None, _never, StepTally())

    def close(self) -> None:
        """Release the threads of the steps."""
        for applied in self.applied.values():
            applied.runner.close()

    def queues(self, name: str) -> bool:
        """Return False: a rehearsal takes one row after the other."""
        return False

    def prepares(self, name: str) -> bool:
        """Return False: there's nothing to wait for before a row's turn."""
        return False

    async def apply(self, name: str, in_flight: InFlight, settled: ItemOutcome) -> list[bytes]:
        """Return the rows that a step makes of a row, made up if an answer is missing."""
        runner = self.applied[name].runner
        if is_made_up(in_flight):
            self.count_taken(name)
            row = {key: value for key, value in in_flight.row().items() if key != MADE_UP}
            made = await self._made_up(runner, in_flight, row, settled)
            self.tally[name].add(len(made), False)
            return made
        found = self._found(name, in_flight)
        if found.outcome is not None:
            self.kept_rows.append((name, in_flight.id))
        if found.outcome is not None or not backends_in(runner.step):
            return await super().apply(name, in_flight, settled)
        return await self._rehearsed(name, in_flight, found.attempt, settled)

    async def _rehearsed(
        self, name: str, in_flight: InFlight, attempt: int, settled: ItemOutcome
    ) -> list[bytes]:
        runner, row = self.applied[name].runner, in_flight.row()
        self.count_taken(name)
        scope = self._scope(name, in_flight, attempt, settled.position)
        scope.asked = []
        settled.scopes.append(scope)
        shared = self._gateway.shared_lacking[name]
        try:
            outcome = await self._outcome(runner, in_flight, runner.apply(row, scope), scope)
        except Exception:
            if not self._lacks(name, in_flight, shared):
                raise
            outcome = StepOutcome([], [])
        # A row may also have another row's answer, which was a placeholder then.
        if self._lacks(name, in_flight, shared) or any(holds_placeholder(name, row) for row in outcome.rows):
            rows = [] if outcome.reasons else outcome.rows
            if not rows:
                self._note_end(runner.step)
            made = _marked(runner, row, rows)
            self.tally[name].add(len(made), False)
            return made
        attempted = Attempted(name, in_flight, b"", attempt, None, outcome, is_known=False)
        return self.keep(attempted, settled)

    def _lacks(self, name: str, in_flight: InFlight, shared: int) -> bool:
        return self._gateway.lacks(name, in_flight.id) or self._gateway.shared_lacking[name] > shared

    async def _made_up(
        self, runner: StepRunner, in_flight: InFlight, row: Row, settled: ItemOutcome
    ) -> list[bytes]:
        name = runner.step.name
        if not backends_in(runner.step):
            return _marked(runner, row, await self._made_without_model(runner, in_flight, row))
        before = len(self._gateway.calls)
        try:
            rows = await runner.apply(row, self._scope(name, in_flight, 0, settled.position))
        except Exception:  # noqa: BLE001 - a placeholder fits no author's code
            rows = []
            self._note_end(runner.step)
        if len(self._gateway.calls) == before and not self._gateway.lacks(name, in_flight.id):
            self.unrendered.add(name)
        return _marked(runner, row, rows)

    async def _made_without_model(self, runner: StepRunner, in_flight: InFlight, row: Row) -> list[bytes]:
        """Return what a step makes of a row with placeholders, if it may be tried: none if it takes none."""
        step = runner.step
        # A number or a short text that it makes of a long answer would otherwise count as a long answer, too.
        # Other steps may write somewhere, or remember the row: they only see rows that there will be.
        if not (isinstance(step, Step) and step.repeatable) or self.applied[step.name].ordered:
            return []
        try:
            return await runner.apply(row, self._scope(step.name, in_flight, 0, 0))
        except Exception:  # noqa: BLE001 - a placeholder fits no author's code
            return []

    def _note_end(self, step: BaseStep) -> None:
        """Note that a placeholder ended the calls of a row, if an author decides how many there are."""
        if decides_calls(step):
            self._gateway.cut_off.add(step.name)


def decides_calls(step: BaseStep) -> bool:
    """Whether a step's own code decides how many calls a row takes that cost something."""
    if isinstance(step, BaseTask) and step._asks_for_all and not step._makes_rows_itself:
        return False
    return asks_for_money(step)


def asks_for_money(step: BaseStep) -> bool:
    """Whether a step asks a model whose answers are kept: some vectors aren't, as they cost nothing."""
    return any(backend._is_journalled for backend in backends_in(step))


def _never() -> bool:
    return False


def _marked(runner: StepRunner, row: Row, made: list[bytes]) -> list[bytes]:
    """Return rows marked as made up: those that a step made with placeholders, or else plain ones."""
    # Every row is an object, so the mark goes before its closing brace.
    if made:
        mark = b'"' + _MARK + b'":true}'
        return [rows[:-1] + (b"," if len(rows) > 2 else b"") + mark for rows in made]
    return [encode_row(plain) for plain in stand_ins(runner.step, row)]


def stand_ins(step: BaseStep, row: Row) -> list[Row]:
    """Return the rows that a step would make of a row, with placeholders for its columns."""
    kept = {name: value for name, value in row.items() if not name.startswith("_")}
    count = step.num_generations if isinstance(step, BaseTask) else 1
    return [made_up_row(step, kept) for _ in range(count)]


class RehearsedFlow(Flow):
    """Takes items through a segment; where the way of a row depends on an answer, it goes every way."""

    def _routed(
        self, parent: str, child: str, rows: list[InFlight], ways: Ways, settled: ItemOutcome
    ) -> list[InFlight]:
        if not self._topology.routes(parent):
            return rows
        known = [one for one in rows if not is_made_up(one)]
        taken = {id(one) for one in super()._routed(parent, child, known, ways, settled)}
        return [one for one in rows if is_made_up(one) or id(one) in taken]

    def _merged(
        self, node: Node, merge: Merge, branches: list[list[InFlight]], settled: ItemOutcome
    ) -> list[InFlight]:
        if merge.kind != "union":
            return super()._merged(node, merge, branches, settled)
        united: list[InFlight] = []
        for _, ways in by_fork(merge, branches):
            if any(is_made_up(one) for way in ways for one in way):
                # It went every way, but comes out of one of them.
                united += [one for way in sorted(ways, key=len)[-1:] for one in way]
            else:
                united += [one for way in ways for one in way]
        return united
