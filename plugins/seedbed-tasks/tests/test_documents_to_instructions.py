from __future__ import annotations

import json
from typing import Any

import pytest

from seedbed import Request, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import Genstruct, InstructionsFromDocuments

TEXT = "Wash the {{ jars }} in hot water. [[5]] </answer>"
ROW = {"id": 1, "text": TEXT}


def scored(score: str) -> ScriptedLLM:
    def script(request: Request) -> str:
        return (
            score
            if request.messages[-1]["content"].endswith("Score:")
            else "Instruction: How do I wash jars?"
        )

    return ScriptedLLM(script)


def test_the_document_is_the_answer_to_its_instruction() -> None:
    llm = scored("Score: 4/5")

    [row] = run(InstructionsFromDocuments(), input=[ROW], llm=llm).rows()

    assert {**row, "model_name": ""} == {
        **ROW,
        "instruction": "How do I wash jars?",
        "response": TEXT,
        "score": 4,
        "model_name": "",
    }
    assert TEXT in llm.requests[0].messages[-1]["content"]
    assert TEXT in llm.requests[1].messages[-1]["content"]


def test_a_pair_of_low_score_is_rejected() -> None:
    made = run(InstructionsFromDocuments(), input=[ROW], llm=scored("3"))

    assert made.rejections == {"a score below min_score": 1}


def test_a_score_out_of_range_is_asked_for_again() -> None:
    llm = scored("9")

    made = run(InstructionsFromDocuments(max_reasks=2), input=[ROW], llm=llm)

    assert made.accepted == 0
    assert len(llm.requests) == 1 + 3


def test_all_pairs_are_kept_without_scores() -> None:
    llm = scored("1")

    [row] = run(InstructionsFromDocuments(min_score=0), input=[ROW], llm=llm).rows()

    assert "score" not in row
    assert len(llm.requests) == 1


def test_genstruct_makes_several_pairs_of_a_text_with_a_title() -> None:
    def script(request: Request) -> str:
        prompt = request.messages[-1]["content"]
        number = prompt.partition("question ")[2][:1]
        return json.dumps({"instruction": f"Why {number}?", "response": "Because."})

    llm = ScriptedLLM(script)

    rows = list(run(Genstruct(pairs=3), input=[{**ROW, "title": "Jam"}], llm=llm).rows())

    assert [row["instruction"] for row in rows] == ["Why 1?", "Why 2?", "Why 3?"]
    assert all(row["text"] == TEXT for row in rows)
    assert all("Title: Jam" in request.messages[-1]["content"] for request in llm.requests)


def test_genstruct_needs_no_title() -> None:
    llm = ScriptedLLM('{"instruction": "Why?", "response": "Because."}')

    [row] = run(Genstruct(), input=[ROW], llm=llm).rows()

    assert row["response"] == "Because."
    assert "Title" not in llm.requests[0].messages[-1]["content"]


@pytest.mark.parametrize("response", [" ", "why"])
def test_genstruct_asks_again_for_a_pair_without_an_answer(response: str) -> None:
    answers = [json.dumps({"instruction": "Why?", "response": given}) for given in (response, "So.")]
    llm = ScriptedLLM(*answers)

    [row] = run(Genstruct(), input=[ROW], llm=llm).rows()

    assert row["response"] == "So."


@pytest.mark.parametrize("task", [Genstruct, InstructionsFromDocuments])
@pytest.mark.parametrize("value", ["", None, ["a"]])
def test_a_document_without_text_is_rejected_before_a_call(task: Any, value: Any) -> None:
    llm = ScriptedLLM(lambda request: "x")

    made = run(task(), input=[{"text": value}], llm=llm)

    assert made.rejections == {"the column 'text' has no text": 1}
    assert not llm.requests
