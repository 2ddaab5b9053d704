"""The parts of a training row, and the columns that they come from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from seedbed.errors import DatasetError, UsageError
from seedbed.suggestions import did_you_mean
from seedbed.tasks.rows import Row, encode_value

USUAL_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "messages": ("messages",),
        "system": ("system",),
        "prompt": ("prompt", "instruction", "question"),
        "input": (),
        "completion": ("completion", "generation", "answer", "output", "response"),
        "chosen": ("chosen",),
        "rejected": ("rejected",),
        "label": ("label",),
        "margin": ("margin",),
        "text": ("text",),
        "tools": ("tools",),
        "images": ("images", "image"),
    }
)
"""The columns that each part of a training row may be in."""

_MEANT: Mapping[str, str] = MappingProxyType({"human": "user", "gpt": "assistant"})

Columns: TypeAlias = Mapping[str, str]
Messages: TypeAlias = list[dict[str, Any]]


class Parts(NamedTuple):
    """The parts of one row, read from its columns."""

    row: Row
    columns: Columns

    def has(self, part: str) -> bool:
        """Whether there's a value for a part."""
        return self.value(part) is not None

    def value(self, part: str) -> Any:
        """Return the value of a part; None without one."""
        column = self.columns.get(part)
        return None if column is None else self.row.get(column)

    def text(self, part: str) -> str:
        """Return a part as text; numbers, lists and dictionaries become JSON, as in a CSV file."""
        value = self.value(part)
        if value is None:
            column = self.columns.get(part, part)
            raise DatasetError(
                f"column {column!r} is None",
                f"the step `filter` replaces such rows: - {{use: filter, with: {{keep: {column} != None}}}}",
                f"leave them out of what is made already: seedbed runs export RUN --where '{column} != None'",
            )
        return value if isinstance(value, str) else encode_value(value)

    def optional(self, part: str) -> str:
        """Return a part as text; empty without one."""
        return self.text(part) if self.has(part) else ""

    def messages(self, part: str, role: str) -> Messages:
        """Return a part as messages: a list of messages as it is, or its text as one message of a role."""
        value = self.value(part)
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            return checked_messages(value, self.columns[part])
        return [{"role": role, "content": self.text(part)}]

    def conversation(self) -> Messages:
        """Return the whole conversation: the messages, or the prompt and its completion."""
        if "messages" in self.columns:
            return checked_messages(self.value("messages"), self.columns["messages"])
        return [*self.prompt(), *self.messages("completion", "assistant")]

    def prompt(self) -> Messages:
        """Return what comes before the answer: the system message and the prompt, with its input."""
        prompt = self.messages("prompt", "user")
        more, system = self.optional("input"), self.optional("system")
        if more:
            prompt = [*prompt[:-1], {**prompt[-1], "content": f"{content_of(prompt[-1])}\n\n{more}"}]
        return [*([{"role": "system", "content": system}] if system else []), *prompt]

    def kept(self) -> Row:
        """Return what goes along with any conversation: its tools and images."""
        tools, images = self.value("tools"), self.value("images")
        return {
            **({"tools": tools} if tools else {}),
            **({"images": images if isinstance(images, list) else [images]} if images else {}),
        }


def checked_messages(messages: Any, column: str) -> Messages:
    """Return messages; raise DatasetError if they aren't any."""
    if not isinstance(messages, list) or not messages:
        raise DatasetError(f"column {column!r} isn't a list of messages")
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise DatasetError(f"column {column!r} has an item that isn't a message with a role")
        _check_message(message, column)
    return messages


def _check_message(message: Mapping[str, Any], column: str) -> None:
    role, content = message["role"], message.get("content")
    if role in _MEANT:
        raise DatasetError(
            f"column {column!r} has a message of the role {role!r}", f"in messages it's {_MEANT[role]!r}"
        )
    # A template would write "None" for it, and that is what a model would learn to say.
    says_more = any(value for name, value in message.items() if name not in ("role", "content", "name"))
    is_parts = isinstance(content, list) and content and all(isinstance(part, dict) for part in content)
    if not (isinstance(content, str) or is_parts or (content is None and says_more)):
        raise DatasetError(
            f"column {column!r} has a message of the role {role!r} with the content "
            f"{encode_value(content):.40}",
            "a content is text, a list of parts, or null in a message with tool_calls",
        )


def content_of(message: Mapping[str, Any]) -> str:
    """Return the text of a message; raise DatasetError if it isn't text."""
    content = message.get("content")
    if not isinstance(content, str):
        raise DatasetError(f"the content of a message with the role {message['role']!r} is not text")
    return content


def find_columns(row: Row, given: Columns, alternatives: Iterable[tuple[str, ...]]) -> Columns:
    """Return the column of each part, of those in `row`; raise UsageError if one is missing.

    `alternatives` are sets of parts, one of which a form needs: the first that's there counts.
    """
    for column in given.values():
        if column not in row:
            raise UsageError(f"there is no column {column!r}", *did_you_mean(column, row), _columns_of(row))
    ways = list(alternatives)
    way = next((way for way in ways if can_be(way, row, given)), ways[-1])
    needed = {part: _usual(part, row, given) for part in way}
    return {**_optional(row, ways), **needed, **given}


def can_be(way: Collection[str], row: Row, given: Columns) -> bool:
    """Whether there's a column for each of some parts."""
    return all(_is_there(part, row, given, way) for part in way)


def _is_there(part: str, row: Row, given: Columns, way: Collection[str]) -> bool:
    # A prompt that the caller names counts for more than messages or a text that are there, too.
    if part in ("messages", "text") and part not in given and "prompt" in given and "prompt" not in way:
        return False
    return part in given or any(column in row for column in USUAL_COLUMNS[part])


def _optional(row: Row, ways: Iterable[tuple[str, ...]]) -> Columns:
    needed = {part for way in ways for part in way}
    found = {
        part: [column for column in usual if column in row]
        for part, usual in USUAL_COLUMNS.items()
        if part not in needed
    }
    return {part: columns[0] for part, columns in found.items() if len(columns) == 1}


def _usual(part: str, row: Row, given: Columns) -> str:
    if part in given:
        return given[part]
    found = [column for column in USUAL_COLUMNS[part] if column in row]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"more than one column could be the {part}: {listed(found)}", _name_it(part, found[0])
        )
    raise UsageError(
        f"none of the columns is known as the {part}", _name_it(part, "COLUMN"), _columns_of(row)
    )


def _name_it(part: str, column: str) -> str:
    return (
        f"name the right one: --column {part}={column} "
        f"(columns: {{{part}: {column}}} in a file, columns= in Python)"
    )


def _columns_of(row: Row) -> str:
    return f"the columns are {listed(row)}"


def listed(names: Iterable[str]) -> str:
    """Return names for a message."""
    return ", ".join(map(repr, names))
