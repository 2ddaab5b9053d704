"""Conversations that a trainer would read wrong or leave out are refused, with their row."""

from __future__ import annotations

import json

import pytest

from seedbed.errors import DatasetError
from seedbed.store import TrainingRows
from seedbed.tasks.rows import encode_row

SYSTEM = {"role": "system", "content": "Be brief."}
ANSWERED = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]


@pytest.mark.parametrize("form", ["chat", "prompt-completion", "kto", "sharegpt", "alpaca", "text"])
@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"role": "assistant", "content": None}, "'assistant' with the content null"),
        ({"role": "assistant"}, "'assistant' with the content null"),
        ({"role": "assistant", "content": 5}, "'assistant' with the content 5"),
        ({"role": "assistant", "content": []}, r"'assistant' with the content \[\]"),
        ({"role": "assistant", "content": ["a"]}, "'assistant' with the content"),
        ({"role": "gpt", "content": "a"}, "role 'gpt'\n  in messages it's 'assistant'"),
    ],
)
def test_a_message_without_a_content_is_in_no_form(form, message, said, tmp_path):
    (template := tmp_path / "t.jinja").write_text("{{ messages }}")
    row = encode_row({"messages": [ANSWERED[0], message], "label": True})

    with pytest.raises(DatasetError, match=said):
        list(TrainingRows([row], form, template=template if form == "text" else None))


@pytest.mark.parametrize("form", ["sharegpt", "sharegpt-kto"])
@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (
            [{"role": "system", "content": "s"}, {"role": "system", "content": "s"}, *ANSWERED],
            "turn 2 is of 'system'",
        ),
        ([ANSWERED[0], {"role": "system", "content": "s"}, ANSWERED[1]], "turn 2 is of 'system'"),
        (ANSWERED[1:], "turn 1 is of 'gpt' where the user or a tool speaks"),
        ([ANSWERED[0], *ANSWERED], "turn 2 is of 'human' where the assistant speaks"),
        ([*ANSWERED, ANSWERED[1]], "turn 3 is of 'gpt'"),
        ([*ANSWERED, ANSWERED[0]], "end with a turn of the assistant"),
        ([SYSTEM, ANSWERED[0]], "end with a turn of the assistant"),
    ],
)
def test_what_llamafactory_would_leave_out_is_refused(form, messages, said):
    with pytest.raises(DatasetError, match=said):
        list(TrainingRows([encode_row({"messages": messages, "label": True})], form))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"chosen": [], "rejected": []}, "'chosen' isn't a list of messages"),
        ({"chosen": ANSWERED[:1], "rejected": ANSWERED[:1]}, "has to end with an answer"),
        (
            {"chosen": ANSWERED, "rejected": [{"role": "user", "content": "other"}, ANSWERED[1]]},
            "don't follow the same prompt",
        ),
    ],
)
def test_an_implicit_preference_has_one_prompt_and_two_answers(row, said):
    with pytest.raises(DatasetError, match=said):
        list(TrainingRows([encode_row(row)], "preference"))


def test_tools_may_be_json_text_already():
    row = {"messages": ANSWERED, "tools": '[{"name":"f"}]'}
    assert json.loads(*TrainingRows([encode_row(row)], "sharegpt"))["tools"] == '[{"name":"f"}]'
    with pytest.raises(DatasetError, match="the tools are a text that isn't JSON: none"):
        list(TrainingRows([encode_row({**row, "tools": "none"})], "sharegpt"))
