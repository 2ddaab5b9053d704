from __future__ import annotations

from typing import Any

import pytest

from seedbed import Request, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import EvolComplexity, EvolQuality
from seedbed_tasks.evolving import IN_DEPTH, QUALITY

ROW = {"instruction": "Name {{ three }} rivers.", "response": "Nile, Rhine, Po."}


def evolve(request: Request) -> str:
    """Add a word to what stands at the end of the prompt."""
    return request.messages[-1]["content"].rpartition(": ")[2] + " More."


def test_an_instruction_is_evolved_as_often_as_wanted_and_every_step_is_kept() -> None:
    llm = ScriptedLLM(evolve)

    [row] = run(EvolComplexity(evolutions=3), input=[ROW], llm=llm).rows()

    first = ROW["instruction"]
    assert row["instructions"] == [first, *(first + " More." * steps for steps in (1, 2, 3))]
    assert row["evolved_instruction"] == row["instructions"][-1]
    assert row["instruction"] == first
    for operator, request in zip(row["evolution_operators"], llm.requests, strict=True):
        assert IN_DEPTH[operator] in request.messages[-1]["content"]


def test_an_answer_is_evolved_with_the_instruction_in_view() -> None:
    llm = ScriptedLLM(evolve)

    [row] = run(EvolQuality(evolutions=2), input=[ROW], llm=llm).rows()

    assert row["responses"] == [ROW["response"] + " More." * steps for steps in (0, 1, 2)]
    assert row["evolved_response"] == row["responses"][-1]
    for operator, request in zip(row["evolution_operators"], llm.requests, strict=True):
        assert QUALITY[operator] in request.messages[-1]["content"]
        assert ROW["instruction"] in request.messages[-1]["content"]


@pytest.mark.slow
def test_operators_are_the_same_for_the_same_row_and_vary_between_rows() -> None:
    rows = [{"instruction": f"Name {count} rivers."} for count in range(30)]

    def drawn() -> list[Any]:
        made = run(EvolComplexity(evolutions=4), input=rows, llm=ScriptedLLM(evolve))
        return [row["evolution_operators"] for row in made.rows()]

    assert drawn() == drawn()
    assert {operator for each in drawn() for operator in each} == set(IN_DEPTH) - {"complicate-input"}


@pytest.mark.parametrize("task", [EvolComplexity, EvolQuality])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda request: evolve(request).removesuffix(" More."), "no information gained"),
        ("Here is the rewritten instruction: none.", "it copies words of the prompt"),
    ],
)
def test_a_step_that_fails_rejects_the_row(task: Any, answer: Any, reason: str) -> None:
    made = run(task(), input=[ROW], llm=ScriptedLLM(answer if callable(answer) else lambda request: answer))

    assert made.rejections == {f"evolution failed: {reason}": 1}


@pytest.mark.parametrize("value", ["", " \n", None, 7])
def test_a_row_without_text_is_rejected_before_a_call(value: Any) -> None:
    llm = ScriptedLLM(evolve)

    made = run(EvolComplexity(), input=[{"instruction": value}], llm=llm)

    assert made.rejections == {"the column 'instruction' has no text": 1}
    assert not llm.requests


def test_several_generations_are_several_rows() -> None:
    made = run(EvolComplexity(num_generations=2, evolutions=1), input=[ROW], llm=ScriptedLLM(evolve))

    assert len(list(made.rows())) == 2
