"""Rows with their prompts and answers, as text to read."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.cli.blocks import block, row_text, rule, write_answers
from seedbed.cli.message_blocks import write_messages
from seedbed.engine.trace import PreviewedCall, PreviewedRow
from seedbed.llm.messages import Message
from seedbed.store.row_names import row_name


def write_traces(traces: Sequence[PreviewedRow]) -> None:
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


def _write_call(call: PreviewedCall, earlier: Sequence[Message]) -> None:
    write_messages(call.request.messages, earlier, "raw prompt" if call.request.raw_prompt else None)
    if call.note:
        block("note", call.note, "yellow")
    write_answers(call.response.choices, about=_sent(call))


def _sent(call: PreviewedCall) -> str:
    """Return the parameters that were sent with a prompt, in one line behind the title of its answer."""
    sent = ", ".join(f"{name}={value}" for name, value in call.parameters.items())
    return f" · {sent}" if sent else ""
