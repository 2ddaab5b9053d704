"""The forms of ShareGPT, with tool calls and preferences as LLaMA-Factory reads them.

https://llamafactory.readthedocs.io/en/latest/getting_started/data_preparation.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from seedbed.errors import DatasetError
from seedbed.store.training_parts import Messages, Parts, content_of
from seedbed.tasks.rows import Row, encode_value

_SPEAKERS: Mapping[str, str] = MappingProxyType(
    {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}
)
_IN_TURN = (("human", "observation"), ("gpt", "function_call"))
_ADVICE = "export it as 'chat'"


def conversations(messages: Messages, parts: Parts, *, last: str = "assistant") -> Row:
    """Return messages as a row with `conversations`, and the row's tools (as JSON text) and images.

    `last` is who speaks last: the assistant, or the user in a prompt.
    """
    turns = [_turn(message) for message in messages]
    if any(one["from"] == two["from"] == "observation" for one, two in pairwise(turns)):
        raise DatasetError("ShareGPT can't hold two results of tools in a row", _ADVICE)
    _check_turns(turns, last)
    kept = parts.kept()
    if "tools" in kept:
        kept["tools"] = _tools(kept["tools"])
    return {"conversations": turns, **kept}


def _check_turns(turns: Sequence[Mapping[str, Any]], last: str) -> None:
    """Raise DatasetError if the two don't take turns: LLaMA-Factory would leave the row out."""
    start = 1 if turns[0]["from"] == "system" else 0
    for number, turn in enumerate(turns[start:]):
        if turn["from"] not in _IN_TURN[number % 2]:
            who = ("the user or a tool", "the assistant")[number % 2]
            raise DatasetError(
                f"in ShareGPT user and assistant take turns, and turn {start + number + 1} is of "
                f"{turn['from']!r} where {who} speaks",
                _ADVICE,
            )
    if (len(turns) - start) % 2 != (last != "assistant"):
        raise DatasetError(f"a conversation in ShareGPT has to end with a turn of the {last}", _ADVICE)


def _tools(tools: Any) -> str:
    if not isinstance(tools, str):
        return encode_value(tools)
    try:
        json.loads(tools)
    except ValueError as error:
        raise DatasetError(f"the tools are a text that isn't JSON: {tools:.40}") from error
    return tools


def answer(messages: Messages, column: str) -> dict[str, Any]:
    """Return an answer, which is one message, as a turn."""
    if len(messages) != 1:
        raise DatasetError(
            f"column {column!r} is {len(messages)} messages, and ShareGPT holds one as an answer",
            "export it as 'preference'",
        )
    return _turn(messages[0])


def _turn(message: Mapping[str, Any]) -> dict[str, Any]:
    if message.get("tool_calls"):
        if message.get("content"):
            raise DatasetError("ShareGPT can't hold a text and tool calls in one message", _ADVICE)
        return {"from": "function_call", "value": encode_value(_calls(message["tool_calls"]))}
    if message["role"] not in _SPEAKERS:
        raise DatasetError(f"ShareGPT has no role {message['role']!r}", _ADVICE)
    return {"from": _SPEAKERS[message["role"]], "value": content_of(message)}


def _calls(calls: Any) -> list[Row]:
    try:
        found = [call["function"] for call in calls]
        return [{"name": one["name"], "arguments": _arguments(one["arguments"])} for one in found]
    except (TypeError, KeyError, ValueError) as error:
        raise DatasetError(
            f"these tool calls have no name and arguments: {encode_value(calls):.80}",
            'a call is {"type": "function", "function": {"name": ..., "arguments": ...}}',
        ) from error


def _arguments(arguments: Any) -> Any:
    # OpenAI's are a text with JSON in it; trainers show the model what stands here.
    return json.loads(arguments) if isinstance(arguments, str) else arguments
