"""A response as JSON and back, so that a paid answer can be replayed."""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from typing import Any

import orjson

from seedbed.llm.calling.sent import Sent
from seedbed.llm.embedding.embeddings import Embeddings, table
from seedbed.llm.json_text import compact
from seedbed.llm.response import Choice, Response, TokenLogprob, ToolCall, Usage


def encode_response(response: Response, asked: bytes | None = None, sent: Sent | None = None) -> bytes:
    """Return a response as one JSON object, without its raw body if that isn't JSON.

    `asked` is the JSON of what is kept of its request, `sent` says when and where that was sent.
    """
    parts: dict[str, Any] = {
        "choices": [_choice_parts(choice) for choice in response.choices],
        "usage": [
            response.usage.input_tokens,
            response.usage.output_tokens,
            response.usage.cached_tokens,
            response.usage.reasoning_tokens,
        ],
        "model": response.model,
    }
    if sent is not None:
        parts["sent"] = sent._asdict()
    if isinstance(response, Embeddings):
        # Without the body, which would be the same numbers again, in four times the size.
        data = b64encode(_little(response.vectors.tobytes())).decode()
        return compact(orjson.dumps({**parts, "dimensions": response.vectors.shape[1], "vectors": data}))
    if asked is not None:
        parts["asked"] = orjson.Fragment(asked)
    try:
        return compact(orjson.dumps({**parts, "raw": response.raw}))
    except TypeError:
        # A backend may put any object there. The answer itself is worth more than its body.
        return compact(orjson.dumps(parts))


def decode_response(encoded: bytes) -> Response:
    """Return the response that `encode_response` encoded, without its rate limits: they're out of date."""
    parts = orjson.loads(encoded)
    if "vectors" in parts:
        vectors = table(_little(b64decode(parts["vectors"])), parts["dimensions"])
        return Embeddings(vectors=vectors, usage=Usage(*parts["usage"]), model=parts["model"])
    return Response(
        choices=tuple(_choice(choice) for choice in parts["choices"]),
        usage=Usage(*parts["usage"]),
        model=parts["model"],
        raw=parts.get("raw"),
    )


def sent_of(encoded: bytes) -> Sent | None:
    """Return when and where the call of an encoded response was sent; None if that wasn't kept."""
    sent = orjson.loads(encoded).get("sent")
    return None if sent is None else Sent(**sent)


def _little(floats: bytes) -> bytes:
    """Turn floats between this machine's byte order and little-endian, in which they're stored."""
    if sys.byteorder == "little":
        return floats
    swapped = array("f", floats)
    swapped.byteswap()
    return swapped.tobytes()


def _choice_parts(choice: Choice) -> dict[str, Any]:
    parts: dict[str, Any] = {"text": choice.text, "finish_reason": choice.finish_reason}
    if choice.tool_calls:
        parts["tool_calls"] = [list(call) for call in choice.tool_calls]
    if choice.reasoning is not None:
        parts["reasoning"] = choice.reasoning
    if choice.logprobs is not None:
        parts["logprobs"] = [list(token) for token in choice.logprobs]
    return parts


def _choice(parts: dict[str, Any]) -> Choice:
    logprobs = parts.get("logprobs")
    return Choice(
        text=parts["text"],
        finish_reason=parts["finish_reason"],
        tool_calls=tuple(ToolCall(*call) for call in parts.get("tool_calls", ())),
        reasoning=parts.get("reasoning"),
        logprobs=None if logprobs is None else tuple(_token(*token) for token in logprobs),
    )


def _token(token: str, logprob: float, top: list[list[Any]]) -> TokenLogprob:
    return TokenLogprob(token, logprob, tuple((text, value) for text, value in top))
