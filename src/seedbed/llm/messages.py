"""Chat messages: dictionaries of role and content, as in OpenAI's chat completions."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seedbed.errors import MessageError, UsageError
from seedbed.llm.files_read import note_read
from seedbed.suggestions import did_you_mean

Message = dict[str, Any]
"""`{"role": ..., "content": str | list of parts}`, with `tool_calls` or `tool_call_id` where they apply."""

ChatType = list[Message]
"""A chat, as `format_input` returns it: messages in order."""

ROLES = ("system", "developer", "user", "assistant", "tool")
_PART_FIELDS = {"text": "text", "image_url": "image_url"}
_IMAGE_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


def image_part(image: str | Path | bytes, media_type: str = "image/png") -> dict[str, Any]:
    """Return a content part for an image: a URL (text), a file (`Path`) or the bytes of `media_type`.

    A run remembers a file's content, and asks again if the image has changed.
    """
    if isinstance(image, str):
        return {"type": "image_url", "image_url": {"url": image}}
    if isinstance(image, Path):
        known = _IMAGE_TYPES.get(image.suffix.lower())
        if known is None:
            raise UsageError(
                f"unknown kind of image {str(image)!r}", f"known endings: {', '.join(sorted(_IMAGE_TYPES))}"
            )
        note_read(image)
        return image_part(image.read_bytes(), known)
    encoded = base64.b64encode(image).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{encoded}"}}


def parts(message: Message) -> Iterator[dict[str, Any]]:
    """Yield the content of a message as parts; plain text is one part of type `text`."""
    content = message.get("content")
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    elif content is not None:
        yield from content


def has_images(messages: Sequence[Message]) -> bool:
    """Whether any message carries an image."""
    return any(part["type"] == "image_url" for message in messages for part in parts(message))


def text_length(messages: Sequence[Message]) -> int:
    """Count the characters of all texts in the messages."""
    return sum(len(part.get("text", "")) for message in messages for part in parts(message))


def check_messages(messages: object) -> tuple[Message, ...]:
    """Return the messages as a tuple, or raise MessageError, which names the first invalid one."""
    # Nearly always a list, and `isinstance` with an abstract class is slow.
    if type(messages) is not list and (isinstance(messages, str) or not isinstance(messages, Sequence)):
        raise MessageError(
            f"messages must be a list, not {type(messages).__name__}",
            'write [{"role": "user", "content": "..."}]',
        )
    if not messages:
        raise MessageError("an empty list of messages", "give at least one user message")
    for index, message in enumerate(messages):
        _check_message(message, f"messages[{index}]")
    return tuple(messages)


def check_raw_prompt(messages: tuple[Message, ...], others: Mapping[str, object]) -> None:
    """Raise UsageError if messages aren't a raw prompt, or if something is asked that needs a chat."""
    (message, *further) = messages
    if further or message["role"] != "user" or not isinstance(message["content"], str):
        roles = ", ".join(message["role"] for message in messages)
        raise UsageError(
            f"a raw prompt is one user message of text, not messages of {roles}",
            "leave the system prompt out, or write it into the template",
        )
    if others.get("tools"):
        raise UsageError("a raw prompt has no 'tools'", "describe them in the prompt, or ask in a chat")


def _check_message(message: object, where: str) -> None:
    if not isinstance(message, dict):
        raise MessageError(
            f"{where} must be a dictionary, not {type(message).__name__}",
            'write {"role": "user", "content": "..."}',
        )
    role = message.get("role")
    if role not in ROLES:
        raise MessageError(
            f"{where} has an unknown role {role!r}",
            *did_you_mean(str(role), ROLES),
            f"known roles: {', '.join(ROLES)}",
        )
    content = message.get("content")
    if isinstance(content, str):
        return
    if isinstance(content, list):
        for number, part in enumerate(content):
            _check_part(part, f"{where}.content[{number}]")
    elif content is not None or not message.get("tool_calls"):
        raise MessageError(
            f"{where} has content of type {type(content).__name__}", "content is text or a list of parts"
        )


def _check_part(part: object, where: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    field = _PART_FIELDS.get(kind) if isinstance(kind, str) else None
    if field is None or field not in part:  # type: ignore[operator]
        raise MessageError(
            f"{where} isn't a content part",
            'write {"type": "text", "text": "..."} or {"type": "image_url", "image_url": {"url": "..."}}',
        )
