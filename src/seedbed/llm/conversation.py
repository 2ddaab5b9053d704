"""What was said between a task and a model, as text to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedbed.llm.messages import Message, parts
from seedbed.llm.response import FINISH_REASONS, Choice


def message_text(message: Message) -> str:
    """Return a message as text, each image as `[image]`."""
    return "\n".join(part.get("text", "[image]") for part in parts(message))


def added_messages(messages: Sequence[Message], earlier: Sequence[Message]) -> Sequence[Message]:
    """Return what a call adds to the conversation of an earlier one, which was already shown."""
    begins_alike = len(earlier) > 0 and list(messages[: len(earlier)]) == list(earlier)
    added = messages[len(earlier) :] if begins_alike else messages
    # The assistant's message is the earlier answer, which was shown just before.
    return added[1:] if begins_alike and added and added[0]["role"] == "assistant" else added


def told_answers(choices: Sequence[Choice], about: str = "") -> Iterator[tuple[str, str]]:
    """Yield a title and the text of each answer of a call, numbered if there are several.

    The title says how the answer ended, if that's unusual, and what is said `about` the call.
    """
    for number, choice in enumerate(choices, start=1):
        which = f" {number}" if len(choices) > 1 else ""
        yield f"answer{which}{_ended(choice)}{about}", choice_text(choice)


def _ended(choice: Choice) -> str:
    if choice.finish_reason == "length":
        return ", cut at the longest"
    return "" if choice.finish_reason in FINISH_REASONS else f", ended with {choice.finish_reason!r}"


def choice_text(choice: Choice) -> str:
    """Return an answer as text, with its reasoning before it and its calls of tools after it."""
    reasoning = [f"({choice.reasoning})"] if choice.reasoning else []
    calls = [f"{call.name}({call.arguments})" for call in choice.tool_calls]
    return "\n".join([*reasoning, *([choice.text] if choice.text else []), *calls]) or "(no text)"
