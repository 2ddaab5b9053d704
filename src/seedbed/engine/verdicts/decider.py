"""Verdicts: what counts towards the rows that are wanted, decided in the order of the items."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence

import orjson

from seedbed.engine.evidence import evidence_of
from seedbed.engine.failure import Failure
from seedbed.engine.resume.fingerprint import digest
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.step_results import concerns_all
from seedbed.engine.sources.sources import AcceptedRows
from seedbed.errors import Reject, UsageError
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import GeneratorStep

ATTEMPTS_PER_ROW = 10


class Decider(AcceptedRows):
    """Decides items one after the other: judges their rows, and cuts what is behind the last one wanted.

    `counted` is the step whose rows are counted, `steps` are those whose failures count with them. An item
    starts only while accepted + failed + undecided is below `wanted`, and there are `attempts` of them at
    most; both may be None.
    """

    def __init__(
        self,
        counted: str,
        steps: frozenset[str],
        *,
        wanted: int | None,
        attempts: int | None,
        generator: GeneratorStep | None,
    ) -> None:
        self._counted = counted
        self._steps = steps
        self._wanted = wanted
        self._attempts = attempts
        self._admitting = generator if generator is not None and generator.is_admitting else None
        self._judges = generator is not None and type(generator).admit is not GeneratorStep.admit
        self._remembers = self._judges or bool(getattr(generator, "feedback", 0))
        self._generator = generator.name if generator is not None else ""
        self._items = 0
        self._counted_rows = 0
        self._accepted: list[Row] = []
        self._positions: list[int] = []
        self._seen: set[bytes] = set()

    @property
    def may_refuse(self) -> bool:
        """Whether rows may be refused here, after all steps."""
        return self._admitting is not None

    @property
    def is_satisfied(self) -> bool:
        """Whether as many rows and failures have been decided as are wanted."""
        return self._wanted is not None and self._counted_rows >= self._wanted

    @property
    def tried(self) -> int | None:
        """How many items have been tried, where there may be no more of them and rows are still wanted."""
        is_out = self._attempts is not None and self._items >= self._attempts
        return self._attempts if is_out and not self.is_satisfied else None

    def has_room(self, undecided: int) -> bool:
        """Whether one more item may start beside those that are not decided yet."""
        if self._attempts is not None and self._items + undecided >= self._attempts:
            return False
        return self._wanted is None or self._counted_rows + undecided < self._wanted

    def decided(self) -> int:
        """Return how many items have their verdict."""
        return self._items

    def below(self, index: int) -> Sequence[Row]:
        """Return the accepted rows of all items below an index, as the generator made them."""
        return self._accepted[: bisect_left(self._positions, index)]

    async def decide(self, settled: ItemOutcome) -> ItemOutcome:
        """Turn what became of the next item into its verdict."""
        if self._admitting is not None and settled.rows(self._counted):
            await self._admit_rows(settled)
        settled.scopes.clear()
        self._cut(settled)
        if self._remembers and self._admitting is None:
            for cell in self._own(settled):
                self._remember(cell.row(), settled.position)
        self._items += 1
        return settled

    def _own(self, settled: ItemOutcome) -> list[InFlight]:
        """Return the generator's own rows behind those that are counted."""
        own = (cell.origin(self._generator) for cell in settled.rows(self._counted))
        return list({id(cell): cell for cell in own}.values())

    async def _admit_rows(self, settled: ItemOutcome) -> None:
        assert self._admitting is not None
        for cell in self._own(settled):
            row = cell.row()
            try:
                key = self._unique_key(row)
                if key in self._seen:
                    raise Reject("a duplicate of an earlier row")
                if self._judges:
                    await self._judge(row)
            except Reject as reason:
                _drop(settled, cell)
                settled.rejections.append(self._refused(settled, cell, reason))
            except Exception as error:
                if concerns_all(error):
                    raise
                _drop(settled, cell)
                settled.failures.append(self._refused(settled, cell, error))
            else:
                self._remember(row, settled.position)
                if key:
                    self._seen.add(key)

    async def _judge(self, row: Row) -> None:
        assert self._admitting is not None
        admit: Callable[..., object] = self._admitting.admit
        if await asyncio.to_thread(admit, row, self._accepted) is False:
            raise UsageError(
                f"`admit` of step '{self._generator}' returned False, which rejects nothing",
                'raise Reject("why") for a row that is not wanted',
            )

    def _remember(self, row: Row, position: int) -> None:
        if not self._remembers:
            return
        self._accepted.append(row)
        self._positions.append(position)

    def _refused(self, settled: ItemOutcome, cell: InFlight, error: Exception) -> Failure:
        """Return why a row that its step has made is not in the dataset; have it noted what it came of."""
        name, kept_as = self._generator, f"{self._generator} admission"
        settled.evidence.append(evidence_of(kept_as, cell, settled.scopes))
        return Failure.of(
            cell.id,
            name,
            error,
            rejected=isinstance(error, Reject),
            kept_as=kept_as,
            source=cell.place,
        )

    def _unique_key(self, row: Row) -> bytes:
        """Return the digest of what no other row may have; empty where everything may be had twice."""
        columns = self._admitting.unique if self._admitting else ()
        values = [row.get(column) for column in columns]
        return digest(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)) if columns else b""

    def _cut(self, settled: ItemOutcome) -> None:
        """Leave out what is behind the last one wanted: rows first come, then failures."""
        rows, failures = settled.rows(self._counted), settled.failures
        if not failures and (self._wanted is None or self._counted_rows + len(rows) <= self._wanted):
            self._counted_rows += len(rows)
            return
        counting = [failure for failure in failures if failure.step in self._steps] if failures else []
        if self._wanted is not None:
            room = self._wanted - self._counted_rows
            if len(rows) > room:
                settled.made[self._counted] = rows = rows[:room]
            # By identity: several generations of one row fail alike.
            surplus = {id(failure) for failure in counting[room - len(rows) :]}
            settled.failures = [failure for failure in failures if id(failure) not in surplus]
            counting = counting[: room - len(rows)]
        self._counted_rows += len(rows) + len(counting)


def _drop(settled: ItemOutcome, cell: InFlight) -> None:
    """Take what a row became out of all that was made."""
    for node, cells in settled.made.items():
        settled.made[node] = [made for made in cells if not _comes_from(made, cell)]


def _comes_from(made: InFlight, cell: InFlight) -> bool:
    link: InFlight | None = made
    while link is not None and link is not cell:
        link = link.parent
    return link is cell
