"""Workers in this process: a crew without the seconds that other processes take to start."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar

from seedbed import Replica, ReplicaLine, RowWorker, WorkerEngine, WorkerLink, WorkerLostError
from seedbed.llm.calling.loop import loop_thread


class HereLink(WorkerLink):
    """A line to a worker of this process, which may die after some news, with all that it hasn't sent.

    Between `hold` and `release`, messages to it wait, as on a slow network; `die` kills it. Any thread may
    call these.
    """

    name = "a worker of this process"

    def __init__(self, replicas: Mapping[str, Sequence[ReplicaLine]] | None = None) -> None:
        self.worker = RowWorker(replicas)
        self.sent: list[bytes] = []
        self.is_lost = self.has_ended = False
        self.dies_after: int | None = None
        self._told = 0
        self._is_clear = asyncio.Event()
        self._is_clear.set()

    def die(self) -> None:
        self.is_lost = True
        loop_thread().loop.call_soon_threadsafe(self.worker._unsent.tell)

    def hold(self) -> None:
        loop_thread().loop.call_soon_threadsafe(self._is_clear.clear)

    def release(self) -> None:
        loop_thread().loop.call_soon_threadsafe(self._is_clear.set)

    async def send(self, message: bytes) -> None:
        if self.is_lost:
            raise WorkerLostError("the line is dead")
        await self._is_clear.wait()
        self.sent.append(message)
        self.worker.receive(message)

    async def news(self) -> bytes:
        news = await self.worker.news()
        self._told += 1
        if self._told == self.dies_after:
            self.is_lost = True
        if self.is_lost:
            raise WorkerLostError("the line is dead")
        return news

    async def end(self) -> None:
        self.has_ended = True


class Here(WorkerEngine):
    """Makes rows with two workers of this process; `links` has those of the last run."""

    links: ClassVar[list[HereLink]] = []

    async def start_workers(self) -> Sequence[WorkerLink]:
        Here.links[:] = [HereLink(), HereLink()]
        return Here.links


class HereLine(ReplicaLine):
    """A line to a replica of this process, which dies of its first `deaths` calls."""

    def __init__(self) -> None:
        self.replica = Replica()
        self.deaths = self.asked = 0

    async def ask(self, message: bytes) -> bytes:
        self.asked += 1
        if self.asked <= self.deaths:
            raise WorkerLostError("it has died")
        return await self.replica.answer(message)


class Apart(Here):
    """Four workers of this process, and the replicas that LLMs and steps declare."""

    lines: ClassVar[list[HereLine]] = []
    deaths: ClassVar[int] = 0

    async def start_workers(self) -> Sequence[WorkerLink]:
        Apart.lines.clear()
        lines = {}
        for one in self.replicate(4):
            of_one = lines[one.key] = [HereLine() for _ in range(one.resources.replicas or 1)]
            for line in of_one:
                line.deaths = self.deaths
                self.check_replica(await line.replica.load(self.replica_setup(one)))
            Apart.lines += of_one
        Here.links[:] = [HereLink(lines) for _ in range(4)]
        return Here.links
