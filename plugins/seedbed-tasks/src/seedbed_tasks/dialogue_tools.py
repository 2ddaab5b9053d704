"""Tools in a dialogue: what the assistant is told of them, its calls, and what they return."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from seedbed import InvalidOutputError, Message, PromptTemplate, Reject
from seedbed.reading import read_json
from seedbed_tasks.call_format import read_call
from seedbed_tasks.isolated_functions import Sandbox
from seedbed_tasks.tools import Toolbox

RESULT = """\
You simulate a function of a computer system.

Function: {{ _function }}

It's called with these arguments: {{ _arguments }}
{% if _earlier %}
Earlier calls and results, which the new result agrees with:
{{ _earlier }}
{% endif %}
Write what it returns, a realistic value with made-up data, as JSON and nothing else."""

_TOLD = """\
You may call these functions when you need what they know or do:

{functions}

To call one, write this JSON and nothing else: {{"name": "...", "arguments": {{...}}}}. The result comes \
next, and then you may call another, or answer the user in plain words."""


class Asking(Protocol):
    """What a task offers here."""

    tool_template: str
    most_calls: int
    sandbox: Sandbox

    async def ask(self, messages: Any, *, read: Callable[[str], Any]) -> Any:
        """Ask the model."""


class ToolUse:
    """The tools of one conversation, and the results so far."""

    def __init__(self, task: Asking, box: Toolbox) -> None:
        self._task, self._box = task, box
        self.tools = box.tools
        self._named = {tool.name: tool for tool in box.tools}
        self._earlier: list[str] = []

    async def answered(
        self, system: str, messages: Sequence[Message], spoken: Callable[[str], str]
    ) -> list[Message]:
        """Return the assistant's next messages: calls with their results, and what it says at last."""
        if self.tools:
            functions = "\n".join(_json(tool.model_dump()) for tool in self.tools)
            system = f"{system}\n\n{_TOLD.format(functions=functions)}"
        made: list[Message] = []
        for calls in range(self._task.most_calls + 1):
            asked = [{"role": "system", "content": system}, *map(_as_text, [*messages, *made])]
            answer = await self._task.ask(asked, read=lambda text: self._read(text, spoken))
            if isinstance(answer, str):
                return [*made, {"role": "assistant", "content": answer}]
            if calls == self._task.most_calls:
                break
            made += await self._called(answer, len(messages) + len(made))
        raise Reject("more calls of tools in one turn than most_calls")

    def _read(self, text: str, spoken: Callable[[str], str]) -> str | dict[str, Any]:
        """Return the call in an answer, or what it says in words."""
        if not self.tools:
            return spoken(text)
        begins = text.strip().startswith(("{", "```"))
        try:
            value = read_json(text)
        except InvalidOutputError:
            if begins:
                raise
            return spoken(text)
        if isinstance(value, dict) and {"name", "arguments"} <= value.keys():
            return read_call(value, self._named, text)
        return spoken(text)

    async def _called(self, call: Mapping[str, Any], place: int) -> list[Message]:
        result = await self._result(call)
        self._earlier.append(f"{_json(call)} returned {result}")
        name = f"call_{place}"
        function = {"name": call["name"], "arguments": _json(call["arguments"])}
        made = {"id": name, "type": "function", "function": function}
        return [
            {"role": "assistant", "content": "", "tool_calls": [made]},
            {"role": "tool", "tool_call_id": name, "content": result},
        ]

    async def _result(self, call: Mapping[str, Any]) -> str:
        """Return what a call comes to, in JSON: by running it, or made up by the model."""
        if self._box.source is not None:
            (called,) = await self._task.sandbox.call(self._box.source, [call])
            return _json({"error": called.error} if called.error is not None else called.value)
        values = {
            "_function": _json(self._named[call["name"]].model_dump()),
            "_arguments": _json(call["arguments"]),
            "_earlier": "\n".join(self._earlier),
        }
        prompt = PromptTemplate(self._task.tool_template).render(values)
        return _json(await self._task.ask(prompt, read=read_json))


def _as_text(message: Message) -> Message:
    """Return a message as text alone, since not every backend takes calls of tools."""
    if message["role"] == "tool":
        return {"role": "user", "content": f"Result: {message['content']}"}
    if calls := message.get("tool_calls"):
        function = calls[0]["function"]
        text = _json({"name": function["name"], "arguments": json.loads(function["arguments"])})
        return {"role": "assistant", "content": text}
    return message


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
