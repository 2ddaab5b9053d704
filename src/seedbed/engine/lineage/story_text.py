"""What a step made of a row, as text: what it got, asked, was answered and made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any, Literal, NamedTuple

from seedbed.counts import tokens_text
from seedbed.engine.lineage.changes import Change
from seedbed.engine.lineage.chapters import Chapter
from seedbed.engine.lineage.shared import parts_of_key
from seedbed.engine.lineage.told_call import ToldCall
from seedbed.llm.budget.money import dollars
from seedbed.llm.conversation import added_messages, message_text, told_answers
from seedbed.llm.messages import Message
from seedbed.store import Call
from seedbed.store.row_names import row_name
from seedbed.tasks.row_text import row_text
from seedbed.tasks.rows import encode_value

Kind = Literal["from", "prompt", "answer", "row", "failed", "rejected", "note"]

_DIGEST = 8
"""Characters that are shown of a call's digest."""


OLD_CALL = "outdated: what the step made of the row now doesn't come from this answer"
"""What is said of a call that the row's result isn't made from."""


class StoryPart(NamedTuple):
    """A part of a chapter under a title: a text, or what the step changed in the row."""

    kind: Kind
    title: str
    text: str = ""
    change: Change | None = None


def chapter_title(chapter: Chapter, source: str) -> str:
    """Return the title of a chapter: the step, the row, and how it went."""
    again = f", attempt {chapter.result.attempt + 1}" if chapter.result and chapter.result.attempt else ""
    old = ", outdated: the steps before it make no such row now" if chapter.is_old else ""
    return f"{chapter.step}, {row_name(chapter.row, source)}: {chapter.status}{again}{old}"


def chapter_lines(chapter: Chapter) -> Iterator[str]:
    """Yield the lines of a chapter."""
    for part in parts_of(chapter):
        yield part.title
        lines = part.text.splitlines() if part.change is None else change_lines(part.change)
        yield from (f"  {line}" for line in lines)


def parts_of(chapter: Chapter) -> Iterator[StoryPart]:
    """Yield what a step got, asked and was answered, what it made, and why it made less."""
    if len(chapter.parents) > 1:
        joined = ", ".join(f"'{parent.step}' (row {parent.row})" for parent in chapter.parents)
        yield StoryPart("from", f"joined from {joined}")
    if chapter.path and chapter.result is not None:
        yield StoryPart("from", f"row {int(chapter.result.row) + 1} of {chapter.path}")
    if chapter.source_row:
        yield StoryPart("from", "source row", row_text(chapter.source_row))
    yield from _input_parts(chapter)
    for told in chapter.shared:
        made_for = ", ".join(repr(part) for part in parts_of_key(told.shared_key))
        yield StoryPart("note", "shared", f"asked once for all rows with {made_for}")
        yield from _call_parts(told, ())
    for number, told in enumerate(chapter.calls):
        # A present prompt is shown whole, not as what it adds to one that isn't asked any more.
        earlier = [one for one in chapter.calls[:number] if told.is_old or not one.is_old]
        yield from _call_parts(told, earlier)
    yield from _row_parts(chapter)
    for reason in chapter.reasons:
        kind: Kind = "rejected" if reason["rejected"] else "failed"
        yield StoryPart(kind, kind, reason["reason"])
    if chapter.is_dropped:
        yield StoryPart("rejected", "dropped", "the step returned nothing for this row")


def _input_parts(chapter: Chapter) -> Iterator[StoryPart]:
    """Yield the row that a step got, unless the chapter before has shown it as the row that was made."""
    is_first = not any(parent.step for parent in chapter.parents)
    if chapter.input and (is_first or chapter.reasons):
        title = "variables" if not chapter.parents and is_first and not chapter.reasons else "input"
        yield StoryPart("from", title, row_text(chapter.input))


def _call_parts(told: ToldCall, earlier: Sequence[ToldCall]) -> Iterator[StoryPart]:
    if told.is_old:
        yield StoryPart("note", "earlier call", OLD_CALL)
    for message in _not_shown(told.messages or (), earlier):
        yield StoryPart("prompt", str(message["role"]), message_text(message))
    if told.call is None:
        yield StoryPart("note", "no answer", "the call failed")
        return
    if told.vectors:
        yield StoryPart("answer", f"vectors · {_about(told.call, None)}", told.vectors)
        return
    if told.messages is None:
        yield StoryPart("note", "prompt", "not kept: an earlier version of Seedbed made this call")
    for title, text in told_answers(told.choices, f" · {_about(told.call, told.seed)}"):
        yield StoryPart("answer", title, text)


def _not_shown(messages: Sequence[Message], earlier: Sequence[ToldCall]) -> Sequence[Message]:
    """Return what a call adds to the prompts and answers of earlier ones, to whichever it is most like."""
    answers = {choice.text for told in earlier for choice in told.choices}
    added = [messages]
    for told in earlier:
        shown = told.messages or ()
        added.append(added_messages(messages, shown))
        # It may begin as an earlier one and go on otherwise, as the second reminder does.
        pairs = zip(messages, shown, strict=False)
        rest = messages[sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)) :]
        is_answer = bool(rest) and rest[0]["role"] == "assistant" and rest[0].get("content") in answers
        added.append(rest[is_answer:])
    return min(added, key=len)


def _row_parts(chapter: Chapter) -> Iterator[StoryPart]:
    nothing: list[Change | None] = [None] * len(chapter.rows)
    changes = chapter.changes or nothing
    names = chapter.children or [""] * len(chapter.rows)
    for name, row, change in zip(names, chapter.rows, changes, strict=True):
        title = f"row {name}" if name else "row"
        if change is None or not change.kept:
            # Nothing of the row was there before, as with a generator: a diff would mark every line.
            yield StoryPart("row", title, row_text(row))
        else:
            yield StoryPart("row", f"{title} · {change.counts}", change=change)


def change_lines(change: Change) -> Iterator[str]:
    """Yield a line for each column that was added, changed or removed, and one for all others."""
    for name, value in change.added.items():
        yield f"+ {name}: {value_text(value)}"
    for name, (before, after) in change.changed.items():
        yield f"~ {name}: {value_text(before)}"
        yield f"  {' ' * len(name)}→ {value_text(after)}"
    yield from (f"- {name}: {value_text(value)}" for name, value in change.removed.items())
    if change.kept:
        yield f"  unchanged: {', '.join(change.kept)}"


def value_text(value: Any) -> str:
    """Return a value of a row as text."""
    return value if isinstance(value, str) else str(encode_value(value))


def _about(call: Call, seed: int | None) -> str:
    texts = (
        call.model,
        f"call {call.digest.hex()[:_DIGEST]}",
        f"seed {seed}" if seed is not None else "",
        f"number {call.k + 1}" if call.k else "",
        f"attempt {call.attempt + 1}" if call.attempt else "",
        tokens_text(call.input_tokens, call.output_tokens),
        dollars(call.cost) if call.cost else "",
    )
    return ", ".join(text for text in texts if text)
