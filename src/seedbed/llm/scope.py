"""Where a call belongs: the run's seed, the step and the row that makes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import orjson

from seedbed.errors import UsageError
from seedbed.llm.request import Request

if TYPE_CHECKING:
    from seedbed.llm.llm import LLM

_CODING = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


class CallScope:
    """The calls of one row in one step.

    `is_cut` says that a call was cancelled, so that what is made without its answer must not count.
    `attempt` counts how often the row was asked anew. Of the calls that wait, that of the lowest `rank` is
    sent first.

    A call is known by its digest and by how many calls with that digest came before it in its
    scope, so that equal prompts of one row are different calls, and those of two rows never meet.
    """

    __slots__ = ("_earlier", "attempt", "is_cut", "rank", "row", "seed", "step")

    def __init__(self, seed: int, step: str, row: str, *, attempt: int = 0, rank: int = 0) -> None:
        self.seed = seed
        self.step = step
        self.row = row
        self.attempt = attempt
        self.rank = rank
        self.is_cut = False
        self._earlier: dict[bytes, int] = {}

    def count(self, digest: bytes) -> int:
        """Return how many calls with this digest came before, and count this one."""
        earlier = self._earlier.get(digest, 0)
        self._earlier[digest] = earlier + 1
        return earlier

    def derive_seed(self, earlier: int) -> int:
        """Return the sampling seed (31 bits) of a call with `earlier` like it before it."""
        text = f"{self.seed}/{self.step}/{self.row}/{earlier}"
        if self.attempt:
            text += f"/attempt {self.attempt}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


current_scope: ContextVar[CallScope | None] = ContextVar("seedbed_scope", default=None)


def request_digest(llm: LLM, request: Request, seed: int | None) -> bytes:
    """Return a digest (16 bytes) of what is asked of which model, never of an endpoint, a key or a header.

    `seed` is that of the run: where it differs, an answer is another answer.
    """
    try:
        encoded = orjson.dumps([seed, tuple(request)], default=_plain, option=_CODING)
    except TypeError as error:
        raise UsageError(
            f"the request cannot be sent as JSON: {error}", "look at its messages, tools and 'extra'"
        ) from error
    return hashlib.blake2b(llm.identity + encoded, digest_size=16).digest()


def _plain(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
