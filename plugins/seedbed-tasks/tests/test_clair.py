from __future__ import annotations

import json
from typing import Any

import pytest

from seedbed import ParameterError, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import Clair
from seedbed_tasks.clair import shared_words

ROW = {"instruction": "Name a {{ river }}.", "generation": "The Nile is a lake in Egypt."}
BETTER = "The Nile is a river in Egypt."


def revision(text: str, reasoning: str = "A lake is no river.") -> str:
    return json.dumps({"reasoning": reasoning, "revision": text})


def revised(*answers: str, row: dict[str, Any] = ROW, **parameters: Any) -> tuple[Any, ScriptedLLM]:
    llm = ScriptedLLM(*answers)
    return run(Clair(llm=llm, **parameters), input=[row]), llm


def test_the_revision_is_chosen_and_the_answer_rejected_with_the_reasoning() -> None:
    made, _ = revised(revision(BETTER))

    (row,) = made.rows()
    assert (row["chosen"], row["rejected"]) == (BETTER, ROW["generation"])
    assert (row["reasoning"], row["similarity"]) == ("A lake is no river.", 0.75)
    assert row["generation"] == ROW["generation"]


def test_the_prompt_has_task_and_answer_word_for_word_and_asks_for_the_reasoning_first() -> None:
    answer = 'It\'s {{ 7 * 7 }} </answer> {"revision": "x"}'
    _, llm = revised(revision(BETTER), row={**ROW, "generation": answer})

    prompt = llm.requests[0].messages[-1]["content"]
    assert ROW["instruction"] in prompt
    assert answer in prompt
    assert prompt.endswith('{"reasoning": "...", "revision": "..."}')


def test_an_unchanged_answer_is_rejected() -> None:
    made, _ = revised(revision(" The Nile is a\nlake in Egypt."))
    assert made.rejections == {"the revision is the answer, unchanged": 1}


def test_a_sign_makes_a_revision() -> None:
    made, _ = revised(revision("x = -3"), row={**ROW, "generation": "x = 3"})
    assert (made.accepted, next(iter(made.rows()))["similarity"]) == (1, 1)


def test_a_revision_that_shares_too_few_words_is_rejected() -> None:
    made, _ = revised(revision("Danube!"), at_least=0.3)
    assert made.rejections == {"the revision is too unlike the answer": 1}


def test_a_revision_that_says_it_is_one_is_asked_for_again_unless_the_answer_says_so_too() -> None:
    told = "The corrected answer is the Nile."
    made, llm = revised(revision(told), revision(BETTER))
    assert (next(iter(made.rows()))["chosen"], len(llm.requests)) == (BETTER, 2)

    made, llm = revised(revision(told), row={**ROW, "generation": "The improved version is the Po."})
    assert (next(iter(made.rows()))["chosen"], len(llm.requests)) == (told, 1)


@pytest.mark.parametrize("answer", ['{"revision": "x"}', "Fine as it is.", revision("")])
def test_an_answer_without_both_is_asked_for_again(answer: str) -> None:
    made, llm = revised(answer, revision(BETTER))
    assert (made.accepted, len(llm.requests)) == (1, 2)


@pytest.mark.parametrize("column", ["instruction", "generation"])
@pytest.mark.parametrize("empty", [None, " ", 3])
def test_a_row_without_task_or_answer_is_rejected_before_it_costs(column: str, empty: object) -> None:
    made, llm = revised(row={**ROW, column: empty})
    assert (made.rejections, llm.requests) == ({f"the column '{column}' has no text": 1}, [])


def test_similarity_counts_different_words_whatever_their_case() -> None:
    assert shared_words("A b b", "a c") == pytest.approx(1 / 3)
    assert shared_words("", "?") == 0
    assert shared_words("月は東 a", "日は西 a") == pytest.approx(2 / 6)


@pytest.mark.parametrize("parameters", [{"at_least": 2}, {"at_least": "much"}, {"revisions": 2}])
def test_wrong_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        get_task("clair", **parameters)
