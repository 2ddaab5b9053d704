"""How many tokens a prompt takes at most, whoever's tokenizer counts them."""

from __future__ import annotations

from seedbed.llm.json_text import json_text
from seedbed.llm.messages import parts
from seedbed.llm.request import Request

# What providers add around each message and for tools, and what an image takes. Generous, since a cap is only
# strict if none of these is exceeded.
_TOKENS_OF_MESSAGE = 16
_TOKENS_OF_TOOLS = 512
_TOKENS_OF_IMAGE = 2048


def prompt_bound(request: Request) -> int:
    """Return a number of tokens that the prompt doesn't exceed: no token is shorter than a byte.

    A tokenizer would be exact, but each model has its own, and most providers don't publish theirs.
    """
    tokens = 0
    for message in request.messages:
        tokens += _TOKENS_OF_MESSAGE
        for part in parts(message):
            # An image isn't counted by the bytes of its base64: a photo of a megabyte would be a million.
            tokens += len(part["text"].encode()) if "text" in part else _TOKENS_OF_IMAGE
        if calls := message.get("tool_calls"):
            tokens += len(json_text(calls))
    if request.tools:
        tokens += _TOKENS_OF_TOOLS + len(json_text([dict(tool) for tool in request.tools]))
    if request.schema is not None:
        tokens += _TOKENS_OF_TOOLS + len(json_text(dict(request.schema)))
    return tokens
