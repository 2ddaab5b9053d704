"""Rows with their prompts and answers, as text to read."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.cli.blocks import block, row_text, rule, write_answers
from seedbed.cli.trace import Call, RowTrace
from seedbed.llm.messages import Message, parts
from seedbed.store.row_names import row_name


def write_traces(traces: Sequence[RowTrace]) -> None:
    """Write each row under a rule: prompts, answers, and what came of them."""
    for trace in traces:
        rule(row_name(trace.id, trace.source) if trace.id else "calls of no single row")
        earlier: Sequence[Message] = ()
        for call in trace.calls:
            _write_call(call, earlier)
            earlier = call.request.messages
        for row in trace.rows:
            block("row", row_text(row), "green")
        for failure in trace.failures:
            block("failed", failure.reason, "red")
        for rejection in trace.rejections:
            block("rejected", rejection.reason, "yellow")


def _write_call(call: Call, earlier: Sequence[Message]) -> None:
    for message in _new_messages(call, earlier):
        name = "raw prompt" if call.request.raw_prompt else str(message["role"])
        block(name, _message_text(message), "cyan")
    if call.note:
        block("note", call.note, "yellow")
    write_answers(call.response.choices, about=_sent(call))


def _sent(call: Call) -> str:
    """Return the parameters that were sent with a prompt, in one line behind the title of its answer."""
    sent = ", ".join(f"{name}={value}" for name, value in call.parameters.items())
    return f" · {sent}" if sent else ""


def _new_messages(call: Call, earlier: Sequence[Message]) -> Sequence[Message]:
    """Return what a call adds to the conversation that has been shown already."""
    messages = call.request.messages
    begins_alike = len(earlier) > 0 and messages[: len(earlier)] == tuple(earlier)
    added = messages[len(earlier) :] if begins_alike else messages
    # The answer that a model is reminded of has just been shown.
    return added[1:] if begins_alike and added and added[0]["role"] == "assistant" else added


def _message_text(message: Message) -> str:
    return "\n".join(part.get("text", "[image]") for part in parts(message))
