from __future__ import annotations

from typing import Any

import pytest

from seedbed import ParameterError, Request, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import CritiqueRevise
from seedbed_tasks.principles import PRINCIPLES

TASK = [{"instruction": "Explain {{ this }}."}]
TWO = [
    {"name": "kind", "critique": "Where is it rude?", "revision": "Make it kind."},
    {"name": "short", "critique": "Where is it long?", "revision": "Make it short."},
]


def content(request: Request) -> str:
    return str(request.messages[-1]["content"])


def revised(*answers: str, **parameters: Any) -> tuple[Any, list[str]]:
    llm = ScriptedLLM(*answers)
    made = run(CritiqueRevise(llm=llm, **parameters), input=TASK)
    return made, [content(request) for request in llm.requests]


def test_the_first_answer_and_the_last_revision_make_a_pair() -> None:
    made, _ = revised("One", "Rude.", "Two", "Long.", "Three", principles=TWO, order="all", rounds=1)

    (row,) = made.rows()
    assert row["generations"] == ["One", "Two", "Three"]
    assert (row["principles"], row["critiques"]) == (["kind", "short"], ["Rude.", "Long."])
    assert (row["generation"], row["chosen"], row["rejected"]) == ("Three", "Three", "One")


def test_each_critique_is_of_the_last_revision_by_one_principle_and_its_revision_sees_it() -> None:
    _, asked = revised("One {{ x }}", "Rude.", "Two", "Long.", "Three", principles=TWO, order="all", rounds=1)

    assert asked[0] == TASK[0]["instruction"]
    assert all(text in asked[1] for text in ("Explain {{ this }}.", "One {{ x }}", "Where is it rude?"))
    assert "Where is it long?" not in asked[1]
    assert all(text in asked[2] for text in ("One {{ x }}", "Rude.", "Make it kind."))
    assert all(text in asked[3] for text in ("Two", "Where is it long?"))
    assert "One {{ x }}" not in asked[3]


def test_an_answer_that_stays_the_same_makes_no_pair() -> None:
    made, _ = revised("One.", "Nothing to criticise.", 'Revised answer: "One."', rounds=1)

    (row,) = made.rows()
    assert (row["generation"], row["chosen"], row["rejected"]) == ("One.", None, None)


def drawn(instruction: str, **parameters: Any) -> list[str]:
    llm = ScriptedLLM(lambda request: f"answer {len(content(request))}")
    made = run(CritiqueRevise(llm=llm, **parameters), input=[{"instruction": instruction, "id": 1}])
    return list(next(iter(made.rows()))["principles"])


@pytest.mark.slow
def test_principles_are_drawn_by_task_and_answer_and_return_only_after_all_others() -> None:
    assert drawn("a", rounds=9) == drawn("a", rounds=9) != drawn("b", rounds=9)
    assert sorted(drawn("a", rounds=9)) == sorted(one.name for one in PRINCIPLES)
    assert drawn("a", rounds=2) == drawn("a", rounds=9)[:2]


def test_generations_of_one_row_draw_principles_of_their_own() -> None:
    llm = ScriptedLLM(lambda request: f"answer {request.seed}", offers={"seed": True})
    made = run(CritiqueRevise(llm=llm, rounds=3, num_generations=4), input=TASK)

    assert len({tuple(row["principles"]) for row in made.rows()}) > 1


def test_all_principles_come_in_their_order_in_each_round() -> None:
    assert drawn("a", principles=TWO, order="all", rounds=2) == ["kind", "short"] * 2


def test_a_text_alone_is_a_principle() -> None:
    made, asked = revised("One", "It isn't.", "Two", principles=["The answer rhymes."], rounds=1)

    assert next(iter(made.rows()))["principles"] == ["The answer rhymes."]
    assert all("The answer rhymes." in text for text in asked[1:])


def test_a_critique_that_is_a_refusal_rejects_the_row_and_an_answer_that_is_one_is_criticised() -> None:
    refusal = "I'm sorry, but I can't help with that."
    made, _ = revised("One", refusal, rounds=1)
    assert made.rejections == {"the model refused": 1}

    made, _ = revised(refusal, "It helps nobody.", "Here is how.", rounds=1)
    assert next(iter(made.rows()))["rejected"] == refusal


@pytest.mark.parametrize(
    "parameters",
    [
        {"principles": []},
        {"principles": ["a", "a"]},
        {"principles": [{"name": "x"}]},
        {"principles": [""]},
        {"order": "any"},
        {"rounds": 0},
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        get_task("critique-revise", **parameters)
