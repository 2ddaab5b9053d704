"""The worker's end of the line: an actor in a process that Ray started."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seedbed import RowWorker
from seedbed_ray.orphans import Home, end_with
from seedbed_ray.replica_line import RayReplicaLine
from seedbed_ray.sealing import KeyPair, Seal


class Introduction(NamedTuple):
    """What a worker says first: what to call it, and the public half of its key pair."""

    name: str
    public: bytes


class RowActor:
    """A `RowWorker` whose messages are sealed, and which ends with the run's process.

    `replicas` has the actors of the LLMs that aren't loaded here, by their keys.

    Its methods are coroutines: Ray starts them in order.
    """

    def __init__(self, home: Home, replicas: Mapping[str, Sequence[Any]]) -> None:
        end_with(home)
        self._pair = KeyPair()
        self._seal: Seal | None = None
        lines = {key: [RayReplicaLine(one) for one in actors] for key, actors in replicas.items()}
        self._worker = RowWorker(lines)

    async def introduce(self) -> Introduction:
        """Return the worker's name and public half."""
        return Introduction(f"the worker {os.getpid()} on {socket.gethostname()}", self._pair.public)

    async def meet(self, public: bytes) -> None:
        """Take the public half of the run's key pair."""
        self._seal = self._pair.seal_with(public)

    async def receive(self, sealed: bytes) -> None:
        """Take a message of the run."""
        assert self._seal is not None
        self._worker.receive(self._seal.open(sealed))

    async def news(self) -> bytes:
        """Return what there is to tell, sealed."""
        assert self._seal is not None
        return self._seal.close(await self._worker.news())
