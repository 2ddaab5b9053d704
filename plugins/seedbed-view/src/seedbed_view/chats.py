"""The calls of a row as a chat: messages with their roles, and answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from seedbed import Chapter, ToldCall

_IMAGES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")
"""What an image may begin with that is shown; any other address is shown as text, and never loaded."""


class Bubble(NamedTuple):
    """One message: who says it, its text, images that can be shown, reasoning and calls of tools."""

    role: str
    text: str
    images: tuple[str, ...] = ()
    reasoning: str = ""
    tools: tuple[str, ...] = ()
    note: str = ""


class Chat(NamedTuple):
    """One call: the messages that are new since the call before it, the answers, and what it took."""

    title: str
    model: str
    bubbles: tuple[Bubble, ...]
    tokens: tuple[int, int] | None
    cost: float | None
    note: str = ""


def chats_of(chapter: Chapter) -> list[Chat]:
    """Return the calls of a step for a row, in their order."""
    chats: list[Chat] = []
    earlier: Sequence[Mapping[str, Any]] = ()
    for number, told in enumerate(chapter.calls, 1):
        chats.append(_chat(told, earlier, f"call {number}" if len(chapter.calls) > 1 else "call"))
        earlier = told.messages or ()
    return chats


def _chat(told: ToldCall, earlier: Sequence[Mapping[str, Any]], title: str) -> Chat:
    call = told.call
    asked = [_message(one) for one in _new(told.messages or (), earlier)]
    answers = [_answer(choice) for choice in told.choices]
    note = "no answer came" if call is None else told.vectors
    attempt = f", attempt {call.attempt + 1}" if call and call.attempt else ""
    return Chat(
        f"{title}{attempt}{', outdated' if told.is_old else ''}",
        call.model if call else "",
        (*asked, *answers),
        (call.input_tokens, call.output_tokens) if call else None,
        call.cost if call else None,
        note or ("" if told.messages else "the prompt wasn't kept"),
    )


def _new(
    messages: Sequence[Mapping[str, Any]], earlier: Sequence[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """Yield the messages after those that the call before it began with too."""
    is_longer = len(messages) > len(earlier) and list(messages[: len(earlier)]) == list(earlier)
    yield from messages[len(earlier) :] if earlier and is_longer else messages


def _message(message: Mapping[str, Any]) -> Bubble:
    try:
        return _known_message(message)
    except (AttributeError, KeyError, TypeError):
        # Runs come from other people too: a message that we can't take apart is shown whole.
        return Bubble(str(message["role"]) if "role" in _mapping(message) else "message", str(message))


def _mapping(message: object) -> Mapping[str, Any]:
    return message if isinstance(message, Mapping) else {}


def _known_message(message: Mapping[str, Any]) -> Bubble:
    texts: list[str] = []
    images: list[str] = []
    content = message.get("content")
    parts: list[Any] = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    for part in parts:
        if part.get("type") == "image_url":
            address = str(part["image_url"].get("url", ""))
            (images if address.startswith(_IMAGES) else texts).append(address)
        else:
            texts.append(str(part.get("text") or ""))
    tools = tuple(_tool(one) for one in message.get("tool_calls") or ())
    return Bubble(str(message.get("role", "")), "\n".join(texts), tuple(images), tools=tools)


def _tool(call: Mapping[str, Any]) -> str:
    function = call.get("function") or call
    return f"{function.get('name', '')}({function.get('arguments', '')})"


def _answer(choice: Any) -> Bubble:
    tools = tuple(f"{one.name}({one.arguments})" for one in choice.tool_calls or ())
    odd = choice.finish_reason not in (None, "", "stop", "end_turn", "tool_calls")
    note = f"ended by: {choice.finish_reason}" if odd else ""
    return Bubble("answer", str(choice.text or ""), (), str(choice.reasoning or ""), tools, note)
