"""What passes between a client and a scripted server: requests as they arrive, and replies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """One reply. A `dict` or `list` body is sent as JSON.

    A function as a body is called with the request, and returns a body, or a whole reply.

        server.answer_with(Reply(503, {"error": "busy"}), Reply(body={"text": "Blue."}))

    `drop` closes the connection without an answer, `cut` after half of the body. `hang` never answers, `hold`
    not until `release` is called. `drip` sends a piece of the body every `drip` seconds.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = {}
    drop: bool = False
    cut: bool = False
    hang: bool = False
    drip: float = 0.0
    hold: bool = False

    def encoded(self) -> bytes:
        """Return the body as bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class Received(NamedTuple):
    """One request as it arrived; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, parsed as JSON."""
        return json.loads(self.body)
