"""Reading the prompts that `PromptKeeper` keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from seedbed.engine.prompts.prompt_pieces import SHORTEST, text_digest
from seedbed.engine.prompts.shared_texts import mark_of
from seedbed.llm.messages import Message
from seedbed.store.run_queries import RunQueries
from seedbed.store.stored_json import unreadable
from seedbed.tasks.rows import Row

_LOST = "[a text that the run doesn't have]"


class KeptPrompt(NamedTuple):
    """What is known of a request: its seed, if one was sent, and its messages."""

    seed: int | None
    messages: list[Message]


class PromptReader:
    """Reads the prompts that a run keeps; `rows` are those that the texts of prompts may come from."""

    def __init__(self, queries: RunQueries, rows: Iterable[Row] = ()) -> None:
        self._queries = queries
        self._rows = rows

    @cached_property
    def _texts(self) -> dict[str, str]:
        """The long texts of the rows; most prompts refer to none, and a text may be as long as a book."""
        texts = (value for row in self._rows for value in row.values() if type(value) is str)
        return {text_digest(text): text for text in texts if len(text) >= SHORTEST}

    def prompt_of(self, answer: bytes) -> KeptPrompt | None:
        """Return what was asked for a kept answer (JSON); None if a version without prompts kept it.

        A text that the run no longer has is named in brackets. Raises StoreError if the prompt is damaged.
        """
        kept = orjson.loads(answer).get("asked")
        if kept is None:
            return None
        messages = self._filled(kept["like"], kept["with"]) if "like" in kept else kept["messages"]
        return KeptPrompt(kept["seed"], [self._message(message) for message in messages])

    def _filled(self, name: str, values: Iterable[Any]) -> list[Any]:
        """Return the messages of an outline, with the values in their places."""
        outline = self._queries.get_mark(mark_of(name))
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
            text = self._queries.get_mark(mark_of(piece["shared"]))
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
