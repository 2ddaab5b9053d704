"""The messages of a call as they're shown."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed import Chapter, Choice, ToldCall
from seedbed_view.chats import Bubble, chats_of


def shown(*messages: dict[str, Any], choices: tuple[Choice, ...] = ()) -> tuple[Bubble, ...]:
    told = ToldCall(None, choices, messages=list(messages))
    return chats_of(Chapter("made", "0", [told], None))[0].bubbles


def test_an_image_in_a_message_is_shown() -> None:
    image = "data:image/png;base64,aGVsbG8="
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": image}}]

    (bubble,) = shown({"role": "user", "content": content})

    assert (bubble.text, bubble.images) == ("What is it?", (image,))


@pytest.mark.parametrize(
    "address",
    [
        "http://evil.example/track.png",
        "javascript:alert(1)",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:text/html,<script>alert(1)</script>",
    ],
)
def test_an_image_from_elsewhere_and_one_that_may_have_scripts_are_text(address: str) -> None:
    (bubble,) = shown({"role": "user", "content": [{"type": "image_url", "image_url": {"url": address}}]})

    assert (bubble.text, bubble.images) == (address, ())


def test_calls_of_tools_and_reasoning_are_shown() -> None:
    asked = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "function": {"name": "add", "arguments": '{"a": 1}'}}],
    }
    answer = Choice(text="2", reasoning="1 + 1", finish_reason="length")

    first, second = shown(asked, choices=(answer,))

    assert first.tools == ('add({"a": 1})',)
    assert (second.text, second.reasoning, second.note) == ("2", "1 + 1", "ended by: length")


def test_messages_of_the_call_before_are_not_repeated() -> None:
    first = {"role": "user", "content": "tea?"}
    calls = [
        ToldCall(None, (), messages=[first]),
        ToldCall(None, (), messages=[first, {"role": "assistant", "content": "no"}, {"role": "user"}]),
    ]

    chats = chats_of(Chapter("made", "0", calls, None))

    assert [[bubble.role for bubble in chat.bubbles] for chat in chats] == [["user"], ["assistant", "user"]]


@pytest.mark.parametrize(
    "message",
    [
        {"content": ["tea"]},
        {"content": {"tea": 1}},
        {"content": [{"type": "image_url"}]},
        {"content": [{"type": "image_url", "image_url": "tea"}]},
        {"tool_calls": ["tea"]},
        {"tool_calls": [{"function": "tea"}]},
        {"tool_calls": 5},
    ],
)
def test_a_message_of_another_form_is_shown_as_it_is(message: dict[str, Any]) -> None:
    (bubble,) = shown({"role": "user", **message})

    assert bubble.role == "user"
    assert all(str(part) in bubble.text for part in message.values())


def test_a_call_that_the_row_does_not_come_from_says_so() -> None:
    calls = [ToldCall(None, (), messages=[], is_old=is_old) for is_old in (True, False)]

    titles = [chat.title for chat in chats_of(Chapter("made", "0", calls, None))]
    assert titles == ["call 1, outdated", "call 2"]
