"""The forms for preference and reward trainers, prompt and completion, and pretraining texts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.drift import DRIFT

from seedbed.errors import DatasetError, UsageError
from seedbed.store import TrainingRows, export_rows, read_rows
from seedbed.store.training_forms import FORMS
from seedbed.tasks.rows import encode_row

USER, SYSTEM = {"role": "user", "content": "Why?"}, {"role": "system", "content": "Be brief."}
GOOD, BAD = {"role": "assistant", "content": "Because."}, {"role": "assistant", "content": "No idea."}
PAIR = {"question": "Why?", "answer": "Because."}
PREFERRED = {"question": "Why?", "chosen": "Because.", "rejected": "No idea."}
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
CHATML = (
    "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% generation %}{{ m.content }}{% endgeneration %}<|im_end|>\n{% endfor %}"
)


def converted(rows: list[dict[str, Any]], form: str, template: Path | None = None, **columns: str) -> Any:
    made = TrainingRows([encode_row(row) for row in rows], form, columns, template)
    return [json.loads(row) for row in made]


def test_a_prompt_and_its_completion_are_conversations():
    made = [{"prompt": [USER], "completion": [GOOD]}]
    assert converted([PAIR], "prompt-completion") == made
    assert converted([{"messages": [USER, GOOD]}], "prompt-completion") == made
    (with_system,) = converted([{**PAIR, "system": "Be brief."}], "prompt-completion")
    assert with_system["prompt"] == [SYSTEM, USER]


def test_the_last_answer_of_a_conversation_is_the_completion():
    (made,) = converted([{"messages": [USER, BAD, USER, GOOD]}], "prompt-completion")
    assert made == {"prompt": [USER, BAD, USER], "completion": [GOOD]}


@pytest.mark.parametrize("messages", [[USER], [GOOD], [USER, GOOD, USER]])
def test_a_conversation_without_a_last_answer_is_refused(messages):
    with pytest.raises(DatasetError, match="end with an answer"):
        converted([{"messages": messages}], "prompt-completion")


def test_a_preference_has_its_prompt_apart():
    assert converted([PREFERRED], "preference") == [{"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]}]


def test_conversations_that_begin_with_the_prompt_lose_it_where_it_is_apart():
    row = {"prompt": "Why?", "chosen": [USER, GOOD], "rejected": [USER, BAD]}
    assert converted([row], "preference") == [{"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]}]
    with pytest.raises(DatasetError, match="doesn't go on from the prompt"):
        converted([{**row, "prompt": "Where?"}], "preference")


def test_a_preference_without_a_prompt_is_implicit():
    row = {"chosen": [USER, GOOD], "rejected": [USER, BAD]}
    assert converted([row], "preference") == [row]
    texts = {"chosen": "Why? Because.", "rejected": "Why? No idea."}
    assert converted([texts], "preference") == [texts]


def test_rewards_have_the_prompt_in_both_answers_and_keep_the_margin():
    assert converted([{**PREFERRED, "margin": 0.5}], "reward") == [
        {"chosen": [USER, GOOD], "rejected": [USER, BAD], "margin": 0.5}
    ]


def test_kto_has_a_label_for_each_answer():
    rows = [{**PAIR, "good": True}, {**PAIR, "good": 0}]
    assert [row["label"] for row in converted(rows, "kto", label="good")] == [True, False]
    assert converted(rows[:1], "kto", label="good") == [
        {"prompt": [USER], "completion": [GOOD], "label": True}
    ]
    with pytest.raises(DatasetError, match="row 1: column 'label' is 'good'"):
        converted([{**PAIR, "label": "good"}], "kto")
    with pytest.raises(UsageError, match="known as the label"):
        converted([PAIR], "kto")


@pytest.mark.parametrize("form", ["chat", "prompt-completion", "preference", "kto", "reward"])
def test_tools_and_images_are_kept(form):
    row = {**PAIR, **PREFERRED, "label": True, "tools": TOOLS, "image": "aGk="}
    (made,) = converted([row], form)
    assert made["tools"] == TOOLS
    assert made["images"] == ["aGk="]


@pytest.mark.parametrize("form", ["sharegpt", "alpaca", "sharegpt-preference", "sharegpt-kto"])
def test_images_are_kept_in_the_forms_of_texts(form):
    (made,) = converted([{**PAIR, **PREFERRED, "label": True, "images": ["a.png"]}], form)
    assert made["images"] == ["a.png"]


def test_sharegpt_holds_tool_calls_and_tools_as_json():
    call = {"type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    calling = {"role": "assistant", "content": "", "tool_calls": [call]}
    talk = [USER, calling, {"role": "tool", "content": "7"}, GOOD]
    (made,) = converted([{"messages": talk, "tools": TOOLS}], "sharegpt")
    assert made["conversations"] == [
        {"from": "human", "value": "Why?"},
        {"from": "function_call", "value": '[{"name":"f","arguments":{"a":1}}]'},
        {"from": "observation", "value": "7"},
        {"from": "gpt", "value": "Because."},
    ]
    assert json.loads(made["tools"]) == TOOLS


@pytest.mark.parametrize("row", [PREFERRED, {"chosen": [USER, GOOD], "rejected": [USER, BAD]}])
def test_a_preference_in_sharegpt_has_one_turn_for_each_answer(row):
    assert converted([row], "sharegpt-preference") == [
        {
            "conversations": [{"from": "human", "value": "Why?"}],
            "chosen": {"from": "gpt", "value": "Because."},
            "rejected": {"from": "gpt", "value": "No idea."},
        }
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"chosen": "a", "rejected": "b"}, "don't follow the same prompt"),
        ({"chosen": [USER, GOOD], "rejected": [SYSTEM, BAD]}, "don't follow the same prompt"),
        ({"prompt": "a", "chosen": [GOOD, USER, GOOD], "rejected": "b"}, "'chosen' is 3 messages"),
    ],
)
def test_a_preference_that_sharegpt_cannot_hold_is_refused(row, said):
    with pytest.raises(DatasetError, match=said):
        converted([row], "sharegpt-preference")


def test_kto_in_sharegpt_has_a_tag():
    (made,) = converted([{**PAIR, "good": 0}], "sharegpt-kto", label="good")
    assert (len(made["conversations"]), made["kto_tag"]) == (2, False)


def test_a_text_is_a_column_or_a_rendered_conversation(tmp_path):
    assert converted([{"text": "Once", "other": 1}], "text") == [{"text": "Once"}]
    assert converted([{"story": "Once"}], "text", text="story") == [{"text": "Once"}]
    file = tmp_path / "chat.jinja"
    file.write_text(CHATML)
    said = "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\nBecause.<|im_end|>\n"
    assert converted([PAIR], "text", file) == [{"text": said}]
    config = tmp_path / "tokenizer_config.json"
    config.write_text(json.dumps({"chat_template": CHATML, "bos_token": {"content": "<s>"}}))
    assert converted([PAIR], "text", config) == [{"text": f"<s>{said}"}]


def test_a_conversation_needs_a_template_to_become_a_text():
    with pytest.raises(UsageError, match="chat template") as caught:
        converted([PAIR], "text")
    assert "--chat-template" in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ messages.__class__.__mro__[1].__subclasses__() }}", "cannot render it"),
        ("{{ ''.__class__.__init__.__globals__ }}", "cannot render it"),
        ("{% for a in range(999999) %}{% for b in range(999999) %}x{% endfor %}{% endfor %}", "too much"),
        ("{{ 'x' * 10 ** 10 }}", "too much"),
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{{ messages[9].content }}", "cannot render it"),
    ],
)
def test_a_template_of_a_stranger_does_no_harm(tmp_path, source, said):
    file = tmp_path / "chat.jinja"
    file.write_text(source)
    with pytest.raises(DatasetError, match=said):
        converted([PAIR], "text", file)


@pytest.mark.parametrize("content", ["{", "{}", '{"chat_template": [{"name": "x", "template": "y"}]}'])
def test_a_file_without_a_template_is_named(tmp_path, content):
    file = tmp_path / "tokenizer_config.json"
    file.write_text(content)
    with pytest.raises(UsageError, match=r"tokenizer_config.json' has no chat template"):
        converted([PAIR], "text", file)
    with pytest.raises(UsageError, match="cannot be read"):
        converted([PAIR], "text", tmp_path / "missing.jinja")
    with pytest.raises(UsageError, match="has no chat template"):
        converted([PAIR], "chat", file)


DRIFTED = [name for name in DRIFT if name not in ("odd names", "chat messages")]


@pytest.mark.variants(50)
@pytest.mark.parametrize("form", [form for form in FORMS if form != "text"])
@pytest.mark.parametrize("drift", DRIFTED)
def test_rows_of_any_shape_come_back_in_each_form_and_format(form, drift, tmp_path):
    """What else a row has, of whatever types, doesn't reach a form, and no form loses a row."""
    drifted = [{**row, **PAIR, **PREFERRED, "label": True} for row in DRIFT[drift][:20] + DRIFT[drift][-2:]]
    rows = TrainingRows([encode_row(row) for row in drifted], form)
    for ending in (".jsonl", ".parquet"):
        assert export_rows(rows, tmp_path / f"rows{ending}") == len(drifted)
        assert len(list(read_rows(tmp_path / f"rows{ending}"))) == len(drifted)
    assert list(read_rows(tmp_path / "rows.jsonl")) == list(read_rows(tmp_path / "rows.parquet"))


