"""Prompts as text to read: the messages that each call adds to the conversation."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.cli.terminal.blocks import block
from seedbed.llm.conversation import added_messages, message_text
from seedbed.llm.messages import Message


def write_messages(
    messages: Sequence[Message], earlier: Sequence[Message] = (), title: str | None = None
) -> None:
    """Write the messages that the `earlier` call didn't have, each under its role or a title."""
    for message in added_messages(messages, earlier):
        block(title or str(message["role"]), message_text(message), "cyan")
