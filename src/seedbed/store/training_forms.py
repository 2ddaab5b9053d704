"""The forms of trainers, and how a row gets each.

https://huggingface.co/docs/trl/dataset_formats has those of TRL,
https://llamafactory.readthedocs.io/en/latest/getting_started/data_preparation.html ShareGPT and Alpaca.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from seedbed.errors import DatasetError, UsageError
from seedbed.store.sharegpt import answer, conversations
from seedbed.store.training_parts import Messages, Parts, checked_messages, content_of
from seedbed.tasks.rows import Row

Template: TypeAlias = Callable[[Messages, Any], str]
"""Renders messages and tools as the text that a model is trained on."""

_PAIR = ("prompt", "completion")


class Form(NamedTuple):
    """A form: how a row is converted, and which sets of parts it can be made from."""

    convert: Callable[[Parts, Template | None], Row]
    alternatives: tuple[tuple[str, ...], ...]


def _chat(parts: Parts, template: Template | None) -> Row:
    return {"messages": parts.conversation(), **parts.kept()}


def _sharegpt(parts: Parts, template: Template | None) -> Row:
    return conversations(parts.conversation(), parts)


def _sharegpt_kto(parts: Parts, template: Template | None) -> Row:
    return {**_sharegpt(parts, template), "kto_tag": _label(parts)}


def _sharegpt_preference(parts: Parts, template: Template | None) -> Row:
    made = _preference(parts, template)
    if "prompt" not in made:
        made = {**made, **_apart(made["chosen"], made["rejected"])}
    answers = {name: answer(made[name], parts.columns[name]) for name in ("chosen", "rejected")}
    return {**conversations(made["prompt"], parts, last="user"), **answers}


def _apart(chosen: Any, rejected: Any) -> Row:
    """Return two conversations as their common prompt and two answers."""
    if isinstance(chosen, str) or chosen[:-1] != rejected[:-1] or len(chosen) < 2:
        raise DatasetError(
            "the chosen and the rejected answer don't follow the same prompt",
            "name the column of the prompt: --column prompt=COLUMN (columns={'prompt': 'COLUMN'} in Python)",
        )
    return {"prompt": chosen[:-1], "chosen": chosen[-1:], "rejected": rejected[-1:]}


def _alpaca(parts: Parts, template: Template | None) -> Row:
    # Alpaca has a key for the input; in the other forms it's a part of the prompt.
    columns = {part: column for part, column in parts.columns.items() if part != "input"}
    messages = parts._replace(columns=columns).conversation()
    system = [content_of(message) for message in messages if message["role"] == "system"]
    roles = [message["role"] for message in messages]
    if roles != ["system"] * len(system) + ["user", "assistant"] or len(system) > 1:
        raise DatasetError("Alpaca holds a single prompt and its answer", "export it as 'chat'")
    made = {
        "instruction": content_of(messages[-2]),
        "input": parts.optional("input"),
        "output": content_of(messages[-1]),
    }
    images = {name: value for name, value in parts.kept().items() if name == "images"}
    return {**made, **({"system": system[0]} if system else {}), **images}


def _prompt_completion(parts: Parts, template: Template | None) -> Row:
    prompt, completion = _split_off(parts)
    return {"prompt": prompt, "completion": completion, **parts.kept()}


def _kto(parts: Parts, template: Template | None) -> Row:
    return {**_prompt_completion(parts, template), "label": _label(parts)}


def _label(parts: Parts) -> bool:
    label = parts.value("label")
    if label not in (0, 1):
        raise DatasetError(
            f"column {parts.columns['label']!r} is {label!r:.40}", "a label is true (wanted) or false"
        )
    return bool(label)


def _split_off(parts: Parts) -> tuple[Messages, Messages]:
    """Return the conversation up to its last answer, and that answer."""
    messages = _answered(parts.conversation())
    return messages[:-1], messages[-1:]


def _answered(messages: Messages) -> Messages:
    if len(messages) < 2 or messages[-1]["role"] != "assistant":
        raise DatasetError("a conversation has to end with an answer of the assistant, after a prompt")
    return messages


def _preference(parts: Parts, template: Template | None) -> Row:
    if "prompt" not in parts.columns:
        made = _implicit(parts)
        if isinstance(made["chosen"], list) and _said(made["chosen"])[0] != _said(made["rejected"])[0]:
            raise DatasetError("the chosen and the rejected answer don't follow the same prompt")
        return made
    prompt = parts.prompt()
    answers = {name: _after(prompt, parts, name) for name in ("chosen", "rejected")}
    return {"prompt": prompt, **answers, **parts.kept()}


def _reward(parts: Parts, template: Template | None) -> Row:
    if "prompt" not in parts.columns:
        made = _implicit(parts)
    else:
        prompt = parts.prompt()
        answers = {name: [*prompt, *_after(prompt, parts, name)] for name in ("chosen", "rejected")}
        made = {**answers, **parts.kept()}
    return {**made, "margin": parts.value("margin")} if parts.has("margin") else made


def _implicit(parts: Parts) -> Row:
    """Return two whole conversations, or two texts, whose beginning is the prompt."""
    pair = (parts.value("chosen"), parts.value("rejected"))
    if all(isinstance(one, list) for one in pair):
        made: Row = {
            name: _answered(checked_messages(parts.value(name), parts.columns[name]))
            for name in ("chosen", "rejected")
        }
    else:
        made = {name: parts.text(name) for name in ("chosen", "rejected")}
    return {**made, **parts.kept()}


def _after(prompt: Messages, parts: Parts, name: str) -> Messages:
    """Return an answer, without the prompt if it's a conversation that begins with it."""
    messages = parts.messages(name, "assistant")
    if _said(messages[: len(prompt)]) == _said(prompt):
        messages = messages[len(prompt) :]
    if not messages or messages[0]["role"] != "assistant":
        raise DatasetError(
            f"column {parts.columns[name]!r} is a conversation that doesn't go on from the prompt",
            "leave the column of the prompt out, so that the prompt is in both conversations",
        )
    return messages