TRL = """
import json, sys, warnings
warnings.filterwarnings("ignore")
from datasets import load_dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from trl.data_utils import (apply_chat_template, is_conversational, maybe_apply_chat_template,
                            maybe_extract_prompt, maybe_unpair_preference_dataset)

template = ("{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}"
            "{% if add_generation_prompt %}<assistant>{% endif %}")
words = Tokenizer(models.WordLevel({"x": 0}, unk_token="x"))
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, chat_template=template)
found = {}
for form in sys.argv[2:]:
    rows = load_dataset("parquet", data_files=f"{sys.argv[1]}/{form}.parquet", split="train")
    row = rows[0]
    found[form] = {"conversational": is_conversational(row), "columns": rows.column_names}
    if form in ("preference", "implicit", "reward"):
        row = maybe_extract_prompt(row)
        found[form]["unpaired"] = len(maybe_unpair_preference_dataset(rows.map(maybe_extract_prompt)))
    found[form]["text"] = maybe_apply_chat_template(row, tokenizer)
print(json.dumps(found))
"""
"""What TRL makes of each form: its own functions, with a tokenizer that needs no download."""


@pytest.mark.slow
def test_trl_reads_each_form(tmp_path):
    env = tmp_path / "env"
    # Without torch, which trainers need but what they do with a dataset's columns doesn't: it's gigabytes.
    for command in (
        ["uv", "venv", "-q", str(env), "--python", sys.executable],
        ["uv", "pip", "install", "-q", "--python", str(env), "--no-deps", "trl>=1.0"],
        ["uv", "pip", "install", "-q", "--python", str(env), "transformers", "datasets", "jinja2"],
    ):
        subprocess.run(command, check=True)
    rows = {
        "chat": ("chat", PAIR),
        "prompt-completion": ("prompt-completion", PAIR),
        "preference": ("preference", PREFERRED),
        "implicit": ("preference", {"chosen": [USER, GOOD], "rejected": [USER, BAD]}),
        "kto": ("kto", {**PAIR, "label": True}),
        "reward": ("reward", PREFERRED),
        "text": ("text", {"text": "Once"}),
    }
    for name, (form, row) in rows.items():
        export_rows(TrainingRows([encode_row(row)] * 2, form), tmp_path / f"{name}.parquet")
    program = [str(env / "bin" / "python"), "-c", TRL, str(tmp_path), *rows]
    found = json.loads(subprocess.run(program, check=True, capture_output=True, text=True).stdout)

    assert {name: one["conversational"] for name, one in found.items()} == {
        name: name != "text" for name in rows
    }
    asked, good = "<user>Why?</user><assistant>", "Because.</assistant>"
    assert found["chat"]["text"] == {"text": f"{asked}{good}"}
    assert found["prompt-completion"]["text"] == {"prompt": asked, "completion": good}
    pair = {"prompt": asked, "chosen": good, "rejected": "No idea.</assistant>"}
    assert [found[name]["text"] for name in ("preference", "implicit", "reward")] == [pair] * 3
    assert [found[name]["unpaired"] for name in ("preference", "implicit", "reward")] == [4] * 3
    assert found["kto"]["text"] == {"prompt": asked, "completion": good, "label": True}
    assert found["text"]["text"] == {"text": "Once"}
