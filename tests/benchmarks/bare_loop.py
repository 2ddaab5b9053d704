"""What the same rows cost at least: aiohttp, orjson and the store's writer, and nothing between them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from tests.benchmarks.child import Clock
from tests.benchmarks.nginx import MODEL
from tests.benchmarks.row_kinds import KINDS, Kind

from seedbed.store import Call, Result, RunStore, Verdict

_STEP = "story"


def make_rows(base_url: str, rows: int, connections: int, kind: Kind = "plain") -> dict[str, float]:
    """Make the rows, and return the seconds and the processor seconds that they took.

    The process has made a few before, as in `one_call_rows`.
    """
    clock = Clock()
    _make_run("first", base_url, connections, connections, kind)
    with clock.running():
        _make_run("bare", base_url, rows, connections, kind)
    return {"seconds": clock.wall, "cpu": clock.cpu}


def _make_run(name: str, base_url: str, rows: int, connections: int, kind: Kind) -> None:
    with RunStore.open(Path(name)) as store:
        asyncio.run(_make_rows(f"{base_url}/chat/completions", rows, connections, store, kind))


async def _make_rows(url: str, rows: int, connections: int, store: RunStore, kind: Kind) -> None:
    numbers = iter(range(rows))
    headers = {"content-type": "application/json", "authorization": "Bearer x"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def work() -> None:
            for number in numbers:

                async def ask(asked: Mapping[str, Any], number: int = number) -> str:
                    body = orjson.dumps({"model": MODEL, **asked, "seed": number})
                    async with session.post(url, data=body) as response:
                        answer = await response.read()
                    return _keep_call(store, str(number), body, answer)

                _keep_row(store, number, await KINDS[kind].bare(ask, number))

        await asyncio.gather(*(work() for _ in range(connections)))


def _keep_call(store: RunStore, row: str, body: bytes, answer: bytes) -> str:
    """Write what a run writes of a call, and return its text."""
    read = orjson.loads(answer)
    usage = read["usage"]
    digest = hashlib.blake2b(body, digest_size=16).digest()
    tokens = (usage["prompt_tokens"], usage["completion_tokens"], 0, 0)
    store.add_call(Call(_STEP, row, 0, digest, 0, MODEL, *tokens, None, answer))
    text: str = read["choices"][0]["message"]["content"]
    return text


def _keep_row(store: RunStore, number: int, made: Mapping[str, Any]) -> None:
    """Write what a run writes of a row: its result and its verdict."""
    name, row = str(number), orjson.dumps([{"number": number, **made, "model_name": MODEL}])
    key = hashlib.blake2b(name.encode(), digest_size=16).digest()
    store.add_result(Result(_STEP, name, key, 0, "done", row))
    store.add_verdict(Verdict(_STEP, number, name, "accepted", _STEP, name, 0))