def _said(messages: Messages) -> list[tuple[Any, Any]]:
    return [(one["role"], one.get("content")) for one in messages]


def _text(parts: Parts, template: Template | None) -> Row:
    if "text" in parts.columns:
        return {"text": parts.text("text")}
    if template is None:
        raise UsageError(
            "a conversation becomes a text by a chat template, and none is given",
            "give the model's tokenizer_config.json, or a Jinja file: "
            "--chat-template FILE (chat_template=FILE in Python)",
            "or name the column of the text: --column text=COLUMN (columns={'text': 'COLUMN'} in Python)",
        )
    return {"text": template(parts.conversation(), parts.kept().get("tools"))}


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "chat": Form(_chat, (("messages",), _PAIR)),
        "sharegpt": Form(_sharegpt, (("messages",), _PAIR)),
        "sharegpt-preference": Form(
            _sharegpt_preference, (("prompt", "chosen", "rejected"), ("chosen", "rejected"))
        ),
        "sharegpt-kto": Form(_sharegpt_kto, (("messages", "label"), (*_PAIR, "label"))),
        "alpaca": Form(_alpaca, (("messages",), _PAIR)),
        "prompt-completion": Form(_prompt_completion, (("messages",), _PAIR)),
        "preference": Form(_preference, (("prompt", "chosen", "rejected"), ("chosen", "rejected"))),
        "kto": Form(_kto, (("messages", "label"), (*_PAIR, "label"))),
        "reward": Form(_reward, (("prompt", "chosen", "rejected"), ("chosen", "rejected"))),
        "text": Form(_text, (("text",), ("messages",), _PAIR)),
    }
)
"""The forms by name."""

MEANT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("sft", "messages", "openai", "chatml", "conversational", "instruct"), "chat"),
        **dict.fromkeys(("dpo", "ipo", "orpo", "cpo", "simpo", "rlhf", "pairs", "pairwise"), "preference"),
        **dict.fromkeys(("conversations", "vicuna"), "sharegpt"),
        **dict.fromkeys(("rm", "reward-model", "reward-modeling"), "reward"),
        **dict.fromkeys(("instruction", "self-instruct"), "alpaca"),
        **dict.fromkeys(("completion", "grpo", "prompt"), "prompt-completion"),
        **dict.fromkeys(("bco", "unpaired"), "kto"),
        **dict.fromkeys(("pretrain", "pretraining", "cpt", "lm"), "text"),
    }
)
"""The form that is meant by the name of a way to train, or by another word: for advice, not as an alias."""
