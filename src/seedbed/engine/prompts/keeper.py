"""The prompts of answered calls, kept without what a run has anyway.

A prompt is a template around values of the row. The run has the row, and the template's own text is the same
in all prompts of a step. So a prompt is kept in pieces: a short piece as it is, a long text of the row as its
digest, and a text that several prompts share once for all of them. If all that is around the values is the
same as in earlier prompts, that outline is kept once, and of the prompt only the values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from seedbed.engine.evidence import without_images
from seedbed.engine.prompts.prompt_pieces import FEW_PLACES, SHORTEST, CutMessage, kept_value, pieces_of
from seedbed.engine.prompts.shared_texts import SharedTexts
from seedbed.llm.calling.prompt_texts import RowText
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.json_text import json_text
from seedbed.llm.keys.redaction import redact, redacted_value
from seedbed.llm.messages import Message
from seedbed.llm.request import Request

_Outline: TypeAlias = list[Mapping[str, Any]]

_PLAIN = {"role", "pieces"}

# If what's left is what earlier prompts left, it was the right place. A template of 4 kB with a number in 13
# places was kept whole with each row.
_MANY_PLACES = 32


class PromptKeeper:
    """Encodes the prompts of a session; `keep` keeps a text that several of them share, by its name."""

    def __init__(self, keep: Callable[[str, str], object], secrets: Sequence[str]) -> None:
        self._keep = keep
        self._secrets = secrets
        self._texts: defaultdict[str, SharedTexts] = defaultdict(SharedTexts)
        self._outlines: defaultdict[str, SharedTexts] = defaultdict(SharedTexts)
        # The outline of each step's latest prompt that has a name, with that.
        self._latest: dict[str, tuple[_Outline, str]] = {}

    def asked(self, scope: CallScope, request: Request) -> bytes:
        """Return what is kept of a request, as JSON: its seed, and its messages or the values in them."""
        asked: dict[str, Any] = {"seed": request.seed}
        outlines = self._outlines[scope.step]
        if not outlines.are_all_different:
            outline, values = _outlined(self._cut(request, scope, _MANY_PLACES))
            if (name := self._name_of(outline, scope.step)) is not None:
                asked["like"], asked["with"] = name, values
                return _encoded(asked)
        texts, cut = self._texts[scope.step], self._cut(request, scope, FEW_PLACES)
        asked["messages"] = [self._message(message, texts) for message in cut]
        return _encoded(asked)

    def _name_of(self, outline: _Outline, step: str) -> str | None:
        """Return the name under which an outline is kept; None if it isn't."""
        # Nearly all prompts of a step have one: comparing its texts is faster than looking for its JSON.
        latest = self._latest.get(step)
        if latest is not None and latest[0] == outline:
            return latest[1]
        text = json_text(outline, default=dict, option=orjson.OPT_NON_STR_KEYS).decode()
        name = self._outlines[step].name_of(text, self._keep)
        # Of texts alone: 1, 1.0 and True are equal, but not in JSON.
        if name is not None and all(message.keys() == _PLAIN for message in outline):
            self._latest[step] = (outline, name)
        return name

    def _cut(self, request: Request, scope: CallScope, most: int) -> list[CutMessage]:
        """Return the messages cut at the row's values, except at short ones in more than `most` places."""
        return [self._cut_one(message, scope.texts, most) for message in request.messages]

    def _cut_one(self, message: Message, texts: Iterable[RowText], most: int) -> CutMessage:
        content = message.get("content")
        if not isinstance(content, str):
            return CutMessage(redacted_value(without_images(message), self._secrets))
        shown = redact(content, self._secrets)
        # Before it's cut into pieces: a value of the row may be a part of a key.
        if shown != content:
            return CutMessage({**message, "content": shown})
        rest = dict(message)
        del rest["content"]
        return CutMessage(rest, pieces_of(content, texts, most))

    def _message(self, message: CutMessage, shared: SharedTexts) -> Mapping[str, Any]:
        if message.pieces is None:
            return message.rest
        kept: list[str | dict[str, Any]] = []
        for piece in message.pieces:
            one = kept_value(piece) if isinstance(piece, RowText) else self._text(piece, shared)
            if isinstance(one, str) and kept and isinstance(kept[-1], str):
                kept[-1] += one
            else:
                kept.append(one)
        return {**message.rest, "pieces": kept}

    def _text(self, text: str, shared: SharedTexts) -> str | dict[str, Any]:
        name = shared.name_of(text, self._keep) if len(text) >= SHORTEST else None
        return text if name is None else {"shared": name}


def _encoded(asked: Mapping[str, Any]) -> bytes:
    return json_text(asked, default=dict, option=orjson.OPT_NON_STR_KEYS)


# Loops, since this is done for every call: comprehensions over generators took twice the time.
def _outlined(cut: Iterable[CutMessage]) -> tuple[_Outline, list[str | dict[str, Any]]]:
    """Return the messages with a None for each value of the row, and these values."""
    outline: _Outline = []
    values: list[str | dict[str, Any]] = []
    for message in cut:
        if message.pieces is None:
            outline.append(message.rest)
            continue
        places: list[str | None] = []
        for piece in message.pieces:
            if isinstance(piece, RowText):
                values.append(kept_value(piece))
                places.append(None)
            else:
                places.append(piece)
        outline.append({**message.rest, "pieces": places})
    return outline, values
