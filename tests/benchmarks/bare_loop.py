"""What one-call rows cost at least: aiohttp, orjson and SQLite, with nothing of Seedbed between them.

Each call becomes a row in three tables, as in a run's store, by one writer thread that commits groups with
synchronous=FULL.
"""

from __future__ import annotations

import asyncio
import hashlib
import queue
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import aiohttp
import orjson
from tests.benchmarks.child import Clock
from tests.benchmarks.nginx import MODEL
from tests.benchmarks.prompt import prompt

_GROUP_SECONDS = 0.05
_SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA wal_autocheckpoint=2000;
CREATE TABLE calls(step TEXT, row TEXT, attempt INT, digest BLOB, k INT, model TEXT, input_tokens INT,
    output_tokens INT, cached_tokens INT, reasoning_tokens INT, cost REAL, answer BLOB,
    UNIQUE(step, row, attempt, digest, k));
CREATE TABLE results(step TEXT, row TEXT, key BLOB, attempt INT, status TEXT, data BLOB, UNIQUE(step, row));
CREATE TABLE verdicts(leaf TEXT, seq INTEGER, row TEXT, verdict TEXT, step TEXT, source_row TEXT, k INT,
    PRIMARY KEY(leaf, seq)) WITHOUT ROWID;
"""


class Finished(NamedTuple):
    """A row that is made: what its three rows in the store need."""

    number: int
    digest: bytes
    usage: dict[str, Any]
    answer: bytes
    row: bytes


class Writer(threading.Thread):
    """Commits groups of finished rows until it is given None."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: queue.SimpleQueue[Finished | None] = queue.SimpleQueue()
        self._full = threading.Event()

    def run(self) -> None:
        """Write what comes."""
        database = sqlite3.connect("run.db")
        database.executescript(_SCHEMA)
        more = True
        while more:
            group = [self.queue.get()]
            self._full.wait(_GROUP_SECONDS)
            group.extend(self._waiting())
            more = group[-1] is not None
            _commit(database, [finished for finished in group if finished is not None])
        database.close()

    def end(self) -> None:
        """Write what is left, and end."""
        self.queue.put(None)
        self._full.set()
        self.join()

    def _waiting(self) -> Iterator[Finished | None]:
        while not self.queue.empty():
            yield self.queue.get()


def _commit(database: sqlite3.Connection, group: list[Finished]) -> None:
    calls = [
        ("story", str(made.number), 0, made.digest, 0, MODEL, *_tokens(made.usage), None, made.answer)
        for made in group
    ]
    results = [("story", str(made.number), made.digest, 0, "done", made.row) for made in group]
    verdicts = [("story", m.number, str(m.number), "accepted", "story", str(m.number), 0) for m in group]
    with database:
        database.executemany("INSERT INTO calls VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", calls)
        database.executemany("INSERT INTO results VALUES(?,?,?,?,?,?)", results)
        database.executemany("INSERT INTO verdicts VALUES(?,?,?,?,?,?,?)", verdicts)


def _tokens(usage: dict[str, Any]) -> tuple[int, int, int, int]:
    return usage["prompt_tokens"], usage["completion_tokens"], 0, 0


def make_rows(base_url: str, rows: int, connections: int) -> dict[str, float]:
    """Make the rows, and return the seconds and the processor seconds that they took."""
    clock, writer = Clock(), Writer()
    with clock.running():
        writer.start()
        asyncio.run(_make_rows(f"{base_url}/chat/completions", rows, connections, writer))
        writer.end()
    return {"seconds": clock.wall, "cpu": clock.cpu}


async def _make_rows(url: str, rows: int, connections: int, writer: Writer) -> None:
    numbers = iter(range(rows))
    headers = {"content-type": "application/json", "authorization": "Bearer x"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def work() -> None:
            for number in numbers:
                messages = [{"role": "user", "content": prompt(number)}]
                body = orjson.dumps({"model": MODEL, "messages": messages, "seed": number})
                async with session.post(url, data=body) as response:
                    answer = await response.read()
                writer.queue.put(_finished(number, body, answer))

        await asyncio.gather(*(work() for _ in range(connections)))


def _finished(number: int, body: bytes, answer: bytes) -> Finished:
    read = orjson.loads(answer)
    text = read["choices"][0]["message"]["content"]
    row = orjson.dumps([{"number": number, "generation": text, "model_name": MODEL}])
    digest = hashlib.blake2b(body, digest_size=16).digest()
    return Finished(number, digest, read["usage"], answer, row)
