from __future__ import annotations

import re
from typing import Any

import pytest

from seedbed import ParameterError, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import MajorityVote
from seedbed_tasks.final_answers import final_answer, normalised

PROBLEM = [{"instruction": "How many?"}]


def vote(*answers: str, **parameters: Any) -> Any:
    task = MajorityVote(samples=len(answers), llm=ScriptedLLM(*answers), **parameters)
    return run(task, input=PROBLEM, concurrency=1)


def test_the_answer_of_most_solutions_wins_with_its_share() -> None:
    (row,) = vote(
        "The answer is 4.", "So 1,005 it is.", "First 3, hence 5.", "The answer is: $1005.00"
    ).rows()

    assert row["answers"] == ["4", "1,005", "5", "1005.00"]
    assert (row["answer"], row["votes"], row["share"]) == ("1005", 2, 0.5)
    assert row["generation"] == "So 1,005 it is."
    assert len(row["generations"]) == 4


def test_boxed_answers_are_the_same_if_their_values_are() -> None:
    texts = (r"\boxed{\frac{1}{2}}", r"\boxed{2}", r"\boxed{0.5}")

    (row,) = vote(*texts, final="boxed").rows()
    assert (row["answer"], row["votes"]) == (r"\frac{1}{2}", 2)


def test_a_tie_goes_to_the_first_answer_or_rejects_the_row() -> None:
    texts = ("The answer is 2", "The answer is 1", "The answer is 1", "The answer is 2")

    assert next(iter(vote(*texts).rows()))["answer"] == "2"
    assert vote(*texts, ties="reject").rejections == {"no majority": 1}


def test_a_small_share_rejects_the_row_and_a_solution_without_an_answer_counts_against_it() -> None:
    texts = ("The answer is 2", "no idea", "The answer is 2", "The answer is 7")

    assert vote(*texts, at_least=0.5).accepted == 1
    assert vote(*texts, at_least=0.51).rejections == {"no majority": 1}


def test_without_any_answer_the_row_is_rejected() -> None:
    assert vote("Who knows?", "").rejections == {"no solution has a final answer that can be read": 1}


def test_the_prompt_has_the_problem_once_for_each_solution_with_seeds_of_their_own() -> None:
    llm = ScriptedLLM(lambda _: "The answer is 1", offers={"seed": True})
    run(MajorityVote(samples=3, llm=llm), input=[{"instruction": "What's {{ 7 * 7 }}?"}])

    assert len({request.seed for request in llm.requests}) == 3
    assert all("What's {{ 7 * 7 }}?" in request.messages[0]["content"] for request in llm.requests)


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("It costs $1,234.50 in all.", "number", "1,234.50"),
        ("The answer is 7 because 9 is too many.", "number", "7"),
        ("#### 42", "number", "42"),
        ("It falls by \u22123.5 degrees", "number", "\u22123.5"),
        ("<think>It's 9.</think> It's 8.", "number", "8"),
        ("none", "number", None),
        (r"Thus \boxed{\frac{1}{2}} and not \boxed{3", "boxed", None),
        (r"First \boxed{1}, then $\boxed{\frac{1}{2}}$.", "boxed", r"\frac{1}{2}"),
        ("The answer is (B).", "choice", "B"),
        ("A or B", "choice", None),
        ('{"work": "x", "answer": 12}', "json", "12"),
        ('{"answer": null}', "json", None),
        ('{"answer": [1]}', "json", None),
        ("Hm. The answer is Mount Everest.\nYes", "text", "Mount Everest."),
        ("No statement", "text", None),
    ],
)
def test_final_answers_are_read(text: str, kind: Any, found: str | None) -> None:
    assert final_answer(text, kind, choices=["A", "B", "C"]) == found


@pytest.mark.parametrize(
    "same",
    [
        ("1,000", "1000.0", "$1000", "1000%"),
        ("-3", "\u22123", "-3.00"),
        ("Paris.", "paris", '"Paris"', "  PARIS "),
        (r"\text{yes}", "{yes}"),
        ("0", "-0", "0.0"),
    ],
)
def test_answers_are_the_same_in_all_their_forms(same: tuple[str, ...]) -> None:
    assert len({normalised(one) for one in same}) == 1


@pytest.mark.parametrize("other", ["1e999999999", "nan", "inf", "1/2", "1,2", "9" * 300])
def test_what_is_no_plain_number_is_compared_as_text(other: str) -> None:
    assert normalised(other) == other


@pytest.mark.slow
def test_long_texts_are_read_in_a_moment() -> None:
    for text in ("1," * 50_000, "answer is " * 10_000, "\\boxed{" * 15_000, "9" * 100_000, "#" * 100_000):
        for kind in ("number", "boxed", "text"):
            final_answer(text, kind)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"samples": 1}, "samples"),
        ({"at_least": 50}, "at_least"),
        ({"final": "choice", "choices": ["a", "A"]}, "choices"),
        ({"num_generations": 3}, "num_generations"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(told)):
        get_task("majority-vote", **parameters)
