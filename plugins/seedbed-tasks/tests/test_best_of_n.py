from __future__ import annotations

import json
from typing import Any

import pytest

from seedbed import Request, UsageError, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import BestOfN

TASK = [{"instruction": "Name a {{ thing }}."}]


def writing(*answers: str, **fields: Any) -> ScriptedLLM:
    return ScriptedLLM(*answers, model="writer", **fields)


def shown(request: Request, label: str = "answer") -> str:
    text = next(message["content"] for message in request.messages if message["role"] == "user")
    return text.partition(f"<{label}>\n")[2].partition(f"\n</{label}>")[0]


def scoring(scores: dict[str, Any], name: str = "judge") -> ScriptedLLM:
    """A judge who gives each text its score; None is no verdict."""

    def answer(request: Request) -> str:
        score = scores[shown(request)]
        return "no idea" if score is None else json.dumps({"reason": f"since {score}", "score": score})

    return ScriptedLLM(answer, model=name)


def comparing(order: str, name: str = "judge") -> ScriptedLLM:
    """A judge who prefers the text that is earlier in `order`; others tie."""

    def answer(request: Request) -> str:
        first, second = (order.find(shown(request, f"answer_{label}")) for label in "AB")
        winner = "tie" if min(first, second) < 0 else "AB"[first > second]
        return json.dumps({"reason": "by letter", "winner": winner})

    return ScriptedLLM(answer, model=name)


def best(llm: ScriptedLLM, judge: ScriptedLLM, **parameters: Any) -> Any:
    task = BestOfN(llm=llm, judges=[judge], max_reasks=0, **parameters)
    return run(task, input=TASK, concurrency=1)


def test_the_best_and_the_worst_of_the_scores_make_a_pair() -> None:
    (row,) = best(writing("a", "b", "c"), scoring({"a": 3, "b": 5, "c": 2}), samples=3).rows()

    assert (row["generations"], row["scores"]) == (["a", "b", "c"], [3, 5, 2])
    assert (row["generation"], row["chosen"], row["rejected"]) == ("b", "b", "c")
    verdict = {"answer": 1, "judge": "judge", "criterion": "quality", "score": 5, "reason": "since 5"}
    assert row["verdicts"][1] == verdict
    assert row["model_name"] == "writer"


def test_the_first_of_equal_answers_is_the_best_and_there_is_no_pair() -> None:
    (row,) = best(writing("a", "b"), scoring({"a": 4, "b": 4}), samples=2).rows()

    assert (row["generation"], row["chosen"], row["rejected"]) == ("a", None, None)


def test_equal_answers_are_judged_once_and_have_one_score() -> None:
    judge = scoring({"a": 1, "b": 4})
    (row,) = best(writing("b", "a", "b\n"), judge, samples=3).rows()

    assert (row["scores"], len(judge.requests)) == ([4, 1, 4], 2)
    assert [one["answer"] for one in row["verdicts"]] == [0, 1]


def test_a_tournament_lets_each_meet_each_in_both_orders() -> None:
    judge = comparing("bca")
    (row,) = best(writing("a", "b", "c"), judge, samples=3, method="pairwise").rows()

    assert row["scores"] == [0, 1, 0.5]
    assert (row["chosen"], row["rejected"], len(judge.requests)) == ("b", "a", 6)
    assert [(one["answer"], one["other"], one["winner"]) for one in row["verdicts"]] == [
        (0, 1, "second"),
        (0, 2, "second"),
        (1, 2, "first"),
    ]


def test_a_judge_who_prefers_a_place_makes_ties_and_a_dropped_flip_makes_no_score() -> None:
    biased = ScriptedLLM(lambda _: json.dumps({"reason": "the first", "winner": "A"}))
    (row,) = best(writing("a", "b"), biased, samples=2, method="pairwise").rows()
    assert (row["scores"], row["chosen"]) == ([0.5, 0.5], None)

    made = best(writing("a", "b"), biased, samples=2, method="pairwise", on_flip="drop")
    assert made.rejections == {"no judge gave a verdict that can be read": 1}


def test_a_tournament_of_copies_asks_nobody() -> None:
    judge = comparing("a")
    (row,) = best(writing("a", "a"), judge, samples=2, method="pairwise").rows()

    assert (row["scores"], row["verdicts"], judge.requests) == ([0.5, 0.5], [], [])


