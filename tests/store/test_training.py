"""Rows become conversations that trainers read, and what cannot become one is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedbed.errors import DatasetError, UsageError
from seedbed.store import TrainingRows, export_rows, read_rows
from seedbed.tasks.rows import encode_row

PAIR = {"question": "Why?", "answer": "Because.", "topic": "t", "model_name": "m"}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
]


def converted(rows: list[dict[str, Any]], form: str, **columns: str) -> list[dict[str, Any]]:
    return [json.loads(row) for row in TrainingRows([encode_row(row) for row in rows], form, columns)]


def test_a_prompt_and_its_answer_become_messages():
    assert converted([PAIR], "chat") == [
        {
            "messages": [
                {"role": "user", "content": "Why?"},
                {"role": "assistant", "content": "Because."},
            ]
        }
    ]


def test_a_prompt_and_its_answer_become_turns_of_sharegpt():
    assert converted([{**PAIR, "system": "Be brief."}], "sharegpt") == [
        {
            "conversations": [
                {"from": "system", "value": "Be brief."},
                {"from": "human", "value": "Why?"},
                {"from": "gpt", "value": "Because."},
            ]
        }
    ]


def test_a_prompt_and_its_answer_become_an_alpaca_record():
    assert converted([PAIR], "alpaca") == [{"instruction": "Why?", "input": "", "output": "Because."}]
    (with_system,) = converted([{**PAIR, "system": "Be brief."}], "alpaca")
    assert with_system == {"instruction": "Why?", "input": "", "output": "Because.", "system": "Be brief."}


def test_an_input_has_its_place_in_alpaca_and_follows_the_prompt_elsewhere():
    row = {"instruction": "Add.", "text": "1 + 1", "generation": "2"}
    assert converted([row], "alpaca", input="text") == [
        {"instruction": "Add.", "input": "1 + 1", "output": "2"}
    ]
    (chat,) = converted([row], "chat", input="text")
    assert chat["messages"][0]["content"] == "Add.\n\n1 + 1"


def test_messages_stay_as_they_are_with_their_tools():
    messages = [*TALK[:2], {"role": "assistant", "content": None, "tool_calls": [CALL]}]
    row = {"messages": messages, "tools": [{"type": "function"}], "prompt": "unused"}
    assert converted([row], "chat") == [{"messages": messages, "tools": [{"type": "function"}]}]


def test_messages_become_turns_and_records_too():
    turns = [("system", "Be brief."), ("human", "Hi"), ("gpt", "Hello")]
    assert converted([{"messages": TALK}], "sharegpt") == [
        {"conversations": [{"from": who, "value": text} for who, text in turns]}
    ]
    assert converted([{"talk": TALK}], "alpaca", messages="talk") == [
        {"instruction": "Hi", "input": "", "output": "Hello", "system": "Be brief."}
    ]


def test_a_system_text_may_be_missing_in_some_rows():
    first, second = converted([PAIR, {**PAIR, "system": "Be brief."}], "chat")
    assert [message["role"] for message in first["messages"]] == ["user", "assistant"]
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant"]


def test_what_is_no_text_becomes_json():
    (row,) = converted([{"prompt": 1, "completion": {"a": ["é"]}}], "alpaca")
    assert row == {"instruction": "1", "input": "", "output": '{"a":["é"]}'}


def test_columns_are_those_that_the_caller_names():
    rows = [{"title": "A", "question": "B", "answer": "C", "output": "D"}]
    assert converted(rows, "alpaca", prompt="title", completion="output") == [
        {"instruction": "A", "input": "", "output": "D"}
    ]


@pytest.mark.parametrize(
    ("row", "form", "columns", "message"),
    [
        (PAIR, "chatml", {}, "there is no form 'chatml'\n  did you mean 'chat'?"),
        (PAIR, "chat", {"promt": "question"}, "there is no part 'promt'\n  did you mean 'prompt'?"),
        (PAIR, "chat", {"prompt": "questoin"}, "there is no column 'questoin'\n  did you mean 'question'?"),
        ({"answer": "x"}, "chat", {}, "none of the columns is known as the prompt"),
        ({"prompt": "x", "b": 1}, "chat", {}, "the columns are 'prompt', 'b'"),
        ({**PAIR, "output": "x"}, "chat", {}, "could be the completion: 'answer', 'output'"),
    ],
)  # fmt: skip
def test_what_cannot_be_found_in_the_first_row_is_refused_at_once(row, form, columns, message):
    with pytest.raises(UsageError) as caught:
        TrainingRows([encode_row(row)], form, columns)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("row", "form", "message"),
    [
        ({"question": "x"}, "chat", "row 2: column 'answer' is None"),
        ({"question": None, "answer": "x"}, "sharegpt", "row 2: column 'question' is None"),
    ],
)
def test_a_row_without_a_part_is_named_by_its_number(row, form, message):
    rows = TrainingRows([encode_row(PAIR), encode_row(row)], form)
    with pytest.raises(DatasetError, match=message):
        list(rows)


@pytest.mark.parametrize(
    ("messages", "form", "message"),
    [
        (None, "chat", "column 'messages' isn't a list of messages"),
        ([], "chat", "column 'messages' isn't a list of messages"),
        (["Hi"], "chat", "an item that isn.t a message with a role"),
        ([{"content": "Hi"}], "chat", "an item that isn.t a message with a role"),
        ([*TALK, *TALK[1:]], "alpaca", "a single prompt and its answer"),
        ([TALK[0], *TALK], "alpaca", "a single prompt and its answer"),
        ([{"role": "tool", "content": "x"}] * 2, "sharegpt", "two results of tools in a row"),
        ([{"role": "assistant", "content": "x", "tool_calls": [CALL]}], "sharegpt", "a text and tool calls"),
        ([{"role": "assistant", "tool_calls": [{"id": "1"}]}], "sharegpt", "no name and arguments"),
        ([{"role": "assistant", "tool_calls": 7}], "sharegpt", "no name and arguments"),
        ([{"role": "critic", "content": "x"}], "sharegpt", "no role 'critic'"),
        ([{"role": "user", "content": [{"type": "text"}]}], "sharegpt", "role 'user' is not text"),
    ],
)
def test_messages_that_a_form_cannot_hold_are_refused(messages, form, message):
    with pytest.raises(DatasetError, match=message):
        TrainingRows([encode_row({"messages": messages})], form)


def test_a_form_is_exported_in_any_format(tmp_path):
    rows = TrainingRows([encode_row(PAIR)] * 3, "chat")
    assert export_rows(rows, tmp_path / "out.jsonl") == 3
    assert export_rows(rows, tmp_path / "out.parquet") == 3
    assert list(read_rows(tmp_path / "out.jsonl")) == list(read_rows(tmp_path / "out.parquet"))


def test_no_rows_are_no_conversations():
    assert converted([], "chat", prompt="anything") == []


def test_a_column_that_the_first_row_lacks_can_be_named() -> None:
    rows = [b'{"q": "a", "late": "x"}', b'{"q": "b"}'][::-1]

    with pytest.raises(DatasetError, match="row 1: column 'late' is None"):
        list(TrainingRows(rows, "chat", {"prompt": "q", "completion": "late"}))
