"""Rows with their prompts and answers, as text to read."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import click

from seedbed.cli.failures import colour
from seedbed.cli.trace import Call, RowTrace
from seedbed.llm.messages import Message, parts
from seedbed.llm.response import Choice
from seedbed.tasks.rows import Row

_INDENT = "  "


def write_traces(traces: Sequence[RowTrace]) -> None:
    """Write each row under a rule: prompts, answers, and what came of them."""
    for trace in traces:
        _rule(f"row {trace.id}" if trace.id else "calls of no single row")
        earlier: Sequence[Message] = ()
        for call in trace.calls:
            _write_call(call, earlier)
            earlier = call.request.messages
        for row in trace.rows:
            _block("row", _row_text(row), "green")
        for failure in trace.failures:
            _block("failed", failure.reason, "red")
        for rejection in trace.rejections:
            _block("rejected", rejection.reason, "yellow")


def _write_call(call: Call, earlier: Sequence[Message]) -> None:
    for message in _new_messages(call, earlier):
        _block(str(message["role"]), _message_text(message), "cyan")
    for number, choice in enumerate(call.response.choices, start=1):
        which = f" {number}" if len(call.response.choices) > 1 else ""
        cut = ", cut at the longest" if choice.finish_reason == "length" else ""
        _block(f"answer{which}{cut}", _choice_text(choice), "magenta")


def _new_messages(call: Call, earlier: Sequence[Message]) -> Sequence[Message]:
    """Return what a call adds to the conversation that has been shown already."""
    messages = call.request.messages
    begins_alike = len(earlier) > 0 and messages[: len(earlier)] == tuple(earlier)
    added = messages[len(earlier) :] if begins_alike else messages
    # The answer that a model is reminded of has just been shown.
    return added[1:] if begins_alike and added and added[0]["role"] == "assistant" else added


def _message_text(message: Message) -> str:
    return "\n".join(part.get("text", "[image]") for part in parts(message))


def _choice_text(choice: Choice) -> str:
    reasoning = [f"({choice.reasoning})"] if choice.reasoning else []
    calls = [f"{call.name}({call.arguments})" for call in choice.tool_calls]
    return "\n".join([*reasoning, *([choice.text] if choice.text else []), *calls]) or "(no text)"


def _row_text(row: Row) -> str:
    return "\n".join(f"{name}: {_value_text(value)}" for name, value in row.items())


def _value_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rule(title: str) -> None:
    line = f"── {title} ".ljust(min(_width(), 100), "─")
    click.echo(click.style(line, bold=True), color=colour())


def _block(title: str, text: str, paint: str) -> None:
    click.echo(click.style(title, fg=paint), color=colour())
    for line in _lines(text.strip()):
        click.echo(f"{_INDENT}{line}")
    click.echo()


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text, wrapped to the terminal; whole elsewhere."""
    for line in text.splitlines():
        if sys.stdout.isatty():
            yield from textwrap.wrap(line, _width() - 4, replace_whitespace=False) or [""]
        else:
            yield line


def _width() -> int:
    return shutil.get_terminal_size().columns
