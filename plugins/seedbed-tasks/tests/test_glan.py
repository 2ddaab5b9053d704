from __future__ import annotations

import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from seedbed import ParameterError, Request, Row, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks import Glan

SUBJECTS = {"subjects": [{"name": "Bread", "level": "basic"}, {"name": "Cakes", "level": "advanced"}]}
SESSIONS = {
    "sessions": [
        {"title": "Flour", "key_concepts": ["gluten", "wheat", "rye"]},
        {"title": "Yeast", "key_concepts": ["rising", "sourdough"]},
    ]
}
TAXONOMY = {"crafts": ["baking"]}


def answer(request: Request) -> str:
    prompt = str(request.messages)
    if "List the subjects" in prompt:
        return json.dumps(SUBJECTS)
    if "Write the syllabus" in prompt:
        return json.dumps(SESSIONS)
    if "List the disciplines" in prompt:
        return json.dumps({"disciplines": ["baking", "sewing"]})
    return f"What does question {request.seed} ask?"


def answering(**replaced: str) -> ScriptedLLM:
    def scripted(request: Request) -> str:
        prompt = str(request.messages)
        return next((text for word, text in replaced.items() if word in prompt), None) or answer(request)

    return ScriptedLLM(scripted, offers={"seed": True})


def asked(llm: ScriptedLLM, words: str) -> list[str]:
    prompts = [str(request.messages) for request in llm.requests]
    return [prompt for prompt in prompts if words in prompt]


def rows_of(count: int, llm: ScriptedLLM, **fields: Any) -> list[Row]:
    return [*run(Glan(llm=llm, **{"taxonomy": TAXONOMY, **fields}), count).rows()]


def test_rows_follow_the_levels_and_shared_lists_are_asked_for_once() -> None:
    llm = answering()
    rows = rows_of(30, llm)

    assert {(row["field"], row["discipline"]) for row in rows} == {("crafts", "baking")}
    assert {(row["subject"], row["level"]) for row in rows} == {("Bread", "basic"), ("Cakes", "advanced")}
    assert len(asked(llm, "List the subjects")) == 1
    assert len(asked(llm, "Write the syllabus")) == 2
    known = {one["title"]: one["key_concepts"] for one in SESSIONS["sessions"]}
    for row in rows:
        of_sessions = [name for title in row["sessions"] for name in known[title]]
        assert set(row["key_concepts"]) <= set(of_sessions)
        assert all(set(row["key_concepts"]) & set(known[title]) for title in row["sessions"])
        assert len(set(row["key_concepts"])) == len(row["key_concepts"]) <= 5


def test_the_question_is_asked_with_the_whole_path() -> None:
    llm = answering()
    (row,) = rows_of(1, llm, combined=1)
    (prompt,) = asked(llm, "homework question")

    for text in (row["discipline"], row["subject"], row["level"], *row["sessions"], *row["key_concepts"]):
        assert text in prompt
    assert row["sessions"] == ["Flour", "Yeast"]
    assert "both of them" in prompt


def test_about_as_many_questions_combine_sessions_as_were_asked_for() -> None:
    task = Glan(taxonomy=TAXONOMY, combined=0.25)
    drawn = [task.sample(index, random.Random(index))["_is_combined"] for index in range(2000)]

    assert 0.2 < sum(drawn) / 2000 < 0.3


def test_a_discipline_is_as_likely_as_any_other() -> None:
    task = Glan(taxonomy={"a": ["b", "c"], "d": ["e"]})
    fields = Counter(task.sample(index, random.Random(index))["field"] for index in range(3000))

    assert 0.62 < fields["a"] / 3000 < 0.71


def test_the_disciplines_of_a_field_without_any_are_asked_for() -> None:
    llm = answering()
    rows = rows_of(20, llm, taxonomy={"crafts {{ 7 * 7 }}": []})

    assert {row["discipline"] for row in rows} == {"baking", "sewing"}
    assert len(asked(llm, "List the disciplines")) == 1
    assert "crafts {{ 7 * 7 }}" in asked(llm, "List the disciplines")[0]


def test_several_lists_of_subjects_are_joined_without_duplicates() -> None:
    lists = iter([SUBJECTS, {"subjects": [{"name": "bread", "level": "x"}, {"name": "Pies", "level": "y"}]}])
    llm = ScriptedLLM(
        lambda request: json.dumps(next(lists)) if "List the subjects" in str(request) else answer(request),
        offers={"seed": True},
    )
    rows = rows_of(40, llm, subject_lists=2)

    assert {row["subject"].casefold() for row in rows} == {"bread", "cakes", "pies"}
    assert len({row["subject"] for row in rows}) == 3
    assert len(asked(llm, "List the subjects")) == 2


@pytest.mark.slow
def test_a_resumed_run_has_the_same_rows_and_pays_for_no_list_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(Glan(llm=answering(), taxonomy=TAXONOMY), 4, name="questions")
    llm = answering()
    rows = [*run(Glan(llm=llm, taxonomy=TAXONOMY), 12, name="questions").rows()]

    assert asked(llm, "List the subjects") == []
    assert rows == rows_of(12, answering())


def test_an_empty_list_is_asked_for_again_and_then_rejects_the_rows() -> None:
    llm = answering(
        **{"Write the syllabus": json.dumps({"sessions": [{"title": "...", "key_concepts": []}]})}
    )
    done = run(Glan(llm=llm, taxonomy=TAXONOMY), 2, max_attempts=6)

    assert done.rejections == {"the list of sessions is empty": 6}
    assert len(asked(llm, "Write the syllabus")) == 2 * 3


def test_more_items_than_were_asked_for_are_left_out() -> None:
    assert {row["subject"] for row in rows_of(15, answering(), most_subjects=1)} == {"Bread"}


def test_the_own_taxonomy_is_whole() -> None:
    taxonomy = Glan().taxonomy
    names = [name for names in taxonomy.values() for name in names]

    assert (len(taxonomy), len(names)) == (30, 146)
    assert len(set(names)) == len(names)
    assert re.search(r"30 fields and 146 disciplines", Glan.__doc__ or "")


@pytest.mark.parametrize(
    "parameters",
    [
        {"taxonomy": {}},
        {"taxonomy": {" ": ["a"]}},
        {"taxonomy": ["a"]},
        {"combined": 2},
        {"most_subjects": 0},
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        get_task("glan", **parameters)


def test_explain_shows_the_subjects_and_the_syllabus_that_a_question_comes_from() -> None:
    made = run(Glan(llm=answering(), taxonomy={"crafts": []}), 6)
    for line, row in enumerate(made.rows(), start=1):
        (step,) = made.explain(line=line).as_json()["steps"]
        path = [row["field"], row["discipline"], row["subject"]]
        assert [one["key"] for one in step["shared"]] == [path[:1], path[:2], path]
