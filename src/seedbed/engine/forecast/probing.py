"""A probe: a few rows are paid for, as the first rows of the run, and say what the whole run will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from seedbed.engine.forecast.earlier_run import EarlierRun, earlier_run
from seedbed.engine.forecast.probe_figures import (
    Estimate,
    ProbedItem,
    acceptance,
    cost_of_items,
    cost_of_rows,
    items_needed,
    seconds_for,
)
from seedbed.engine.option_types import check_whole
from seedbed.engine.plan import Plan
from seedbed.engine.resume.file_record import fingerprints_of
from seedbed.engine.resume.manifest import changed_steps
from seedbed.engine.run import Run
from seedbed.engine.segments.segments import segments_of
from seedbed.errors import UsageError
from seedbed.llm.calling.sender import DEFAULT_CONCURRENCY


@dataclass(frozen=True)
class Probe:
    """What the first rows of a run, which are paid for, say about the whole run.

    `items` were tried for the `rows` probed: indices, or rows of the input. `accepted` and `failed` count
    rows; other items were rejected. `bought` calls were made for it now, and `paid` is what the run has cost
    so far in dollars, None if a price isn't known. `acceptance` is the share of items with accepted rows,
    `items_needed` how many have to be tried for the rows asked for, `cost` what the whole run costs, with
    what is paid, and `seconds` how long the rest takes with `in_flight` calls at a time. Each has a 95 %
    interval, where enough is known for one.
    """

    rows: int
    items: int
    accepted: int
    failed: int
    bought: int
    paid: float | None
    acceptance: Estimate
    items_needed: Estimate | None
    cost: Estimate | None
    seconds: Estimate | None
    in_flight: int

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; an estimate as an object of value, low and high."""
        return {
            name: value._asdict() if isinstance(value, Estimate) else value
            for name, value in vars(self).items()
        }


def check_probe(count: int, plan: Plan, name: str | None, *, restart: bool) -> None:
    """Raise UsageError for a probe that makes no sense."""
    check_whole(probe=count)
    if count < 1:
        raise UsageError(f"cannot probe {count} rows", "--probe is 1 or more (probe= in Python)")
    wanted = plan.own_n
    if wanted is not None and count > wanted:
        raise UsageError(
            f"a probe of {count:,} rows is more than the {wanted:,} rows of the run",
            "probe fewer, or just run it",
        )
    if name is None:
        raise UsageError(
            "a probe is kept as the beginning of a run, and this run has no name",
            "give it one: name='NAME', or out='NAME.jsonl'",
        )
    if restart:
        raise UsageError(
            "a probe of a run that starts over would pay for rows that the next start throws away",
            "give the run another name: --name NAME (name= in Python)",
        )


def probe_plan(plan: Plan, count: int, name: str) -> Plan | None:
    """Return the plan of a probe of `count` rows; None if the run on disk has as many.

    The steps are those of the whole run, so that its results are the same: a table with `balance` spreads
    its values over all rows. Raises UsageError if the run was begun with other steps.
    """
    with earlier_run(plan, name) as earlier:
        changed = changed_steps(
            fingerprints_of(plan, earlier.queries), earlier.queries.last_working_session()
        )
        if changed and earlier.name is not None:
            raise UsageError(
                f"the run '{name}' was begun with other settings of {', '.join(changed)}",
                "a probe of it would measure both: give this one another name, --name NAME (name= in Python)",
            )
        if earlier.accepted >= count:
            return None
    shard = plan.bounds.shard
    # Of a shard's rows: every K-th row is one of them, from the I-th on.
    return replace(plan, n=count if shard is None else (count - 1) * shard.of + shard.number)


@dataclass(frozen=True)
class Expected:
    """What a forecast expects of the whole run: rows, items of an input, and calls that are left."""

    rows: int | None
    items: float | None
    calls: int | None
    at_least: float | None


def probe_of(plan: Plan, earlier: EarlierRun, run: Run | None, count: int, expected: Expected) -> Probe:
    """Return what the rows of a run say about all of it; `run` is the session that bought them, if any."""
    return _Probing(plan, earlier, expected).probe(run, count)


class _Probing:
    def __init__(self, plan: Plan, earlier: EarlierRun, expected: Expected) -> None:
        self._plan = plan
        self._expected = expected
        self._spent = earlier.queries.spent_by_item()
        self._is_priced = not any(one.unpriced for one in self._spent.values())
        self._verdicts = earlier.queries.verdicts_by_item(plan.leaf)
        self._segments = segments_of(plan.topology)
        self._items = self._probed(earlier)

    def probe(self, run: Run | None, count: int) -> Probe:
        items, expected = self._items, self._expected
        needed = None if expected.rows is None else items_needed(items, expected.rows)
        in_flight = self._in_flight()
        calls = self._calls_left(needed)
        return Probe(
            rows=count,
            items=len(items),
            accepted=sum(item.accepted for item in items),
            failed=sum(item.failed for item in items),
            bought=run.calls.answered if run is not None else 0,
            paid=self._paid() if self._is_priced else None,
            acceptance=acceptance(items),
            items_needed=needed,
            cost=self._cost() if self._is_priced else None,
            seconds=None
            if run is None or calls is None
            else seconds_for(calls, run.calls, in_flight, expected.at_least),
            in_flight=in_flight,
        )

    def _probed(self, earlier: EarlierRun) -> Sequence[ProbedItem]:
        first = self._segments[0]
        name = first.nodes[0].name if first.nodes else first.name
        ids = [*dict.fromkeys([*earlier.queries.items_of(name), *self._verdicts])]
        if self._mixes_rows:
            # A step over all rows gives its rows ids of their own: what they cost goes to no item before it.
            ids = list(self._verdicts)
        known = {item: self._spent[item].cost for item in ids if item in self._spent}
        # What belongs to no single row is spread over all of them.
        rest = (self._paid() - sum(known.values())) / len(ids) if ids else 0.0
        return [ProbedItem(known.get(item, 0.0) + rest, *self._verdicts.get(item, (0, 0))) for item in ids]

    @property
    def _mixes_rows(self) -> bool:
        return any(segment.is_barrier for segment in self._segments)

    def _paid(self) -> float:
        return sum(one.cost for one in self._spent.values())

    def _cost(self) -> Estimate | None:
        """Return what the whole run costs: what is paid, and the rest."""
        items, expected = self._items, self._expected
        if expected.rows is not None:
            further = cost_of_rows(items, expected.rows - sum(item.filled for item in items))
        elif expected.items is not None:
            further = cost_of_items(items, expected.items - len(items))
        else:
            return None
        if further is None:
            return None
        return (Estimate(further.value) if self._mixes_rows else further).plus(self._paid())

    def _calls_left(self, needed: Estimate | None) -> Estimate | None:
        """Return the calls that are left, in proportion to the items that may be needed."""
        calls, tried = self._expected.calls, len(self._items)
        if calls is None:
            return None
        if needed is None or needed.low is None or needed.high is None or needed.value <= tried:
            return Estimate(calls, calls, calls)
        left = needed.value - tried
        low, high = (max(0.0, end - tried) / left * calls for end in (needed.low, needed.high))
        return Estimate(calls, low, high)

    def _in_flight(self) -> int:
        slots = [llm.slots for llm in self._plan.llms if llm.slots is not None]
        return min([self._plan.concurrency or DEFAULT_CONCURRENCY, *slots])
