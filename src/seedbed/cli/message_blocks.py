"""Prompts as text to read: what each call adds to the conversation."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.cli.blocks import block
from seedbed.llm.messages import Message, parts


def write_messages(
    messages: Sequence[Message], earlier: Sequence[Message] = (), title: str | None = None
) -> None:
    """Write what messages add to those of an `earlier` call, each under its role or a title."""
    for message in _new_messages(messages, earlier):
        block(title or str(message["role"]), message_text(message), "cyan")


def message_text(message: Message) -> str:
    """Return a message as text, each image as `[image]`."""
    return "\n".join(part.get("text", "[image]") for part in parts(message))


def _new_messages(messages: Sequence[Message], earlier: Sequence[Message]) -> Sequence[Message]:
    """Return what a call adds to the conversation that has been shown already."""
    begins_alike = len(earlier) > 0 and list(messages[: len(earlier)]) == list(earlier)
    added = messages[len(earlier) :] if begins_alike else messages
    # The answer that a model is reminded of has just been shown.
    return added[1:] if begins_alike and added and added[0]["role"] == "assistant" else added
