"""The prompts of answered calls, kept without what a run has anyway.

A prompt is a template around values of the row. The run has the row, and the template's own text is the same
in all prompts of a step. So a prompt is kept in pieces: a short piece as it is, a long text of the row as its
digest, and a text that several prompts share once for all of them. If all that is around the values is the
same as in earlier prompts, that outline is kept once, and of the prompt only the values.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from seedbed.engine.evidence import without_images
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.llm.calling.scope import CallScope, RowText
from seedbed.llm.json_text import json_text
from seedbed.llm.keys.redaction import redact, redacted_value
from seedbed.llm.messages import Message
from seedbed.llm.request import Request
from seedbed.store.run_queries import RunQueries
from seedbed.store.stored_json import unreadable
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.rows import Row

_SHORTEST = 64
"""Characters below which a text is kept where it is: a reference to it is nearly as long."""

# A value such as "a" is in the middle of many words: cutting the template there would leave nothing to share.
_MOST_PLACES = 2

# If what's left is what earlier prompts left, it was the right place. A template of 4 kB with a number in 13
# places was kept whole with each row.
_MANY_PLACES = 32

# Prompts with random examples share no text, and each would be looked for among all earlier ones.
_MOST_SHARED = 100
_MOST_SEEN = 1000
_MOST_VALUES = 32


class StepTexts:
    """Finds the values that prompts of one step are made from, and which of them the run keeps in a row."""

    def __init__(self, step: BaseStep) -> None:
        self._keeps = isinstance(step, BaseTask)
        self._own = frozenset(step.columns if self._keeps else ())

    def of(self, in_flight: InFlight, row: Row) -> list[RowText]:
        """Return the texts and numbers of a row, the longest first."""
        # A row that a step made is in the store. One of the input isn't, but a task keeps its columns.
        is_stored = bool(in_flight.node) or in_flight.parent is not None
        found = [
            RowText(text, is_stored or (self._keeps and name[:1] != "_" and name not in self._own))
            for name, value in row.items()
            if type(value) in _SPLITTING and (text := str(value))
        ]
        found.sort(key=_length, reverse=True)
        return found[:_MOST_VALUES]


_SPLITTING = (str, int, float)


def _length(value: RowText) -> int:
    return len(value.text)


class PromptKeeper:
    """Encodes the prompts of a session; `keep` keeps a text that several of them share, by its name."""

    def __init__(self, keep: Callable[[str, str], object], secrets: Sequence[str]) -> None:
        self._keep = keep
        self._secrets = secrets
        self._texts: defaultdict[str, _SharedTexts] = defaultdict(_SharedTexts)
        self._outlines: defaultdict[str, _SharedTexts] = defaultdict(_SharedTexts)

    def asked(self, scope: CallScope, request: Request) -> bytes:
        """Return what is kept of a request, as JSON: its seed, and its messages or the values in them."""
        asked: dict[str, Any] = {"seed": request.seed}
        outlines = self._outlines[scope.step]
        if not outlines.are_all_different:
            outline, values = _outlined(self._cut(request, scope, _MANY_PLACES))
            if (name := outlines.name_of(outline, self._keep)) is not None:
                asked["like"], asked["with"] = name, values
                return _encoded(asked)
        texts, cut = self._texts[scope.step], self._cut(request, scope, _MOST_PLACES)
        asked["messages"] = [self._message(message, texts) for message in cut]
        return _encoded(asked)

    def _cut(self, request: Request, scope: CallScope, most: int) -> list[_CutMessage]:
        """Return the messages cut at the row's values, except at short ones in more than `most` places."""
        return [self._cut_one(message, scope.texts, most) for message in request.messages]

    def _cut_one(self, message: Message, texts: Iterable[RowText], most: int) -> _CutMessage:
        content = message.get("content")
        if not isinstance(content, str):
            return _CutMessage(redacted_value(without_images(message), self._secrets))
        shown = redact(content, self._secrets)
        # Before it's cut into pieces: a value of the row may be a part of a key.
        if shown != content:
            return _CutMessage({**message, "content": shown})
        rest = dict(message)
        del rest["content"]
        return _CutMessage(rest, _pieces(content, texts, most))

    def _message(self, message: _CutMessage, shared: _SharedTexts) -> Mapping[str, Any]:
        if message.pieces is None:
            return message.rest
        kept: list[str | dict[str, Any]] = []
        for piece in message.pieces:
            one = _value(piece) if isinstance(piece, RowText) else self._text(piece, shared)
            if isinstance(one, str) and kept and isinstance(kept[-1], str):
                kept[-1] += one
            else:
                kept.append(one)
        return {**message.rest, "pieces": kept}

    def _text(self, text: str, shared: _SharedTexts) -> str | dict[str, Any]:
        name = shared.name_of(text, self._keep) if len(text) >= _SHORTEST else None
        return text if name is None else {"shared": name}


class _CutMessage(NamedTuple):
    """A message whose text is cut into values of the row and what is between them.

    `pieces` is None if it isn't cut: `rest` is then all that is kept of it.
    """

    rest: Mapping[str, Any]
    pieces: list[str | RowText] | None = None


def _encoded(asked: Mapping[str, Any]) -> bytes:
    return json_text(asked, default=dict, option=orjson.OPT_NON_STR_KEYS)


