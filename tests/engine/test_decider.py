"""What counts towards the rows that are wanted, and what is cut when there are enough."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from seedbed import GeneratorTask, Reject, StopRun
from seedbed.engine.failure import Failure
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.verdicts.decider import Decider


def decider_of(wanted=None, attempts=None):
    return Decider("last", frozenset({"first", "last"}), wanted=wanted, attempts=attempts, generator=None)


def settled(rows=0, failures=(), position=0):
    """Return what became of an item that made so many rows, and failed at these steps."""
    cells = [InFlight(f"{position}/{k}", b"{}", "last") for k in range(rows)]
    failed = [Failure(f"{position}/{k}", step, "ValueError", "no") for k, step in enumerate(failures)]
    return ItemOutcome(position, str(position), {"last": cells}, failed)


def decide(decider, *items):
    """Return how many rows and failures are left of each item."""
    decided = [asyncio.run(decider.decide(item)) for item in items]
    return [(len(one.rows("last")), len(one.failures)) for one in decided]


def test_no_more_items_start_than_there_are_attempts():
    decider = decider_of(attempts=5)
    assert (decider.has_room(4), decider.has_room(5)) == (True, False)
    decide(decider, settled(1))
    assert (decider.has_room(3), decider.has_room(4), decider.tried) == (True, False, None)
    decide(decider, *[settled(0)] * 4)
    assert decider.tried == 5


def test_no_more_items_start_than_may_make_the_rows_that_are_wanted():
    decider = decider_of(wanted=3)
    assert (decider.has_room(2), decider.has_room(3)) == (True, False)
    decide(decider, settled(1), settled(0))
    assert (decider.has_room(1), decider.has_room(2), decider.is_satisfied) == (True, False, False)
    decide(decider, settled(2))
    assert (decider.has_room(0), decider.is_satisfied, decider.tried) == (False, True, None)


def test_failures_count_with_rows_and_come_after_them():
    decider = decider_of(wanted=3)
    assert decide(decider, settled(2, ["first", "last", "last"])) == [(2, 1)]
    assert decider.is_satisfied


def test_rows_behind_the_last_one_wanted_are_cut_with_all_failures_that_count():
    decider = decider_of(wanted=3)
    assert decide(decider, settled(1), settled(4, ["last", "elsewhere"])) == [(1, 0), (2, 1)]


@pytest.mark.parametrize(("step", "room"), [("first", 1), ("elsewhere", 2)])
def test_a_failure_on_the_way_to_other_rows_does_not_count(step, room):
    decider = decider_of(wanted=3)
    assert decide(decider, settled(1, [step])) == [(1, 1)]
    assert (decider.has_room(room - 1), decider.has_room(room)) == (True, False)


class Feeding(GeneratorTask):
    """Reads earlier rows."""

    feedback: ClassVar[int] = 4
    template: str = "{{ number }}"


def test_only_rows_of_items_below_an_index_are_read_however_many_are_decided():
    decider = Decider("feeding", frozenset({"feeding"}), wanted=None, attempts=None, generator=Feeding())
    for position, rows in enumerate([1, 0, 2, 1]):
        cells = [InFlight(f"{position}/{k}", b'{"at": %d}' % position, "feeding") for k in range(rows)]
        asyncio.run(decider.decide(ItemOutcome(position, str(position), {"feeding": cells})))
    assert decider.decided() == 4
    assert [[row["at"] for row in decider.below(index)] for index in range(5)] == [
        [],
        [0],
        [0],
        [0, 2, 2],
        [0, 2, 2, 3],
    ]


class Distinct(GeneratorTask):
    """Makes no text twice."""

    unique: ClassVar[tuple[str, ...]] = ("text",)
    template: str = "{{ number }}"


def test_all_that_was_made_of_a_row_goes_with_it():
    decider = Decider(
        "last", frozenset({"distinct", "last"}), wanted=None, attempts=None, generator=Distinct()
    )
    left = []
    for position, texts in enumerate([["a"], ["b", "a"], ["b"]]):
        made = [
            InFlight(f"{position}/{k}", b'{"text": "%s"}' % text.encode(), "distinct")
            for k, text in enumerate(texts)
        ]
        rows = [InFlight(f"{cell.id}/{k}", cell.encoded, "last", cell) for cell in made for k in range(2)]
        item = asyncio.run(decider.decide(ItemOutcome(position, str(position), {"last": rows})))
        left.append(([cell.id for cell in item.rows("last")], [one.reason for one in item.rejections]))
    assert left == [
        (["0/0/0", "0/0/1"], []),
        (["1/0/0", "1/0/1"], ["a duplicate of an earlier row\n  like row 0/0"]),
        ([], ["a duplicate of an earlier row\n  like row 1/0"]),
    ]


class Judging(GeneratorTask):
    """Raises what its rows say, where it is to admit them."""

    template: str = "{{ number }}"

    def admit(self, row, accepted):
        raise {"stop": StopRun("that is enough"), "fail": ValueError("odd"), "reject": Reject("no")}[
            row["raise"]
        ]


@pytest.mark.parametrize(("word", "failed", "rejected"), [("fail", 1, 0), ("reject", 0, 1)])
def test_what_is_raised_of_a_row_that_is_judged_costs_that_row(word, failed, rejected):
    item = judged(word)
    assert (len(item.rows("judging")), len(item.failures), len(item.rejections)) == (0, failed, rejected)


def test_what_every_row_would_meet_is_raised_where_rows_are_judged():
    with pytest.raises(StopRun, match="that is enough"):
        judged("stop")


def judged(word):
    decider = Decider("judging", frozenset({"judging"}), wanted=None, attempts=None, generator=Judging())
    cell = InFlight("0", b'{"raise": "%s"}' % word.encode(), "judging")
    return asyncio.run(decider.decide(ItemOutcome(0, "0", {"judging": [cell]})))
