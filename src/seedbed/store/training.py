"""Rows in the formats that trainers read: chat messages, ShareGPT and Alpaca.

    chat      {"messages": [{"role": "user", "content": ...}, ...]}, and "tools" if the row has them
    sharegpt  {"conversations": [{"from": "human", "value": ...}, ...]}
    alpaca    {"instruction": ..., "input": ..., "output": ...}, and "system" if the row has it

The parts of a conversation come from columns: either `messages`, which has all of them, or `prompt` and
`completion`, with `system` and `input` if there are any. A part is taken from the column of its name or from
another usual one (`USUAL_COLUMNS`), unless the caller names the column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import orjson

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
    }
)
"""The columns that each part of a conversation may be in."""

_Columns: TypeAlias = Mapping[str, str]
_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}


def check_form(form: str, columns: Iterable[str] = ()) -> None:
    """Raise UsageError if there's no such form, or if `columns` are given for parts that there aren't."""
    _known("form", form, FORMS)
    for part in columns:
        _known("part", part, USUAL_COLUMNS)


class TrainingRows:
    """Encoded rows in a trainer's format ("chat", "sharegpt" or "alpaca"), converted as they are iterated.

        with RunReader.open(Path("runs/qa")) as run:
            export_rows(TrainingRows(run.rows("qa-pairs"), "chat"), Path("train.jsonl"))

    `columns` names the column of a part if it's not a usual one: `{"prompt": "title"}`. The columns of all
    rows together decide which are used. Raises `UsageError` if there's no such format, part or column, or if
    two columns could be the same part. Iterating raises `DatasetError`, with the number of the row, if a row
    can't be converted.
    """

    def __init__(self, rows: Iterable[bytes], form: str, columns: Mapping[str, str] | None = None) -> None:
        self._rows = rows
        self._given = dict(columns or {})
        check_form(form, self._given)
        self._convert = FORMS[form]
        # One pass over the rows, and the first of them converted, so that errors come before a file is begun.
        names: Row = {name: None for row in map(orjson.loads, rows) for name in row}
        self._columns = _find_columns(names, self._given) if names else {}
        next(iter(self), None)

    def __iter__(self) -> Iterator[bytes]:
        for number, row in enumerate(map(orjson.loads, self._rows), start=1):
            try:
                yield orjson.dumps(self._convert(row, self._columns))
            except DatasetError as error:
                raise DatasetError(f"row {number}: {error.fact}", *error.advice) from error


def _known(what: str, name: str, known: Iterable[str]) -> str:
    if name not in known:
        raise UsageError(f"there is no {what} {name!r}", *did_you_mean(name, known), f"use {_listed(known)}")
    return name


def _find_columns(row: Row, given: _Columns) -> _Columns:
    for column in given.values():
        if column not in row:
            raise UsageError(f"there is no column {column!r}", *did_you_mean(column, row), _columns_of(row))
    if "prompt" not in given and ("messages" in given or "messages" in row):
        return {"messages": "messages", **given}
    return {
        "system": "system",
        "prompt": _usual("prompt", row, given),
        "completion": _usual("completion", row, given),
        **given,
    }


def _usual(part: str, row: Row, given: _Columns) -> str:
    if part in given:
        return given[part]
    found = [column for column in USUAL_COLUMNS[part] if column in row]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"more than one column could be the {part}: {_listed(found)}", "name the right one")
    raise UsageError(f"none of the columns is known as the {part}", "name the right one", _columns_of(row))


def _columns_of(row: Row) -> str:
    return f"the columns are {_listed(row)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _chat(row: Row, columns: _Columns) -> Row:
    tools = {"tools": row["tools"]} if row.get("tools") else {}
    return {"messages": _messages(row, columns), **tools}


def _sharegpt(row: Row, columns: _Columns) -> Row:
    return {"conversations": [_turn(message) for message in _messages(row, columns)]}


def _turn(message: dict[str, Any]) -> dict[str, Any]:
    if message["role"] not in _SPEAKERS or message.get("tool_calls"):
        raise DatasetError("ShareGPT can't hold tool calls", "export it as 'chat'")
    return {"from": _SPEAKERS[message["role"]], "value": _content(message)}


def _alpaca(row: Row, columns: _Columns) -> Row:
    # Alpaca has a key for the input; in the other formats it's a part of the prompt.
    messages = _messages(row, {part: column for part, column in columns.items() if part != "input"})
    system = [_content(message) for message in messages if message["role"] == "system"]
    roles = [message["role"] for message in messages]
    if roles != ["system"] * len(system) + ["user", "assistant"] or len(system) > 1:
        raise DatasetError("Alpaca holds a single prompt and its answer", "export it as 'chat'")
    made = {
        "instruction": _content(messages[-2]),
        "input": _optional(row, columns, "input"),
        "output": _content(messages[-1]),
    }
    return {**made, "system": system[0]} if system else made


def _messages(row: Row, columns: _Columns) -> list[dict[str, Any]]:
    if "messages" in columns:
        return _checked(row.get(columns["messages"]), columns["messages"])
    system, more = _optional(row, columns, "system"), _optional(row, columns, "input")
    prompt = _text(row, columns["prompt"])
    return [
        *([{"role": "system", "content": system}] if system else []),
        {"role": "user", "content": f"{prompt}\n\n{more}" if more else prompt},
        {"role": "assistant", "content": _text(row, columns["completion"])},
    ]


def _checked(messages: Any, column: str) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not messages:
        raise DatasetError(f"column {column!r} isn't a list of messages")
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise DatasetError(f"column {column!r} has an item that isn't a message with a role")
    return messages


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if not isinstance(content, str):
        raise DatasetError(f"the content of a message with the role {message['role']!r} is not text")
    return content


def _text(row: Row, column: str) -> str:
    """Return a column as text; numbers, lists and dictionaries become JSON, as in a CSV file."""
    value = row.get(column)
    if value is None:
        raise DatasetError(f"column {column!r} is None", "add a step that rejects such rows")
    return value if isinstance(value, str) else encode_value(value)


def _optional(row: Row, columns: _Columns, part: str) -> str:
    column = columns.get(part)
    return "" if column is None or row.get(column) is None else _text(row, column)


FORMS: Mapping[str, Callable[[Row, _Columns], Row]] = MappingProxyType(
    {"chat": _chat, "sharegpt": _sharegpt, "alpaca": _alpaca}
)
"""The formats by name."""
