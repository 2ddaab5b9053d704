"""The form of function calls in an answer: a request, and calls of known functions that fit their schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from seedbed import InvalidOutputError
from seedbed.reading import read_json
from seedbed_tasks.tools import Tool

Style = Literal["simple", "multiple", "parallel", "parallel-multiple"]
"""How many functions are shown, and how many are called: `parallel` calls one several times."""

ONE_TOOL: tuple[Style, ...] = ("simple", "parallel")
SEVERAL_TOOLS: tuple[Style, ...] = ("multiple", "parallel-multiple")
ONE_CALL: tuple[Style, ...] = ("simple", "multiple")
_LEAST_WORDS = 3
"""Words of a request; small models write the dots of the prompt, or "the request"."""


class Written(NamedTuple):
    """A request, and the calls that fulfil it: {"name":, "arguments":}."""

    query: str
    calls: list[dict[str, Any]]


def read_written(answer: str, tools: Sequence[Tool], style: Style, count: int) -> Written:
    """Return the request and the calls in an answer; raise InvalidOutputError if they're wrong."""
    value = read_json(answer)
    query = value.get("query") if isinstance(value, dict) else None
    if not isinstance(query, str) or not query.strip():
        raise InvalidOutputError("it has no 'query' with the request", text=answer)
    if len(re.findall(r"[^\W_]+", query)) < _LEAST_WORDS:
        raise InvalidOutputError(f"the 'query' has fewer than {_LEAST_WORDS} words", text=answer)
    if not isinstance(value.get("calls"), list):
        raise InvalidOutputError("it has no list of 'calls'", text=answer)
    named = {tool.name: tool for tool in tools}
    calls = [read_call(call, named, answer) for call in value["calls"]]
    _check_calls(calls, style, count, answer)
    return Written(query.strip(), calls)


def read_call(value: Any, tools: Mapping[str, Tool], answer: str) -> dict[str, Any]:
    """Return a call as {"name":, "arguments":}; raise InvalidOutputError, with the answer, if it's wrong."""
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str) or name not in tools:
        raise InvalidOutputError(
            f"a call is of {name!r:.80}, and the functions are {', '.join(tools)}", text=answer
        )
    arguments = value.get("arguments")
    if isinstance(arguments, str):
        # OpenAI's form has them as text.
        arguments = read_json(arguments)
    if not isinstance(arguments, dict):
        raise InvalidOutputError(f"the arguments of '{name}' aren't an object", text=answer)
    try:
        json.dumps(arguments, allow_nan=False)
    except ValueError as error:
        raise InvalidOutputError(
            f"the arguments of '{name}' have a number that JSON lacks", text=answer
        ) from error
    tool = tools[name]
    if wrong := tool.misfit(arguments):
        arguments = tool.without_nulls(arguments)
        if tool.misfit(arguments):
            raise InvalidOutputError(f"the arguments of '{name}' don't fit: {wrong}", text=answer)
    return {"name": name, "arguments": arguments}


def _check_calls(calls: Sequence[Mapping[str, Any]], style: Style, count: int, answer: str) -> None:
    if len(calls) != count:
        raise InvalidOutputError(f"it has {len(calls)} calls, and {count} are needed", text=answer)
    if len({json.dumps(call, sort_keys=True) for call in calls}) < count:
        raise InvalidOutputError("a call is there twice", text=answer)
    if style == "parallel-multiple" and len({call["name"] for call in calls}) < 2:
        raise InvalidOutputError("all calls are of one function, and at least two are needed", text=answer)


def answer_schema_of(tools: Sequence[Tool], count: int) -> dict[str, Any]:
    """Return the JSON Schema of an answer with `count` calls of these tools."""
    kinds = [tool.call_schema() for tool in tools]
    items = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return {
        "type": "object",
        "properties": {
            "query": {"type": "string"},
            "calls": {"type": "array", "items": items, "minItems": count, "maxItems": count},
        },
        "required": ["query", "calls"],
        "additionalProperties": False,
    }


def messages_of(written: Written) -> list[dict[str, Any]]:
    """Return the request and its calls as a chat in OpenAI's form."""
    calls = [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {
                "name": call["name"],
                "arguments": json.dumps(call["arguments"], ensure_ascii=False),
            },
        }
        for number, call in enumerate(written.calls, start=1)
    ]
    asked = {"role": "user", "content": written.query}
    return [asked, {"role": "assistant", "content": "", "tool_calls": calls}]
