"""Answers that a server streams although it was told not to: from their events to one body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seedbed import InvalidResponseError
from seedbed_openai.json_reading import count, mapping, mappings, text

_JOINED = ("content", "reasoning_content", "reasoning", "refusal")


def chat_of_events(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the body of Chat Completions whose pieces are the events.

    Raises InvalidResponseError if no event says how a choice ended: the stream has broken off.
    """
    body: dict[str, Any] = {"choices": []}
    choices: dict[int, dict[str, Any]] = {}
    for event in events:
        body |= {name: value for name, value in event.items() if name != "choices" and value is not None}
        for piece in mappings(event.get("choices")):
            _add_piece(choices.setdefault(count(piece.get("index")), {"message": {}}), piece)
    if not choices or any(choice.get("finish_reason") is None for choice in choices.values()):
        raise InvalidResponseError("a stream of events broke off before the answer ended")
    return {**body, "choices": [choices[index] for index in sorted(choices)]}


def _add_piece(choice: dict[str, Any], piece: dict[str, Any]) -> None:
    message = choice["message"]
    if whole := mapping(piece.get("message")):
        message.update(_whole(whole))
    delta = mapping(piece.get("delta")) or {"content": piece.get("text")}
    for name in _JOINED:
        if name in delta:
            message[name] = _joined(message.get(name), delta[name])
    for call in mappings(delta.get("tool_calls")):
        _add_call(message.setdefault("tool_calls", []), call)
    if logprobs := mappings(mapping(piece.get("logprobs")).get("content")):
        choice.setdefault("logprobs", {"content": []})["content"] += logprobs
    if piece.get("finish_reason") is not None:
        choice["finish_reason"] = piece["finish_reason"]


def _whole(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message that came in one piece, without text and calls to which no piece can be added."""
    kept = {
        name: value
        for name, value in message.items()
        if name not in (*_JOINED, "tool_calls") or isinstance(value, str | list)
    }
    if "tool_calls" in kept:
        calls = mappings(kept["tool_calls"])
        kept["tool_calls"] = [{**call, "function": {**mapping(call.get("function"))}} for call in calls]
    return kept


def _joined(known: Any, piece: Any) -> Any:
    """Return text with a piece added; a list of parts if either is one, as with Mistral's thoughts."""
    if isinstance(piece, list):
        return [*(known if isinstance(known, list) else filter(None, [known])), *piece]
    if not isinstance(piece, str):
        return known
    return [*known, piece] if isinstance(known, list) else (known or "") + piece


def _add_call(calls: list[dict[str, Any]], piece: dict[str, Any]) -> None:
    """Add a piece of a tool call: the first has its id and name, and each has some of its arguments."""
    number = piece.get("index")
    number = number if isinstance(number, int) and 0 <= number <= len(calls) else len(calls)
    if number == len(calls):
        calls.append({"function": {"name": "", "arguments": ""}})
    call, function = calls[number], mapping(piece.get("function"))
    if piece.get("id"):
        call["id"] = piece["id"]
    for name in ("name", "arguments"):
        if piece_of_it := text(function.get(name)):
            known = call["function"].get(name)
            call["function"][name] = (known if isinstance(known, str) else "") + piece_of_it


def response_of_events(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the body of the Responses API, which the last event contains as a whole.

    Raises InvalidResponseError if there's none: the stream has broken off.
    """
    for event in reversed(events):
        if event.get("type") in ("response.completed", "response.incomplete", "response.failed"):
            return mapping(event.get("response"))
    raise InvalidResponseError("a stream of events broke off before the answer ended")
