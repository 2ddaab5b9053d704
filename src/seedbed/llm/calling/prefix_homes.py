"""Which endpoints of a pool a prompt prefers, so that equal beginnings go to one prefix cache."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson

from seedbed.llm.request import Request

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

# Without a system prompt, so much of the first message counts as the prefix: longer ones would rarely be
# equal, and a server's prefix cache works in blocks of a few dozen tokens.
_PREFIX_BYTES = 256


def homes_of(llm: Backend, request: Request) -> list[int]:
    """Return the numbers of a pool's endpoints in the order in which a prompt's prefix prefers them.

    By rendezvous hashing: when an endpoint leaves, only the prefixes that preferred it move.
    https://www.eecs.umich.edu/techreports/cse/96/CSE-TR-316-96.pdf
    """
    prefix = _prefix(request)
    weights = [
        hashlib.blake2b(prefix, key=hashlib.sha256(member.endpoint.encode()).digest(), digest_size=8).digest()
        for member in llm._pooled
    ]
    return sorted(range(len(weights)), key=weights.__getitem__, reverse=True)


def _prefix(request: Request) -> bytes:
    first = request.messages[0]
    encoded = orjson.dumps(first, default=str)
    return encoded if first["role"] == "system" else encoded[:_PREFIX_BYTES]
