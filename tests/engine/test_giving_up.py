"""A run of which nothing comes stops before all of it is paid for, at the same row whatever the timing."""

from __future__ import annotations

import asyncio
import random
from typing import Any, ClassVar

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, Pass, Reject, Row, Step, StopRun, Task, run, when
from seedbed.engine.failure import Failure
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.stopping.giving_up import GivingUp


class Ask(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"n": index}


class Refuse(Ask):
    """Rejects what `refused` holds of the answers' numbers, each in words of its own."""

    refused: list[int]

    def format_output(self, output: Any, input: Any) -> Any:
        if input["n"] in self.refused:
            raise Reject(f"row {input['n']} is '{output}'")
        return {"text": output}


class Fail(Ask):
    def format_output(self, output: Any, input: Any) -> Any:
        raise ValueError(f"no good: {input['n']}")


class DropAll(Step):
    def process(self, row: Any) -> None:
        return None


async def late(request: Any) -> str:
    await asyncio.sleep(random.random() * 0.003)
    return "yes"


def asked(task: Any, n: int | None, **options: Any) -> tuple[Any, int]:
    llm = scripted(late)
    made = run(task, n, llm=llm, concurrency=4, **options)
    return made, len(llm.requests)


@pytest.mark.parametrize(
    ("task", "verdict"),
    [(Refuse(refused=[*range(1000)]), "rejected"), (Fail(), "failed"), (Ask() >> DropAll(), "dropped")],
)
def test_it_stops_at_the_fiftieth_row_that_comes_to_nothing(task: Any, verdict: str) -> None:
    made, calls = asked(task, 1000)
    assert made.outcome == "stopped"
    assert isinstance(made.stopped_by, StopRun)
    assert (made.rejected, made.failed, sum(made.dropped.values())) == {
        "rejected": (50, 0, 0),
        "failed": (0, 50, 0),
        "dropped": (0, 0, 50),
    }[verdict]
    assert calls < 50 + 40
    assert "--give-up-after 0" in str(made.stopped_by)


@pytest.mark.parametrize(("wanted", "tried"), [(1, 5), (2, 8), (12, 48), (20, 50)])
def test_a_small_run_gives_up_before_it_has_tried_ten_times_its_rows(wanted: int, tried: int) -> None:
    made, _ = asked(Refuse(refused=[*range(1000)]), wanted)
    assert (made.outcome, made.rejected) == ("stopped", tried)


@pytest.mark.parametrize("options", [{"give_up_after": 0}, {"give_up_after": 60}])
def test_it_goes_on_where_it_is_told_to(options: Any) -> None:
    made, _ = asked(Refuse(refused=[*range(55)]), 20, **options)
    assert (made.outcome, made.accepted, made.rejected) == ("complete", 20, 55)


def test_one_row_that_is_made_ends_the_watch() -> None:
    made, _ = asked(Refuse(refused=[n for n in range(100) if n != 3]), 20)
    assert (made.accepted, made.rejected) == (20, 99)


def test_two_reasons_are_no_one_reason() -> None:
    class Two(Refuse):
        def format_output(self, output: Any, input: Any) -> Any:
            if input["n"] == 0:
                raise Reject("too dull")
            return super().format_output(output, input)

    made, _ = asked(Two(refused=[*range(60)]), 20)
    assert (made.outcome, made.rejected) == ("complete", 60)


@pytest.mark.slow
def test_a_resumed_run_stops_at_the_same_row_and_asks_nothing() -> None:
    task = Refuse(refused=[*range(1000)])
    first, _ = asked(task, 100, name="again")
    second, calls = asked(task, 100, name="again")
    assert (first.rejected, second.rejected, calls) == (50, 50, 0)
    third, calls = asked(task, 100, name="again", give_up_after=70)
    assert (third.rejected, third.outcome) == (70, "stopped")
    assert 0 < calls < 70


def test_rows_of_an_input_are_watched_as_well() -> None:
    rows = [{"n": n} for n in range(200)]

    class Answer(Task):
        template: str = "{{ n }}"

        def format_output(self, output: Any, input: Any) -> Any:
            raise Reject("no")

    made, calls = asked(Answer(), None, input=rows)
    assert (made.outcome, made.rejected) == ("stopped", 50)
    assert calls < 100


class Late(Step):
    """Lets rows through from the 300th on."""

    repeatable: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    drops: bool = False
    breaks: bool = False

    def process(self, row: Row) -> Row | None:
        if row["n"] >= 300:
            return row
        if self.breaks:
            raise ValueError("broken")
        if self.drops:
            return None
        raise Reject("too early")


class Answer(Task):
    template: str = "{{ n }}"


NUMBERS = [{"n": n} for n in range(320)]


@pytest.mark.parametrize("drops", [False, True])
@pytest.mark.parametrize("pipeline", [lambda late: late, lambda late: Pass() >> late >> Answer()])
def test_rows_of_a_sorted_file_that_are_rejected_at_no_cost_do_not_count(pipeline: Any, drops: bool) -> None:
    made, _ = asked(pipeline(Late(drops=drops)), None, input=NUMBERS)
    assert (made.outcome, made.accepted, made.rejected + sum(made.dropped.values())) == ("complete", 20, 300)


@pytest.mark.parametrize(
    ("pipeline", "input"),
    [
        (Late(breaks=True), NUMBERS),
        (Late(), iter(NUMBERS)),
        (Answer() >> Late(), NUMBERS),
        (Ask() >> Late(), None),
    ],
)
def test_rows_that_fail_or_cost_something_or_may_never_end_do_count(pipeline: Any, input: Any) -> None:
    made, _ = asked(pipeline, 100, input=input)
    assert (made.outcome, made.rejected + made.failed) == ("stopped", 50)


@pytest.mark.parametrize("rows", [0, 20])
def test_a_filter_that_lets_no_row_through_is_not_complete(rows: int) -> None:
    made, _ = asked(DropAll(), None, input=[{"n": n} for n in range(rows)])
    assert (made.outcome, made.dropped) == (("incomplete", {"drop-all": 20}) if rows else ("complete", {}))


def test_a_row_that_no_route_takes_names_the_step_and_the_conditions() -> None:
    routed = Ask() >> [when("n < 0", Pass(name="low")), when("n > 5000", Pass(name="high"))] >> Pass()
    made, _ = asked(routed, 100)
    assert isinstance(made.stopped_by, StopRun)
    assert made.rejected == 50
    assert all(part in made.stopped_by.fact for part in ("'ask'", "'n < 0'", "'n > 5000'"))


def test_an_item_that_fails_in_part_ends_the_watch() -> None:
    giving_up = GivingUp(2, None)

    def item(rows: int) -> ItemOutcome:
        made = {"ask": [InFlight("0", b"{}", "ask")] * rows}
        return ItemOutcome(0, "0", made, [Failure("0", "ask", "ValueError", "no good")])

    giving_up.note(item(rows=0), "run")
    giving_up.note(item(rows=1), "run")
    giving_up.note(item(rows=0), "run")
    giving_up.note(item(rows=0), "run")
    with pytest.raises(StopRun, match="the first 2 rows were all lost at 'ask': no good"):
        give_up_on(item(rows=0), item(rows=0))


def give_up_on(*items: ItemOutcome) -> None:
    giving_up = GivingUp(2, None)
    for item in items:
        giving_up.note(item, "run")
