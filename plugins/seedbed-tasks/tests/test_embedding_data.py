"""Texts for embedding models: what is drawn, what is asked for, and what makes no row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seedbed import Capabilities, UsageError, get_step, get_task, run
from seedbed.testing import ScriptedLLM, plausible_answer
from seedbed_tasks.embedding_data import TaskData
from seedbed_tasks.embedding_task_list import EMBEDDING_TASKS

TYPED = Capabilities(structured_output=True)
BY_TASK = sorted(EMBEDDING_TASKS)
GENERATORS = [*BY_TASK, "triplets", "bitext"]


def prompts(llm: ScriptedLLM) -> list[str]:
    return [str(request.messages[-1]["content"]) for request in llm.requests]


@pytest.mark.parametrize("name", GENERATORS)
def test_attributes_are_columns_and_in_the_prompt(name: str) -> None:
    llm = ScriptedLLM(plausible_answer, offers=TYPED)
    task = get_task(name)
    (row,) = run(task, 1, llm=llm).rows()

    for attribute in task.sampled or ():
        assert str(row[attribute]) in prompts(llm)[0]
    assert set(row) == {*task.outputs, "model_name"}


def test_retrieval_draws_every_value_of_the_paper() -> None:
    task = get_task("text-retrieval")
    drawn = [task.variables(index) or {} for index in range(400)]

    assert {one["query_type"] for one in drawn} == {"extremely long-tail", "long-tail", "common"}
    assert {one["clarity"] for one in drawn} == {"clear", "understandable with some effort", "ambiguous"}
    assert {one["difficulty"] for one in drawn} == {"high school", "college", "PhD"}
    assert {one["num_words"] for one in drawn} == {50, 100, 200, 300, 400, 500}
    assert len({one["query_length"] for one in drawn}) == 3
    assert {one["task"] for one in drawn} == set(EMBEDDING_TASKS["text-retrieval"])


@pytest.mark.parametrize("name", ["triplets", "bitext"])
def test_scores_and_units_are_those_of_the_paper(name: str) -> None:
    task = get_task(name)
    drawn = [task.variables(index) or {} for index in range(300)]

    assert {one["unit"] for one in drawn} == {"sentence", "phrase", "passage"}
    assert {one["high_score"] for one in drawn} == {4.0, 4.5, 5.0}
    assert {one["low_score"] for one in drawn} == {2.5, 3.0, 3.5}


def test_languages_are_one_or_several_to_draw_from() -> None:
    task = get_task("bitext", language=["English", "Dutch"], target_language="Finnish")
    drawn = [task.variables(index) or {} for index in range(50)]

    assert {one["language"] for one in drawn} == {"English", "Dutch"}
    assert {one["target_language"] for one in drawn} == {"Finnish"}


@pytest.mark.parametrize("name", BY_TASK)
def test_tasks_come_from_the_rows_of_embedding_tasks_of_the_same_category(name: str, tmp_path: Path) -> None:
    rows = [{"category": category, "task": f"A task for {category}."} for category in BY_TASK]
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    task = get_task(name, tasks_from=path)
    assert {(task.variables(index) or {})["task"] for index in range(20)} == {f"A task for {name}."}


def test_a_file_without_tasks_of_the_category_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text('{"category": "text-retrieval", "task": "Find it."}\n')

    with pytest.raises(UsageError, match="no task of the category 'text-matching-long'"):
        get_task("text-matching-long", tasks_from=path).variables(0)


def test_texts_that_are_the_same_make_no_row() -> None:
    answer = json.dumps({"anchor": "A tide.", "positive": "a TIDE", "negative": "A wave."})
    made = run(get_task("triplets"), 1, llm=ScriptedLLM(lambda request: answer, offers=TYPED), max_attempts=2)

    assert made.rejections == {"anchor and positive are the same": 2}


def test_an_empty_text_is_asked_for_again() -> None:
    answers = [json.dumps({"anchor": "A tide.", "positive": text}) for text in (" ", "The sea rises.")]
    llm = ScriptedLLM(*answers, offers=TYPED)
    (row,) = run(get_task("text-matching-short"), 1, llm=llm).rows()

    assert row["positive"] == "The sea rises."
    assert "positive is empty" in prompts(llm)[1]


def test_the_brainstorm_makes_a_row_of_each_task_and_as_many_as_wanted() -> None:
    counter = iter(range(1000))

    def answer(request: Any) -> str:
        return "Sure:\n" + "\n".join(f"{n}. Find text number {next(counter)} for me." for n in range(1, 6))

    llm = ScriptedLLM(answer)
    made = run(get_task("embedding-tasks", tasks_per_call=5), 12, llm=llm)

    rows = list(made.rows())
    assert len(rows) == len({row["task"] for row in rows}) == 12
    assert {row["category"] for row in rows} <= set(BY_TASK)


def test_the_brainstorm_leaves_out_the_examples_of_its_prompt() -> None:
    def answer(request: Any) -> str:
        lines = str(request.messages[-1]["content"]).splitlines()
        return "\n".join([*(line for line in lines if line.startswith("- ")), "- Find a new thing to do."])

    (row,) = run(get_task("embedding-tasks"), 1, llm=ScriptedLLM(answer)).rows()

    assert row["task"] == "Find a new thing to do."


@pytest.mark.parametrize(
    ("action", "words"),
    [("paraphrase", "in other words"), ("query", "question or search query"), ("answer", "answers")],
)
def test_sentence_pairs_ask_for_what_the_positive_is(action: str, words: str) -> None:
    llm = ScriptedLLM('{"positive": "The sea rises twice a day."}', offers=TYPED)
    task = get_task("sentence-pairs", action=action, negative="none", context="For a school.")
    (row,) = run(task, input=[{"anchor": "The tide {{ x }}"}], llm=llm).rows()

    assert list(row) == ["anchor", "positive", "model_name"]
    assert words in prompts(llm)[0]
    assert "For a school." in prompts(llm)[0]
    assert "The tide {{ x }}" in prompts(llm)[0]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("paraphrase", "means something else"),
        ("query", "isn't answered by the text"),
        ("answer", "doesn't answer it"),
    ],
)
def test_a_hard_negative_is_described_as_what_the_positive_is_not(action: str, words: str) -> None:
    llm = ScriptedLLM('{"positive": "The sea rises twice a day.", "negative": "No."}', offers=TYPED)
    run(get_task("sentence-pairs", action=action), input=[{"anchor": "The tide."}], llm=llm)

    assert words in prompts(llm)[0]


def test_an_example_with_words_before_it_is_no_new_task() -> None:
    def answer(request: Any) -> str:
        lines = str(request.messages[-1]["content"]).splitlines()
        (example, *_) = (line.removeprefix("- ") for line in lines if line.startswith("- "))
        return f"- One sentence each: {example}\n- Find a new thing to do."

    (row,) = run(get_task("embedding-tasks"), 1, llm=ScriptedLLM(answer)).rows()

    assert row["task"] == "Find a new thing to do."


@pytest.mark.parametrize("echo", ["anchor", "Anchor.positive"])
def test_the_names_of_the_fields_are_no_texts(echo: str) -> None:
    answers = [
        json.dumps({"anchor": echo, "positive": "A gale."}),
        '{"anchor": "a storm", "positive": "a gale"}',
    ]
    llm = ScriptedLLM(*answers, offers=TYPED)
    (row,) = run(get_task("text-matching-short"), 1, llm=llm).rows()

    assert (row["anchor"], row["positive"]) == ("a storm", "a gale")
    assert "anchor is the name of a field" in str(llm.requests[1].messages[-1]["content"])


def test_a_title_is_no_long_document() -> None:
    long = "The tide comes in twice a day, and fishers know when. It goes out as often."
    answers = [json.dumps({"anchor": one, "positive": f"{long} So it does."}) for one in ("A title", long)]
    llm = ScriptedLLM(*answers, offers=TYPED)
    (row,) = run(get_task("text-matching-long"), 1, llm=llm).rows()

    assert row["anchor"] == long
    assert "anchor is too short for a document" in str(llm.requests[1].messages[-1]["content"])


def test_two_documents_of_the_most_words_fit_the_longest_answer_of_text_retrieval() -> None:
    task = get_task("text-retrieval")

    assert task.generation.max_tokens >= 2 * 2 * max(task.words)


def test_sentence_pairs_whose_texts_are_the_same_are_asked_for_again() -> None:
    answers = [json.dumps({"positive": one, "negative": "No."}) for one in ("the tide", "no", "The sea.")]
    llm = ScriptedLLM(*answers, offers=TYPED)
    (row,) = run(get_task("sentence-pairs"), input=[{"anchor": "The tide."}], llm=llm).rows()

    assert (row["positive"], row["negative"]) == ("The sea.", "No.")
    told = [request.messages[-1]["content"] for request in llm.requests[1:]]
    assert ["positive is the same as the text" in told[0], "negative is the same as positive" in told[1]] == [
        True,
        True,
    ]


def test_each_negative_that_counts_is_a_row() -> None:
    negatives = [
        "The Moon pulls the sea",
        "Tides are old.",
        "tides ARE old",
        " ",
        "Why do tides rise?",
        "Salt.",
    ]
    llm = ScriptedLLM(json.dumps({"negatives": negatives}), offers=TYPED)
    pair = {"anchor": "Why do tides rise?", "positive": "The Moon pulls the sea."}
    made = run(get_task("hard-negative-texts", each=2), input=[pair], llm=llm)

    assert [row["negative"] for row in made.rows()] == ["Tides are old.", "Salt."]
    assert "Write 2 different texts" in prompts(llm)[0]


def test_no_negative_that_counts_is_asked_for_again() -> None:
    answers = ('{"negatives": []}', '{"negatives": ["Salt."]}')
    llm = ScriptedLLM(*answers, offers=TYPED)
    pair = {"anchor": "Why?", "positive": "So."}

    assert run(get_task("hard-negative-texts"), input=[pair], llm=llm).accepted == 1


def test_the_names_of_the_task_and_the_step_that_finds_negatives_differ() -> None:
    assert type(get_step("hard-negative-texts")).__name__ == "HardNegativeTexts"
    assert type(get_step("hard-negatives", embedder="static/wordllama")).__name__ == "HardNegatives"


def test_every_category_has_a_generator() -> None:
    for name in BY_TASK:
        task = get_task(name)
        assert isinstance(task, TaskData)
        assert task.category() == name
