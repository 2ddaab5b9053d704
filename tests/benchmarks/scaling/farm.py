"""Many workers in one process, on one line: the run meets as many as it would on a cluster.

The workers share a processor, so they make few rows each, as workers of a slow model do. What the run's
process spends on each of them, their messages and their rows, is what it would spend on a cluster.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from tests.benchmarks.processes import seconds_of

from seedbed import RowWorker, WorkerEngine, WorkerLink
from seedbed.engine.workers import unsent_news

_HEAD = 8
_TELL = b""
"""Asks a worker for its news: as on Ray, it tells nothing that it wasn't asked for."""


async def write_frame(writer: asyncio.StreamWriter, worker: int, message: bytes) -> None:
    """Send a message of, or for, one worker."""
    writer.write(worker.to_bytes(4) + len(message).to_bytes(4) + message)
    await writer.drain()


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the worker that a message is of, or for, and the message."""
    head = await reader.readexactly(_HEAD)
    return int.from_bytes(head[:4]), await reader.readexactly(int.from_bytes(head[4:]))


class FarmLink(WorkerLink):
    """The line to one worker of the farm."""

    def __init__(self, farm: Farm, number: int) -> None:
        self.name = f"worker {number}"
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._farm = farm
        self._number = number

    async def send(self, message: bytes) -> None:
        """Pass a message to the worker."""
        self._farm.sent += 1
        await write_frame(self._farm.writer, self._number, message)

    async def news(self) -> bytes:
        """Ask what there is to tell, and return it."""
        await write_frame(self._farm.writer, self._number, _TELL)
        message = await self.arrived.get()
        self._farm.told += 1
        self._farm.told_bytes += len(message)
        return message

    async def end(self) -> None:
        """Leave it: the process ends with the line."""


class Farm(WorkerEngine):
    """Makes rows with `workers` workers of one process, and measures what this process spends meanwhile.

    After the run, `spent` has processor seconds: of the loop's thread, the store's writer and the farm.
    """

    workers: ClassVar[int] = 1
    gathering: ClassVar[float] = unsent_news.GATHERING
    spent: ClassVar[dict[str, float]] = {}
    writer: asyncio.StreamWriter
    sent = told = told_bytes = 0

    async def start_workers(self) -> Sequence[WorkerLink]:
        """Start the process, and return the lines to its workers."""
        here, there = socket.socketpair()
        command = [sys.executable, "-m", "tests.benchmarks.scaling.farm", str(there.fileno())]
        root = str(Path(__file__).parents[3])
        self._process = await asyncio.create_subprocess_exec(
            *command,
            str(self.gathering),
            pass_fds=[there.fileno()],
            env={**os.environ, "PYTHONPATH": root},
        )
        there.close()
        reader, self.writer = await asyncio.open_connection(sock=here)
        links = [FarmLink(self, number) for number in range(self.workers)]
        self._reading = asyncio.create_task(_hand_on(reader, links))
        return links

    async def end_workers(self) -> None:
        """End the process."""
        self.writer.close()
        await self._process.wait()
        self._reading.cancel()

    async def _go_through_segments(self) -> None:
        clocks = {"loop": time.CLOCK_THREAD_CPUTIME_ID, "writer": self._writers_clock()}
        farm = seconds_of(self._process.pid)
        begun = {name: time.clock_gettime(clock) for name, clock in clocks.items()}
        told, sent, wall = self.told, self.sent, time.perf_counter()
        await super()._go_through_segments()
        await asyncio.to_thread(self.job.store.flush)
        Farm.spent = {
            **{name: time.clock_gettime(clock) - begun[name] for name, clock in clocks.items()},
            "farm": seconds_of(self._process.pid) - farm,
            "wall": time.perf_counter() - wall,
            "told": self.told - told,
            "sent": self.sent - sent,
            "told_bytes": self.told_bytes,
        }

    def _writers_clock(self) -> int:
        ident = self.job.store._writer._thread.ident
        assert ident is not None
        return time.pthread_getcpuclockid(ident)


async def _hand_on(reader: asyncio.StreamReader, links: Sequence[FarmLink]) -> None:
    while True:
        number, message = await read_frame(reader)
        links[number].arrived.put_nowait(message)


async def serve(descriptor: int) -> None:
    """Be the process of the workers, until the line is closed."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=descriptor))
    workers: dict[int, RowWorker] = {}
    telling: set[asyncio.Task[None]] = set()
    while True:
        try:
            number, message = await read_frame(reader)
        except asyncio.IncompleteReadError:
            # Not the interpreter's way out: what the workers still hold needs no end.
            os._exit(0)
        if number not in workers:
            workers[number] = RowWorker()
        if message != _TELL:
            workers[number].receive(message)
            continue
        task = asyncio.create_task(_tell(workers[number], number, writer))
        telling.add(task)
        task.add_done_callback(telling.discard)


async def _tell(worker: RowWorker, number: int, writer: asyncio.StreamWriter) -> None:
    await write_frame(writer, number, await worker.news())


if __name__ == "__main__":
    unsent_news.GATHERING = float(sys.argv[2])
    asyncio.run(serve(int(sys.argv[1])))
