from __future__ import annotations

import json
from typing import Any

import pytest

from seedbed import run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import SelfRefine

TASK = [{"instruction": "Explain tides to {{ name }}."}]


def feedback(score: int, text: str = "Say why.") -> str:
    return json.dumps({"feedback": text, "score": score})


def refined(*answers: str, **parameters: Any) -> tuple[Any, ScriptedLLM]:
    llm = ScriptedLLM(*answers)
    return run(SelfRefine(llm=llm, **parameters), input=TASK), llm


def test_it_stops_once_the_feedback_is_good_enough_and_keeps_everything() -> None:
    made, llm = refined("One", feedback(4, "Name the Moon."), "Two", feedback(9, "Fine."))

    (row,) = made.rows()
    assert row["generations"] == ["One", "Two"]
    assert row["feedback"] == ["Name the Moon.", "Fine."]
    assert (row["scores"], row["stopped"], row["generation"]) == ([4, 9], "satisfied", "Two")
    assert len(llm.requests) == 4


def test_the_prompts_have_the_task_all_answers_and_their_feedback_word_for_word() -> None:
    _, llm = refined("One {{ x }}", feedback(2, "First."), "Two", feedback(3, "Second."), "Three", rounds=2)

    prompts = [request.messages[-1]["content"] for request in llm.requests]
    assert prompts[0] == TASK[0]["instruction"]
    assert all(TASK[0]["instruction"] in prompt for prompt in prompts)
    assert "One {{ x }}" in prompts[1]
    places = [prompts[4].index(text) for text in ("One {{ x }}", "First.", "Two", "Second.")]
    assert places == sorted(places)


def test_the_rounds_end_it_without_feedback_on_the_last_answer() -> None:
    made, _ = refined("One", feedback(1), "Two", rounds=1)

    (row,) = made.rows()
    assert (row["stopped"], row["generations"], row["scores"]) == ("rounds", ["One", "Two"], [1])


def test_an_unchanged_answer_ends_it() -> None:
    made, _ = refined("One", feedback(1), " One\n")

    (row,) = made.rows()
    assert (row["stopped"], row["generations"]) == ("unchanged", ["One"])


def test_feedback_off_the_scale_is_asked_for_again() -> None:
    made, llm = refined("One", feedback(11), feedback(10))

    assert next(iter(made.rows()))["scores"] == [10]
    assert "That cannot be used" in llm.requests[-1].messages[-1]["content"]


def test_several_generations_are_rows_of_their_own() -> None:
    llm = ScriptedLLM(
        lambda request: feedback(10) if request.schema else f"Answer {request.seed}", offers=ALL
    )
    made = run(SelfRefine(llm=llm, num_generations=3), input=TASK)

    assert len({row["generation"] for row in made.rows()}) == 3


ALL = {"seed": True, "structured_output": True}


@pytest.mark.parametrize("column", ["style", "audience"])
def test_further_prompts_may_read_columns(column: str) -> None:
    task = SelfRefine(refine_template=f"{{{{ {column} }}}} {{{{ _history }}}}")

    assert task.inputs == sorted(["instruction", column])
