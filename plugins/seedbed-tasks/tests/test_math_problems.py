from __future__ import annotations

import random
import re
from typing import Any

import pytest

from seedbed import InvalidOutputError, ParameterError, Run, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import MathProblems
from seedbed_tasks.math_problems import read_problem

PROBLEM = "What is one half of one?"


def made(*answers: str, **fields: Any) -> tuple[Run, ScriptedLLM]:
    llm = ScriptedLLM(*answers)
    given = {"topics": ["t{{ 7 * 7 }}"], "levels": ["easy"], "samples": len(answers) - 1, **fields}
    return run(MathProblems(llm=llm, **given), 1, max_attempts=1), llm


def test_the_answer_that_most_solutions_reach_is_the_row_with_its_share() -> None:
    solutions = ("The answer is 3.", r"Halve it.\nSo \boxed{\frac{1}{2}}.", "The answer is 0.5", "No idea.")
    done, llm = made(PROBLEM, *solutions, at_least=0.5)

    assert list(done.rows()) == [
        {
            "topic": "t{{ 7 * 7 }}",
            "level": "easy",
            "instruction": PROBLEM,
            "solution": solutions[1],
            "answer": r"\frac{1}{2}",
            "answers": ["3", r"\frac{1}{2}", "0.5", None],
            "agreement": 0.5,
            "model_name": "scripted",
        }
    ]
    assert "t{{ 7 * 7 }}" in llm.requests[0].messages[0]["content"]
    assert all(PROBLEM in request.messages[0]["content"] for request in llm.requests[1:])


@pytest.mark.parametrize(
    ("solutions", "at_least"),
    [(("The answer is 3.", "The answer is 4."), 0.75), (("No idea.", "I don't know."), 0)],
)
def test_a_problem_on_which_too_few_agree_is_rejected_for_one_reason(
    solutions: tuple[str, ...], at_least: float
) -> None:
    done, _ = made(PROBLEM, *solutions, at_least=at_least)

    assert done.rejections == {"too few solutions reach the same answer": 1}


def test_another_model_may_solve() -> None:
    solver = ScriptedLLM("The answer is 0.5", "The answer is .5", model="solver")
    done, llm = made(PROBLEM, solver=solver, samples=2)

    assert next(iter(done.rows()))["agreement"] == 1
    assert (len(llm.requests), len(solver.requests)) == (1, 2)


def test_solutions_have_seeds_of_their_own() -> None:
    llm = ScriptedLLM(
        lambda request: "The answer is 1" if "step by step" in str(request.messages) else PROBLEM,
        offers={"seed": True},
    )
    run(MathProblems(llm=llm, samples=5), 1)

    assert len({request.seed for request in llm.requests}) == 6


def test_answers_may_be_texts() -> None:
    done, _ = made(PROBLEM, "The answer is tuesday.", "The answer is Tuesday", final="text")

    assert next(iter(done.rows()))["agreement"] == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Halve it.", "less than 4 words"),
        ("What is one half of one?\n\n**Solution:** 0.5", "has its solution in it"),
        ("What is one half of one? The answer is 0.5.", "has its solution in it"),
        ("  ", "no text"),
        ("I'm sorry, but I can't help with that.", "a refusal"),
    ],
)
def test_what_is_no_problem_is_asked_for_again(answer: str, reason: str) -> None:
    with pytest.raises(InvalidOutputError, match=re.escape(reason)):
        read_problem(answer)


def test_a_problem_is_read_without_its_label() -> None:
    assert read_problem(f"**Problem:** {PROBLEM}") == read_problem(f"## Problem: {PROBLEM}") == PROBLEM


def test_texts_with_templates_and_latex_stay_as_they_are() -> None:
    problem = r"What's \frac{1}{2} of {{ 7 * 7 }} {% raw %} </solution>?"
    done, llm = made(problem, "The answer is 24.5", "The answer is 24.5")

    assert next(iter(done.rows()))["instruction"] == problem
    assert problem in llm.requests[1].messages[0]["content"]


def test_topics_and_levels_are_drawn() -> None:
    task = MathProblems()
    drawn = [task.sample(index, random.Random(index)) for index in range(500)]

    assert {row["topic"] for row in drawn} == set(task.topics)
    assert {row["level"] for row in drawn} == set(task.levels)


@pytest.mark.parametrize("parameters", [{"samples": 0}, {"at_least": 50}, {"topics": []}, {"final": "any"}])
def test_wrong_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        get_task("math-problems", **parameters)