# Written as loops, as is `_split`: this is done for every call, and comprehensions over generators took twice
# the time.
def _outlined(cut: Iterable[_CutMessage]) -> tuple[str, list[str | dict[str, Any]]]:
    """Return the messages as JSON with a null for each value of the row, and these values."""
    outline: list[Mapping[str, Any]] = []
    values: list[str | dict[str, Any]] = []
    for message in cut:
        if message.pieces is None:
            outline.append(message.rest)
            continue
        places: list[str | None] = []
        for piece in message.pieces:
            if isinstance(piece, RowText):
                values.append(_value(piece))
                places.append(None)
            else:
                places.append(piece)
        outline.append({**message.rest, "pieces": places})
    return json_text(outline, default=dict, option=orjson.OPT_NON_STR_KEYS).decode(), values


def _value(value: RowText) -> str | dict[str, Any]:
    """Return what is kept of a value: the run has a long one of its rows anyway."""
    if len(value.text) < _SHORTEST or not value.is_kept:
        return value.text
    return {"row": _digest(value.text), "length": len(value.text)}


class _SharedTexts:
    """The texts that prompts of one step share: a text that is met again is kept from then on."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._names: dict[str, str] = {}

    @property
    def are_all_different(self) -> bool:
        """Whether many texts were met and none of them again."""
        return len(self._seen) >= _MOST_SEEN and not self._names

    def name_of(self, text: str, keep: Callable[[str, str], object]) -> str | None:
        """Return the name under which a text is kept; None if it isn't."""
        if (name := self._names.get(text)) is not None:
            return name
        if hash(text) not in self._seen:
            if len(self._seen) < _MOST_SEEN:
                self._seen.add(hash(text))
            return None
        if len(self._names) >= _MOST_SHARED:
            return None
        name = self._names[text] = _digest(text)
        keep(_mark(name), text)
        return name


_LOST = "[a text that the run doesn't have]"


class Asked(NamedTuple):
    """What is known of a request: its seed, if one was sent, and its messages."""

    seed: int | None
    messages: list[Message]


class PromptReader:
    """Reads the prompts that a run keeps; `rows` are those that the texts of prompts may come from."""

    def __init__(self, queries: RunQueries, rows: Iterable[Row] = ()) -> None:
        self._queries = queries
        texts = (value for row in rows for value in row.values() if type(value) is str)
        self._texts = {_digest(text): text for text in texts if len(text) >= _SHORTEST}

    def asked(self, answer: bytes) -> Asked | None:
        """Return what was asked for a kept answer (JSON); None if a version without prompts kept it.

        A text that the run no longer has is named in brackets.
        """
        kept = orjson.loads(answer).get("asked")
        if kept is None:
            return None
        messages = self._filled(kept["like"], kept["with"]) if "like" in kept else kept["messages"]
        return Asked(kept["seed"], [self._message(message) for message in messages])

    def _filled(self, name: str, values: Iterable[Any]) -> list[Any]:
        """Return the messages of an outline, with the values in their places."""
        outline = self._queries.get_mark(_mark(name))
        if outline is None:
            return [{"role": "user", "content": _LOST}]
        left = iter(values)
        messages = _messages_in(outline)
        for message in messages:
            if "pieces" in message:
                message["pieces"] = [next(left) if one is None else one for one in message["pieces"]]
        return messages

    def _message(self, kept: Mapping[str, Any]) -> Message:
        if "pieces" not in kept:
            return dict(kept)
        message = {name: value for name, value in kept.items() if name != "pieces"}
        return {**message, "content": "".join(map(self._text, kept["pieces"]))}

    def _text(self, piece: str | Mapping[str, Any]) -> str:
        if isinstance(piece, str):
            return piece
        if "shared" in piece:
            text = self._queries.get_mark(_mark(piece["shared"]))
            return text if isinstance(text, str) else _LOST
        lost = f"[{piece['length']:,} characters of a row that the run no longer has]"
        return self._texts.get(piece["row"], lost)


def _messages_in(outline: Any) -> list[dict[str, Any]]:
    try:
        messages = orjson.loads(outline)
    except ValueError as error:
        raise unreadable("the prompt of a call", error) from error
    if not isinstance(messages, list) or not all(_is_message(one) for one in messages):
        raise unreadable("the prompt of a call", "it isn't a list of messages")
    return messages


def _is_message(one: Any) -> bool:
    return (
        isinstance(one, dict) and isinstance(one.get("role"), str) and isinstance(one.get("pieces", []), list)
    )


def _pieces(content: str, texts: Iterable[RowText], most: int) -> list[str | RowText]:
    """Return a prompt in pieces: the values of the row, and what is between them.

    A short value is one of them if it's in at most `most` places, a single character in at most two.
    """
    pieces: list[str | RowText] = [content]
    for value in texts:
        # An empty text is everywhere, and nothing can be split at it.
        places = content.count(value.text) if value.text else 0
        if not places or (places > _MOST_PLACES and _is_short(value.text, places, most)):
            continue
        pieces = _split(pieces, value)
    return pieces


def _is_short(text: str, places: int, most: int) -> bool:
    return len(text) < _SHORTEST and (places > most or len(text) < 2)


def _split(pieces: Iterable[str | RowText], value: RowText) -> list[str | RowText]:
    """Return the pieces with the value apart, wherever it's in one of them."""
    parts: list[str | RowText] = []
    for piece in pieces:
        if isinstance(piece, RowText) or value.text not in piece:
            parts.append(piece)
            continue
        for number, part in enumerate(piece.split(value.text)):
            if number:
                parts.append(value)
            if part:
                parts.append(part)
    return parts


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _mark(name: str) -> str:
    return f"prompt text {name}"
