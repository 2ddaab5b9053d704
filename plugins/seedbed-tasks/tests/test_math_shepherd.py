from __future__ import annotations

from typing import Any

import pytest

from seedbed import ParameterError, Run, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import MathShepherd
from seedbed_tasks.solution_steps import split_steps

PROBLEM = {"instruction": "What's 2 and {{ 7 * 7 }}?", "answer": "51"}
SOLUTION = "Step 1: Take 2.\nStep 2: Add 49.\nStep 3: The answer is 51."


def answering(*rollouts: str, solution: str = SOLUTION) -> ScriptedLLM:
    given = iter(rollouts)
    return ScriptedLLM(
        lambda request: next(given, "?") if "Here is the beginning" in str(request.messages) else solution
    )


def labelled(llm: ScriptedLLM, row: dict[str, Any] = PROBLEM, **fields: Any) -> Run:
    return run(MathShepherd(llm=llm, **{"samples": 2, **fields}), input=[row], concurrency=1)


def test_each_step_has_the_share_of_rollouts_that_reach_the_answer() -> None:
    rollouts = ("The answer is 51", "The answer is 50", "The answer is 3.", "No idea.")
    (row,) = labelled(answering(*rollouts)).rows()

    assert row["steps"] == SOLUTION.splitlines()
    assert row["soft_labels"] == [0.5, 0.0, 1.0]
    assert row["labels"] == [True, False, True]
    assert row["rollouts"] == [["51", "50"], ["3", None], []]
    assert row["is_correct"] is True


def test_a_wrong_solution_has_a_wrong_last_step() -> None:
    llm = answering(*["The answer is 51"] * 4, solution=SOLUTION.replace("is 51", "is 50"))
    (row,) = labelled(llm).rows()

    assert (row["labels"], row["is_correct"]) == ([True, True, False], False)


def test_a_rollout_sees_the_problem_and_the_steps_so_far() -> None:
    llm = answering(*["The answer is 51"] * 4)
    labelled(llm)
    first, *_, last = (request.messages[-1]["content"] for request in llm.requests[1:])

    assert PROBLEM["instruction"] in first
    assert "Step 1: Take 2." in first
    assert "Step 2: Add" not in first
    assert "such as 'Step 2:'" in first
    assert "Step 2: Add 49." in last
    assert "Step 3: The" not in last


def test_rollouts_have_seeds_of_their_own() -> None:
    llm = ScriptedLLM(lambda request: SOLUTION, offers={"seed": True})
    labelled(llm, samples=4)

    assert len({request.seed for request in llm.requests}) == 9


def test_a_given_solution_is_labelled_by_a_completer_alone() -> None:
    completer = answering("The answer is 0.5", r"\boxed{\frac{1}{2}}")
    row = {"instruction": "Half of 1?", "answer": 0.5, "solution": "Halve it.\nThe answer is 1/2."}
    done = run(MathShepherd(column="solution", completer=completer, samples=2), input=[row])

    (made,) = done.rows()
    assert (made["steps"], made["soft_labels"]) == (["Halve it.", "The answer is 1/2."], [1.0, 1.0])
    assert made["solution"] == row["solution"]


def test_the_answer_may_stand_at_the_end_of_a_solution() -> None:
    (row,) = labelled(answering(), {**PROBLEM, "answer": "2 + 49 = 51\n#### 51"}).rows()

    assert row["is_correct"]


def test_a_solution_of_one_step_needs_no_rollouts() -> None:
    llm = answering(solution="The answer is 51")

    assert next(iter(labelled(llm).rows()))["labels"] == [True]
    assert len(llm.requests) == 1


def test_too_many_steps_reject_the_row_before_rollouts_are_paid_for() -> None:
    llm = answering()

    assert labelled(llm, most_steps=2).rejections == {"the solution has more steps than most_steps": 1}
    assert len(llm.requests) == 1


@pytest.mark.parametrize("answer", [None, [], True, {"a": 1}])
def test_a_row_without_a_final_answer_fails_alone(answer: Any) -> None:
    done = labelled(answering(), {**PROBLEM, "answer": answer})

    assert done.failed == 1
    assert "has no final answer" in done.failures[0].reason


@pytest.mark.parametrize(
    ("row", "reason"), [({"answer": " "}, "answer"), ({"instruction": ""}, "instruction")]
)
def test_an_empty_column_rejects_the_row(row: dict[str, str], reason: str) -> None:
    assert labelled(answering(), {**PROBLEM, **row}).rejections == {f"the column '{reason}' has no text": 1}


@pytest.mark.parametrize(
    ("solution", "steps"),
    [
        ("Step 1: a\nb\nStep 2: c", ["Step 1: a\nb", "Step 2: c"]),
        ("**Step 1:** a\n\n**Step 2:** b", ["**Step 1:** a", "**Step 2:** b"]),
        ("Let's see.\n1. a\n2. b", ["Let's see.\n1. a", "2. b"]),
        ("1) a\n2) b\nSo 3.", ["1) a", "2) b\nSo 3."]),
        ("a\n\nb", ["a", "b"]),
        ("1.5 is a\n2.5 is b", ["1.5 is a", "2.5 is b"]),
        ("", []),
    ],
)
def test_steps_are_split(solution: str, steps: list[str]) -> None:
    assert split_steps(solution) == steps


@pytest.mark.parametrize("parameters", [{"samples": 0}, {"most_steps": 0}, {"column": 3}])
def test_wrong_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        get_task("math-shepherd", **parameters)