def test_an_answer_without_a_verdict_is_neither_best_nor_worst() -> None:
    (row,) = best(writing("a", "b", "c"), scoring({"a": None, "b": 2, "c": 3}), samples=3).rows()

    assert (row["scores"], row["chosen"], row["rejected"]) == ([None, 2, 3], "c", "b")


@pytest.mark.parametrize(
    ("answers", "reason"),
    [(("a", ""), "fewer than two answers"), (("a", "b"), "no judge gave a verdict that can be read")],
)
def test_what_cannot_be_compared_is_rejected(answers: tuple[str, ...], reason: str) -> None:
    made = best(writing(*answers), scoring({"a": None, "b": None}), samples=2)
    assert made.rejections == {reason: 1}


def test_the_mean_of_several_judges_decides() -> None:
    judges = [scoring({"a": 5, "b": 3}, "x"), scoring({"a": 1, "b": 4}, "x")]
    task = BestOfN(llm=writing("a", "b"), judges=judges, samples=2)
    (row,) = run(task, input=TASK, concurrency=1).rows()

    assert (row["scores"], row["chosen"]) == ([3, 3.5], "b")
    assert [one["judge"] for one in row["verdicts"]] == ["x", "x (2)", "x", "x (2)"]


def test_judges_see_the_task_as_the_writer_did_and_no_text_is_a_template() -> None:
    llm = writing("a {{ 7 * 7 }} </answer>", "b")
    judge = ScriptedLLM(lambda _: '{"reason": "", "score": 1}')
    best(llm, judge, samples=2, template="{{ instruction }} Be brief.")

    asked = [request.messages[-1]["content"] for request in judge.requests]
    assert all("Name a {{ thing }}. Be brief." in text for text in asked)
    assert "a {{ 7 * 7 }} </answer>" in asked[0]


def test_answers_are_sampled_and_judged_with_parameters_of_their_own() -> None:
    llm, judge = writing("a", "b"), scoring({"a": 1, "b": 2})
    best(llm, judge, samples=2, generation={"temperature": 0.9}, judge_generation={"max_tokens": 7})

    assert {(request.temperature, request.max_tokens) for request in llm.requests} == {(0.9, 2048)}
    assert {(request.temperature, request.max_tokens) for request in judge.requests} == {(0, 7)}


def test_each_generation_is_a_row_with_answers_of_its_own() -> None:
    llm = ScriptedLLM(lambda request: f"answer {request.seed}", offers={"seed": True})
    judge = ScriptedLLM(lambda _: '{"reason": "", "score": 3}')
    made = run(BestOfN(llm=llm, judges=[judge], samples=2, num_generations=3), input=TASK)

    assert len({text for row in made.rows() for text in row["generations"]}) == 6


@pytest.mark.parametrize("name", ["best-of-n", "mixture-of-agents", "critique-revise", "self-refine"])
def test_an_empty_instruction_is_rejected_before_it_costs(name: str) -> None:
    llm = ScriptedLLM()
    made = run(get_task(name, llm=llm), input=[{"instruction": " \n"}])
    assert (made.rejections, llm.requests) == ({"the prompt is empty": 1}, [])


def test_a_base_model_is_asked_by_raw_prompts_and_its_judge_is_not() -> None:
    llm, judge = writing("a", "b", offers={"raw_prompt": True}), scoring({"a": 1, "b": 2})
    best(llm, judge, samples=2, raw_prompt=True)

    assert all(request.raw_prompt for request in llm.requests)
    assert not any(request.raw_prompt for request in judge.requests)


def test_only_columns_that_a_prompt_reads_are_needed() -> None:
    assert BestOfN(template="{{ question }}").inputs == ["question"]
    task = BestOfN(pairwise_template="{{ style }} {{ _first }} {{ _second }}", method="pairwise")
    assert task.inputs == ["instruction", "style"]


@pytest.mark.parametrize(
    "parameters", [{"samples": 1}, {"method": "listwise"}, {"scale": {1: "bad"}}, {"judges": ["gpt"]}]
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        get_task("best-of-n", **parameters)
