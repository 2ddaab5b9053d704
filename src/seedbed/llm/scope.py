"""Where a call belongs: the run's seed, the step and the row that makes it."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextvars import ContextVar
from typing import Any

import orjson

from seedbed.errors import UsageError
from seedbed.llm.request import Request


class CallScope:
    """The calls of one row in one step.

    `attempt` counts how often the row was asked anew. Of the calls that wait, that of the lowest `rank` is
    sent first.

    A call is known by its digest and by how many calls with that digest came before it in its
    scope, so that equal prompts of one row are different calls, and those of two rows never meet.
    """

    __slots__ = ("_earlier", "attempt", "rank", "row", "seed", "step")

    def __init__(self, seed: int, step: str, row: str, *, attempt: int = 0, rank: int = 0) -> None:
        self.seed = seed
        self.step = step
        self.row = row
        self.attempt = attempt
        self.rank = rank
        self._earlier: Counter[str] = Counter()

    def count(self, digest: str) -> int:
        """Return how many calls with this digest came before, and count this one."""
        earlier = self._earlier[digest]
        self._earlier[digest] += 1
        return earlier

    def derive_seed(self, earlier: int) -> int:
        """Return the sampling seed (31 bits) of a call with `earlier` like it before it."""
        text = f"{self.seed}/{self.step}/{self.row}/{earlier}"
        if self.attempt:
            text += f"/attempt {self.attempt}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


current_scope: ContextVar[CallScope | None] = ContextVar("seedbed_scope", default=None)


def request_digest(model: str, request: Request) -> str:
    """Return a digest of what is asked of which model; never of an endpoint, a key or a header."""
    neutral: dict[str, Any] = {
        name: getattr(request, name) for name in Request.__slots__ if name not in ("seed", "n")
    }
    try:
        encoded = orjson.dumps([model, neutral], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        raise UsageError(
            f"the request cannot be sent as JSON: {error}", "look at its messages, tools and 'extra'"
        ) from error
    return hashlib.blake2b(encoded, digest_size=16).hexdigest()
