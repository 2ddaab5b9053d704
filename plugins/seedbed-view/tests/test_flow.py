"""The drawing of a run's steps."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.viewing import Get

from seedbed import Run, get_step, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_view import shared_page
from seedbed_view.causes import Cause
from seedbed_view.flow import flow_of
from seedbed_view.steps import StepShown


def step(name: str, *parents: str, settled: int = 0) -> StepShown:
    return StepShown(name, "", (), parents, {"done": settled} if settled else {})


def test_a_step_stands_below_all_that_lead_to_it_and_no_two_stand_in_one_place() -> None:
    steps = [step("a"), step("b", "a"), step("c", "a"), step("d", "a", "c")]

    flow = flow_of(steps, [], {"d": 1, "b": 2})

    heights = {box.name: box.y for box in flow.boxes if not box.is_end}
    assert heights["a"] < heights["b"] == heights["c"] < heights["d"]
    assert len({(box.x, box.y) for box in flow.boxes}) == len(flow.boxes) == 6
    assert all(way.y < way.to_y for way in flow.ways)


def test_a_way_has_the_rows_that_took_it_unless_it_is_one_of_several() -> None:
    steps = [step("a", settled=9), step("b", "a", settled=7), step("c", "a", "b", settled=12)]

    rows = [way.rows for way in flow_of(steps, [], {"c": 11}).ways]

    assert rows == [7, None, None, 11]


def test_lost_rows_stand_at_the_step_that_lost_them() -> None:
    causes = [
        Cause("rejected", "b", "short", 3),
        Cause("rejected", "b", "long", 1),
        Cause("failed", "a", "x", 2),
    ]

    lost = [box.lost for box in flow_of([step("a"), step("b", "a")], causes, {}).boxes]

    assert lost == [{"failed": 2}, {"rejected": 4}]


@pytest.fixture
def two_steps(runs: Path) -> Run:
    """A run of two steps, of whose rows one is filtered out."""
    answer = get_task("text-generation", llm=ScriptedLLM(lambda request: "A hot drink."))
    kept = get_step("filter", keep="instruction != 'fail'")
    rows = [{"instruction": one} for one in ("tea", "fail", "coffee")]
    return run(answer >> kept, input=rows, name="two")


def test_the_page_of_a_run_draws_its_steps_with_the_rows_between_them(two_steps: Run, get: Get) -> None:
    text = get("/runs/two").text

    assert text.count('<path class="way"') == 2
    assert ">3 rows</text>" in text
    assert "→ 1 rejected</text>" in text
    assert ">2 rows</text>" in text


def test_a_shared_page_has_the_drawing(two_steps: Run) -> None:
    assert shared_page(two_steps.folder).count('<path class="way"') == 2
