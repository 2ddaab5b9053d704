"""Other prompts for a step, tried on a few rows: counted before anything is sent, and kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from seedbed import (
    GeneratorTask,
    GlobalStep,
    ParameterError,
    PromptTrial,
    Request,
    UsageError,
    get_step,
    get_task,
    prompts_in,
)
from seedbed.engine.plan import Plan
from seedbed.engine.plan_making import make_plan
from seedbed.testing import ScriptedLLM

ROWS = [{"instruction": f"thing {number}"} for number in range(7)]


class Asked:
    """A model that answers with the prompt, and remembers how often it was asked."""

    def __init__(self) -> None:
        self.count = 0
        self.llm = ScriptedLLM(self._answer)

    def _answer(self, request: Request) -> str:
        self.count += 1
        return str(request.messages[-1]["content"]).upper()


@pytest.fixture
def asked() -> Asked:
    """A model that counts its calls."""
    return Asked()


def plan(asked: Asked) -> Plan:
    return make_plan(get_task("text-generation", llm=asked.llm), input=ROWS)


def tried(plan: Plan, template: str) -> PromptTrial:
    return PromptTrial.of(plan, "text-generation", {"template": template}, ROWS[:5])


def test_the_cost_is_known_before_anything_is_sent_and_the_answers_are_paired_with_the_rows(
    asked: Asked,
) -> None:
    trial = tried(plan(asked), "Explain {{ instruction }}.\nBriefly.")

    forecast = trial.forecast()

    assert (forecast.calls, asked.count) == (5, 0)
    shown = {row.id: row.rows for row in trial.ask()}
    assert asked.count == 5
    assert [shown[one][0]["generation"] for one in trial.ids] == [
        f"EXPLAIN THING {number}.\nBRIEFLY." for number in range(5)
    ]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Explain {{ instructoin }}.", "did you mean 'instruction'"),
        ("Explain {{ instruction", "unexpected end of template"),
        ("{{ instruction | nothing }}", "nothing"),
    ],
)
def test_a_wrong_template_is_refused_before_a_call(asked: Asked, template: str, expected: str) -> None:
    with pytest.raises((UsageError, ParameterError), match=expected):
        tried(plan(asked), template).forecast()
    assert asked.count == 0


class Haiku(GeneratorTask):
    template: str = "A haiku about {{ topic }}."

    def sample(self, index: int, rng: Random) -> Mapping[str, Any]:
        return {"topic": rng.choice(["tea", "milk", "rain", "snow"])}


def test_a_task_without_input_makes_the_first_rows_of_the_run(asked: Asked) -> None:
    made = make_plan(Haiku(name="haiku", llm=asked.llm), n=40, seed=3)
    first = [row.rows[0]["topic"] for row in PromptTrial.of(made, "haiku", {}).ask()]

    shown = PromptTrial.of(made, "haiku", {"template": "A poem about {{ topic }}."}).ask()

    assert [row.rows[0]["topic"] for row in shown] == first
    assert [row.rows[0]["generation"] for row in shown] == [f"A POEM ABOUT {one.upper()}." for one in first]
    with pytest.raises(UsageError, match="did you mean 'topic'"):
        PromptTrial.of(made, "haiku", {"template": "{{ topik }}"}).forecast()
    assert asked.count == 10


def test_what_a_step_does_not_have_is_an_error_that_names_what_it_has(asked: Asked) -> None:
    made = plan(asked)

    with pytest.raises(UsageError, match="its steps are text-generation"):
        PromptTrial.of(made, "other", {}, ROWS)
    with pytest.raises(ParameterError, match="has no prompt 'templat'"):
        PromptTrial.of(made, "text-generation", {"templat": "x"}, ROWS)
    with pytest.raises(UsageError, match="no row to try"):
        PromptTrial.of(made, "text-generation", {}, [])


def test_prompts_are_found_among_the_fields_of_a_step() -> None:
    fields = {"template": "a", "system_prompt": "", "judge_template": "b", "raw_prompt": True, "name": "c"}

    assert prompts_in(fields) == {"template": "a", "system_prompt": "", "judge_template": "b"}
    assert prompts_in({"template": "", "system_prompt": ""}) == {}


def test_a_step_that_asks_no_model_has_no_prompts() -> None:
    made = make_plan(get_step("filter", keep="n > 1"), input=[{"n": 1}])

    with pytest.raises(ParameterError, match="made in code"):
        PromptTrial.of(made, "filter", {"template": "x"}, [{"n": 1}])


def test_the_digest_follows_all_that_would_be_sent_and_paid_for() -> None:
    def digest(rows: list[dict[str, str]] = ROWS[:5], template: str = "{{ instruction }}", **llm: Any) -> str:
        given = {"place": "http://a/v1", **llm}
        step = get_task("text-generation", llm=ScriptedLLM(lambda _: "", **given))
        return PromptTrial.of(
            make_plan(step, input=ROWS), "text-generation", {"template": template}, rows
        ).digest

    others = [
        digest([{"instruction": "another"}, *ROWS[1:5]]),
        digest(ROWS[1:6]),
        digest(template="Explain {{ instruction }}"),
        digest(model="dearer"),
        digest(max_tokens=9),
        digest(place="http://b/v1"),
    ]

    assert digest() == digest()
    assert len({digest(), *others}) == 7


class Merge(GlobalStep):
    template: str = "Merge these."

    def process(self, rows: Any) -> Any:
        return list(rows)


def test_a_step_over_all_rows_says_why_it_cannot_be_tried() -> None:
    plan = make_plan(Merge(), input=ROWS)

    with pytest.raises(UsageError, match="reads all rows at once") as raised:
        PromptTrial.of(plan, "merge", {"template": "Join these."}, ROWS[:5])

    assert "--set merge.NAME=" in str(raised.value)
