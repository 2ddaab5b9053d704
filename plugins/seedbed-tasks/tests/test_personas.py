from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from seedbed import ParameterError, Request, UsageError, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import PersonaInstructions, PersonaRewrite, Personas
from seedbed_tasks.persona_instructions import KINDS
from seedbed_tasks.persona_relations import READERS, RELATIONS


def scripted(request: Request) -> str:
    """Describe a person by the end of the prompt's first line, or write what such a person would."""
    prompt = request.messages[-1]["content"]
    if "Text: " in prompt:
        return f"A person of {prompt.rpartition('Text: ')[2]}"
    if prompt.startswith("Here is a person: "):
        return f"A friend of {prompt.splitlines()[0].removeprefix('Here is a person: ')}\n\nMore?"
    return "How many bees fit into a hive?"


def test_a_persona_follows_from_a_text_and_others_follow_from_it() -> None:
    task = Personas(texts=["{{ tides }}"], hops=2)

    rows = list(run(task, 3, llm=ScriptedLLM(scripted)).rows())

    assert [row["persona"] for row in rows] == [
        "A person of {{ tides }}",
        "A friend of A person of {{ tides }}",
        "A friend of A friend of A person of {{ tides }}",
    ]
    assert [row["method"] for row in rows] == ["text-to-persona"] + ["persona-to-persona"] * 2
    assert [row["origin"] for row in rows] == ["{{ tides }}", rows[0]["persona"], rows[1]["persona"]]
    assert rows[0]["relation"] in READERS
    assert {rows[1]["relation"], rows[2]["relation"]} <= set(RELATIONS)


def test_what_a_chain_made_before_a_refusal_is_kept() -> None:
    def script(request: Request) -> str:
        refuses = request.messages[-1]["content"].startswith("Here is a person")
        return "I'm sorry, but I can't help with that." if refuses else scripted(request)

    rows = list(run(Personas(hops=3), 4, llm=ScriptedLLM(script)).rows())

    assert {row["method"] for row in rows} == {"text-to-persona"}


def test_texts_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"body": "bread"}\n{"body": "boats"}\n')

    rows = list(run(Personas(file=path, column="body", hops=0), 4, llm=ScriptedLLM(scripted)).rows())

    assert Counter(row["origin"] for row in rows) == {"bread": 2, "boats": 2}
    with pytest.raises(UsageError, match="has no column 'text'"):
        run(Personas(file=path), 1, llm=ScriptedLLM(scripted))


def test_given_personas_write_each_kind_of_instruction() -> None:
    llm = ScriptedLLM(scripted)

    rows = list(run(PersonaInstructions(personas=["A beekeeper."]), 40, llm=llm).rows())

    assert {row["persona"] for row in rows} == {"A beekeeper."}
    assert {row["kind"] for row in rows} == set(KINDS)
    assert {row["instruction"] for row in rows} == {"How many bees fit into a hive?"}
    assert all("A beekeeper." in request.messages[-1]["content"] for request in llm.requests)


def test_without_personas_a_person_is_described_first() -> None:
    llm = ScriptedLLM(scripted)

    [row] = run(PersonaInstructions(), 1, llm=llm).rows()

    assert row["persona"].startswith("A person of ")
    assert row["persona"] in llm.requests[1].messages[-1]["content"]


def test_a_text_is_rewritten_in_the_words_of_a_persona() -> None:
    rows = [{"text": "How do I bake {{ bread }}?", "persona": "A sailor."}]
    llm = ScriptedLLM(lambda request: "Ahoy, how does one bake at sea?")

    [row] = run(PersonaRewrite(), input=rows, llm=llm).rows()

    assert row["rewritten"] == "Ahoy, how does one bake at sea?"
    prompt = llm.requests[0].messages[-1]["content"]
    assert "A sailor." in prompt
    assert "{{ bread }}" in prompt


@pytest.mark.parametrize(
    ("task", "rows", "copy", "column"),
    [
        (PersonaInstructions(personas=["A sailor."]), None, "The person: A sailor.", "instruction"),
        (
            PersonaRewrite(),
            [{"text": "Hi there.", "persona": "A sailor."}],
            "The person: a sailor",
            "rewritten",
        ),
    ],
)
def test_an_answer_that_repeats_the_prompt_is_asked_for_again(
    task: Any, rows: list[dict[str, Any]] | None, copy: str, column: str
) -> None:
    llm = ScriptedLLM(copy, "Ahoy!")
    [row] = (run(task, input=rows, llm=llm) if rows else run(task, 1, llm=llm)).rows()

    assert row[column] == "Ahoy!"
    assert "repeats the prompt" in llm.requests[1].messages[-1]["content"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"text": "Hi there.", "persona": "A sailor."}, "the text came back unchanged"),
        ({"text": "Hi there.", "persona": None}, "the column 'persona' has no text"),
    ],
)
def test_a_row_that_cannot_be_rewritten_is_rejected(row: dict[str, Any], reason: str) -> None:
    made = run(PersonaRewrite(), input=[row], llm=ScriptedLLM(lambda request: "Hi there!"))

    assert made.rejections == {reason: 1}


@pytest.mark.parametrize("given", [{"hops": -1}, {"texts": []}, {"file": "nowhere.jsonl"}])
def test_wrong_parameters_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        Personas(**given)
