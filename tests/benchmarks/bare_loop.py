"""What one-call rows cost at least: aiohttp, orjson and the store's writer, and nothing between them."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import aiohttp
import orjson
from tests.benchmarks.child import Clock
from tests.benchmarks.nginx import MODEL
from tests.benchmarks.prompt import prompt

from seedbed.store import Call, Result, RunStore, Verdict

_STEP = "story"


def make_rows(base_url: str, rows: int, connections: int) -> dict[str, float]:
    """Make the rows, and return the seconds and the processor seconds that they took."""
    clock = Clock()
    with clock.running(), RunStore.open(Path("bare")) as store:
        asyncio.run(_make_rows(f"{base_url}/chat/completions", rows, connections, store))
    return {"seconds": clock.wall, "cpu": clock.cpu}


async def _make_rows(url: str, rows: int, connections: int, store: RunStore) -> None:
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
                _keep(store, number, body, answer)

        await asyncio.gather(*(work() for _ in range(connections)))


def _keep(store: RunStore, number: int, body: bytes, answer: bytes) -> None:
    """Write what a run writes of a row: its call, its result, its verdict."""
    read = orjson.loads(answer)
    usage = read["usage"]
    text = read["choices"][0]["message"]["content"]
    digest = hashlib.blake2b(body, digest_size=16).digest()
    row = orjson.dumps([{"number": number, "generation": text, "model_name": MODEL}])
    name, tokens = str(number), (usage["prompt_tokens"], usage["completion_tokens"], 0, 0)
    store.add_call(Call(_STEP, name, 0, digest, 0, MODEL, *tokens, None, answer))
    store.add_result(Result(_STEP, name, digest, 0, "done", row))
    store.add_verdict(Verdict(_STEP, number, name, "accepted", _STEP, name, 0))
