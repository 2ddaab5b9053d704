"""Messages that a server streams without being asked to: from their events to one body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from seedbed import InvalidResponseError

_DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


def message_of_events(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the message whose pieces are the events (https://platform.claude.com/docs/en/api/streaming).

    Raises InvalidResponseError if no event says how it ended: the stream has broken off.
    """
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = event.get("type")
        if kind == "message_start":
            message = {**_object(event, "message")}
        elif kind == "content_block_start":
            blocks[_index(event)] = {**_object(event, "content_block")}
        elif kind == "content_block_delta":
            _add_piece(
                blocks.setdefault(_index(event), {"type": "text", "text": ""}), _object(event, "delta")
            )
        elif kind == "message_delta":
            usage = {**_object(message, "usage"), **_object(event, "usage")}
            message |= {**_object(event, "delta"), "usage": usage}
    if not message.get("stop_reason"):
        raise InvalidResponseError("a stream of events broke off before the answer ended")
    return {**message, "content": [_whole(blocks[index]) for index in sorted(blocks)]}


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def _index(event: Mapping[str, Any]) -> int:
    index = event.get("index")
    return index if isinstance(index, int) else 0


def _add_piece(block: dict[str, Any], delta: Mapping[str, Any]) -> None:
    name = _DELTAS.get(str(delta.get("type")))
    if name is not None and isinstance(delta.get(name), str):
        known = block.get(name)
        block[name] = (known if isinstance(known, str) else "") + delta[name]


def _whole(block: dict[str, Any]) -> dict[str, Any]:
    """Return a block with the input of a tool, which arrives as pieces of JSON."""
    if "partial_json" not in block:
        return block
    try:
        return {**block, "input": orjson.loads(block.pop("partial_json") or "{}")}
    except orjson.JSONDecodeError as error:
        raise InvalidResponseError("the input of a tool that was streamed is not JSON") from error
