"""The decider: what counts towards the rows wanted, decided in the order of the items."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence

import orjson

from seedbed.engine.failure import Failure
from seedbed.engine.resume.fingerprint import digest
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.row_block import RowBlock
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.rows_wanted import RowsWanted
from seedbed.engine.sources.sources import AcceptedRows
from seedbed.engine.stopping.concerning_all import concerns_all
from seedbed.errors import Reject, UsageError
from seedbed.store.refused_rows import kept_by_admission
from seedbed.suggestions import did_you_mean
from seedbed.tasks.columns.asked_for import note_columns
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import GeneratorStep

ATTEMPTS_PER_ROW = 10
"""Indices that a generator may try for each row wanted, unless set."""
# A generator has no end: a filter that lets nothing through would otherwise buy answers forever.


class Decider(AcceptedRows):
    """Decides items one after the other: judges their rows, and cuts those beyond the number wanted.

    `counted` is the step whose rows are counted, `steps` are those whose failures count with them. An item
    starts only while accepted + failed + expected is below `wanted`, where each undecided item is expected to
    make `rows_each` rows, and at most `attempts` of them start; both may be None. Nor does one start that no
    step needs any more, by `rows_wanted`. `remembers` says whether it looks at accepted rows again.
    """

    # Exactly N rows, and the same ones at any timing, come from two rules: a verdict depends only on the
    # items before it, and nothing starts that may turn out not to be needed. Counting rows as they arrive
    # instead would accept whichever answers came first.

    def __init__(
        self,
        counted: str,
        steps: frozenset[str],
        *,
        wanted: int | None,
        attempts: int | None,
        generator: GeneratorStep | None,
        rows_each: int = 1,
        rows_wanted: RowsWanted | None = None,
    ) -> None:
        self._counted = counted
        self._steps = steps
        self._wanted = wanted
        self._attempts = attempts
        self._rows_each = rows_each
        self._rows_wanted = rows_wanted
        self._admitting = generator if generator is not None and generator.is_admitting else None
        self._judges = self._admitting is not None and type(self._admitting).admit is not GeneratorStep.admit
        self.remembers = self._judges or bool(getattr(generator, "feedback", 0))
        self._generator = generator.name if generator is not None else ""
        self._items = 0
        self._counted_rows = 0
        self._accepted: list[Row] = []
        self._positions: list[int] = []
        self._seen: dict[bytes, str] = {}
        self._known: set[str] = set()

    @property
    def may_refuse(self) -> bool:
        """Whether rows may be refused here, after all steps."""
        return self._admitting is not None

    @property
    def is_satisfied(self) -> bool:
        """Whether the rows and failures decided so far are as many as wanted, or no step wants more."""
        if self._wanted is not None and self._counted_rows >= self._wanted:
            return True
        return self._rows_wanted is not None and self._rows_wanted.is_ended(self._items)

    @property
    def tried(self) -> int | None:
        """How many items were tried, if no more may be and rows are still wanted; otherwise None."""
        is_out = self._attempts is not None and self._items >= self._attempts
        return self._attempts if is_out and not self.is_satisfied else None

    def has_room(self, undecided: int) -> bool:
        """Whether one more item may start besides those that are undecided."""
        if self._attempts is not None and self._items + undecided >= self._attempts:
            return False
        if self._rows_wanted is not None and (
            self.is_satisfied or not self._rows_wanted.has_room(self._items, self._items + undecided)
        ):
            return False
        # Starting more in case some fail would be faster, but would buy answers for rows that are cut.
        return self._wanted is None or self._counted_rows + undecided * self._rows_each < self._wanted

    @property
    def counted_rows(self) -> int:
        """How many rows and failures count towards those wanted."""
        return self._counted_rows

    def go_on_after(self, items: int, counted: int) -> None:
        """Begin after items that an earlier session decided."""
        self._items, self._counted_rows = items, counted

    def decided(self) -> int:
        """Return how many items have their verdict."""
        return self._items

    def below(self, index: int) -> Sequence[Row]:
        """Return the accepted rows of all items below an index, as the generator made them."""
        # Positions ascend, as items are decided in order.
        return self._accepted[: bisect_left(self._positions, index)]

    async def decide(self, settled: ItemOutcome) -> ItemOutcome:
        """Turn the outcome of the next item into its verdict."""
        if self._admitting is not None and settled.rows(self._counted):
            await self._admit_rows(settled)
        # Judging was the last that needed the prompts, and a verdict may wait long for the disk.
        settled.let_scopes_go()
        # After judging: a row that is refused leaves its place to the next one.
        self._cut(settled)
        if self.remembers and self._admitting is None:
            for in_flight in self._own(settled):
                self._remember(in_flight.row(), settled.position)
        self._items += 1
        return settled

    def decide_block(self, block: RowBlock) -> RowBlock:
        """Return the items of the next block that have their verdict: up to the last one wanted.

        Only for a decider that neither refuses rows nor remembers them.
        """
        if self._rows_wanted is not None and self._rows_wanted.items < self._items + len(block):
            block = block.part(0, int(self._rows_wanted.items) - self._items)
        if self._wanted is not None:
            block = block.up_to(self._wanted - self._counted_rows)
        self._counted_rows += block.accepted
        self._items += len(block)
        return block

    def _own(self, settled: ItemOutcome) -> list[InFlight]:
        """Return the generator's own rows that the counted ones come from."""
        # `unique` and `admit` are the generator's and know its columns, not those of steps downstream. A row
        # that became several is judged once.
        own = (in_flight.origin(self._generator) for in_flight in settled.rows(self._counted))
        return list({id(in_flight): in_flight for in_flight in own}.values())

    async def _admit_rows(self, settled: ItemOutcome) -> None:
        assert self._admitting is not None
        for in_flight in self._own(settled):
            row = in_flight.row()
            try:
                key = self._unique_key(row)
                if (earlier := self._seen.get(key)) is not None:
                    raise Reject("a duplicate of an earlier row", f"like row {earlier}")
                if self._judges:
                    await self._judge(row)
            except Reject as reason:
                _drop(settled, in_flight)
                settled.rejections.append(self._refused(settled, in_flight, reason))
            # `admit` is an author's code: what it raises fails this row and no other.
            except Exception as error:
                if concerns_all(error):
                    raise
                if isinstance(error, KeyError):
                    note_columns(error, row)
                _drop(settled, in_flight)
                settled.failures.append(self._refused(settled, in_flight, error))
            else:
                self._remember(row, settled.position)
                if key:
                    self._seen[key] = in_flight.id

    async def _judge(self, row: Row) -> None:
        assert self._admitting is not None
        admit: Callable[..., object] = self._admitting.admit
        # In a thread: comparing with all accepted rows takes a while, and calls in flight need the loop.
        if await asyncio.to_thread(admit, row, self._accepted) is False:
            raise UsageError(
                f"`admit` of step '{self._generator}' returned False, which rejects nothing",
                'raise Reject("why") for a row that is not wanted',
            )

    def _remember(self, row: Row, position: int) -> None:
        if not self.remembers:
            # All other runs must not hold their rows in memory.
            return
        self._accepted.append(row)
        self._positions.append(position)

    def _refused(self, settled: ItemOutcome, in_flight: InFlight, error: Exception) -> Failure:
        """Return why a finished row isn't in the dataset, and note the evidence."""
        return settled.refusal(in_flight, self._generator, error, kept_as=kept_by_admission(self._generator))

    def _unique_key(self, row: Row) -> bytes:
        """Return the digest of a row's `unique` columns; empty if it has none."""
        # A digest: sixteen bytes for each row, whatever the columns hold.
        columns = self._admitting.unique if self._admitting else ()
        if not columns:
            return b""
        if not self._known.issuperset(columns):
            self._check_unique(columns, row)
        values = [row.get(column) for column in columns]
        return digest(orjson.dumps(values, option=orjson.OPT_SORT_KEYS))

    def _check_unique(self, columns: Sequence[str], row: Row) -> None:
        """Raise UsageError if a row lacks a column of `unique` that no row before it had."""
        # Without its column, each row would be a duplicate of the first one.
        self._known.update(row)
        for column in columns:
            if column not in self._known:
                raise UsageError(
                    f"`unique` of step '{self._generator}' names '{column}', but its row has no such column",
                    *did_you_mean(column, row),
                    f"columns of the row: {', '.join(row) or 'none'}",
                    "if only some rows have it, give the others None",
                )

    def _cut(self, settled: ItemOutcome) -> None:
        """Cut rows beyond the number wanted; if both don't fit, rows count before failures."""
        rows, failures = settled.rows(self._counted), settled.failures
        # The common case first: this runs for every row.
        if not failures and (self._wanted is None or self._counted_rows + len(rows) <= self._wanted):
            self._counted_rows += len(rows)
            return
        counting = [failure for failure in failures if failure.step in self._steps] if failures else []
        if self._wanted is not None:
            room = self._wanted - self._counted_rows
            if len(rows) > room:
                settled.made[self._counted] = rows = rows[:room]
            # By identity: several generations of one row may fail with equal failures.
            surplus = {id(failure) for failure in counting[room - len(rows) :]}
            settled.failures = [failure for failure in failures if id(failure) not in surplus]
            counting = counting[: room - len(rows)]
        self._counted_rows += len(rows) + len(counting)


def attempts_of(generator: GeneratorStep | None, wanted: int | None, most: int | None) -> int | None:
    """Return how many items a generator may try for the rows wanted, `most` if it's given.

    None for a file, which has an end.
    """
    if generator is None:
        return None
    return ATTEMPTS_PER_ROW * wanted if most is None and wanted is not None else most


def _drop(settled: ItemOutcome, in_flight: InFlight) -> None:
    """Remove everything that a row became from what was made."""
    for node, rows in settled.made.items():
        settled.made[node] = [made for made in rows if not _comes_from(made, in_flight)]


def _comes_from(made: InFlight, in_flight: InFlight) -> bool:
    link: InFlight | None = made
    while link is not None and link is not in_flight:
        link = link.parent
    return link is in_flight
