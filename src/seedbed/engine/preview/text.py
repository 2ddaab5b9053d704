"""A preview as text: for each row its prompts, its answers, and the resulting rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from seedbed.engine.preview.trace import PreviewedCall, PreviewedRow
from seedbed.engine.run import Run
from seedbed.llm.conversation import added_messages, message_text, told_answers
from seedbed.llm.messages import Message
from seedbed.store.row_names import row_name
from seedbed.tasks.row_text import row_text


class PreviewPart(NamedTuple):
    """A part of a row's preview, with a title: a prompt, an answer, a row or a reason."""

    kind: Literal["prompt", "note", "answer", "row", "failed", "rejected"]
    title: str
    text: str


def preview_lines(rows: Iterable[PreviewedRow], run: Run) -> Iterator[str]:
    """Yield the lines of a preview."""
    for row in rows:
        yield title_of(row)
        for part in parts_of(row):
            yield f"  {part.title}"
            yield from (f"    {line}" for line in part.text.splitlines())
    yield str(run)


def title_of(row: PreviewedRow) -> str:
    """Return the title of a row."""
    return row_name(row.id, row.source) if row.id else "calls of no single row"


def parts_of(row: PreviewedRow) -> Iterator[PreviewPart]:
    """Yield a row's prompts and answers, and then what they led to."""
    earlier: Sequence[Message] = ()
    has_steps = len({call.step for call in row.calls}) > 1
    for call in row.calls:
        yield from _parts_of_call(call, earlier, f" · {call.step}" if has_steps else "")
        # A reminder repeats the whole conversation: only what's new is shown.
        earlier = call.request.messages
    yield from (PreviewPart("row", "row", row_text(made)) for made in row.rows)
    yield from (PreviewPart("failed", "failed", failure.reason) for failure in row.failures)
    yield from (PreviewPart("rejected", "rejected", rejection.reason) for rejection in row.rejections)


def _parts_of_call(call: PreviewedCall, earlier: Sequence[Message], of_step: str) -> Iterator[PreviewPart]:
    for message in added_messages(call.request.messages, earlier):
        title = "raw prompt" if call.request.raw_prompt else str(message["role"])
        yield PreviewPart("prompt", title + of_step, message_text(message))
    if call.note:
        yield PreviewPart("note", "note", call.note)
    answers = told_answers(call.response.choices, about=_sent(call))
    yield from (PreviewPart("answer", title, text) for title, text in answers)


def _sent(call: PreviewedCall) -> str:
    """Return the parameters that were sent with a prompt, in one line after the title of its answer."""
    sent = ", ".join(f"{name}={value}" for name, value in call.parameters.items())
    return f" · {sent}" if sent else ""
