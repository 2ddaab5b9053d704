"""How close to a server's rate limit a run comes, and how many of its calls are refused on the way.

Run by hand, on a machine that is otherwise idle:

    uv run python -m tests.benchmarks.rate_limit
    uv run python -m tests.benchmarks.rate_limit --latency 0 0.2 --rounds 3

The server, in a process of its own, allows 100 requests per second with a bucket of 10, and answers 429 with
`retry-after: 1` beyond. A run of 1000 rows, in a process of its own too, is timed from its first request to
its last answer, as the server sees them; the ideal is (1000 - 10) / 100 s, without the time of an answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from typing import NamedTuple

from aiohttp import web

RATE = 100
BURST = 10
ROWS = 1000
MOST_TIME = 1.05
MOST_REFUSED = 0.02

ANSWER = {
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
}

CLIENT = """
import sys, seedbed
from seedbed_openai import OpenAILLM

class Ask(seedbed.GeneratorTask):
    template: str = "Say yes."

llm = OpenAILLM(model="m", api_key="x", base_url=sys.argv[1] + "/v1", preset="vllm")
options = {"concurrency": int(sys.argv[3])} if sys.argv[3] != "None" else {}
made = seedbed.run(Ask(), int(sys.argv[2]), llm=llm, **options)
assert made.accepted == int(sys.argv[2]), made
"""


class Seen(NamedTuple):
    """What the server saw of one run: seconds from the first request to the last answer, and counts."""

    seconds: float
    admitted: int
    refused: int


class LimitedServer:
    """Counts what it admits and refuses."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._level = float(BURST)
        self._filled_at = self._first = self._last = 0.0
        self.admitted = 0
        self.refused = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Answer after the latency, or refuse at once."""
        await request.read()
        now = time.monotonic()
        self._first = self._first or now
        self._level = min(BURST, self._level + (now - (self._filled_at or now)) * RATE)
        self._filled_at = now
        if self._level < 1:
            self.refused += 1
            return web.json_response(
                {"error": {"message": "slow down"}}, status=429, headers={"retry-after": "1"}
            )
        self._level -= 1
        self.admitted += 1
        await asyncio.sleep(self._latency)
        self._last = time.monotonic()
        return web.json_response(ANSWER)

    async def seen(self, request: web.Request) -> web.Response:
        """Tell what was seen."""
        return web.json_response([self._last - self._first, self.admitted, self.refused])


async def serve(latency: float) -> None:
    """Serve until standard input is closed."""
    server = LimitedServer(latency)
    application = web.Application()
    application.router.add_post("/v1/chat/completions", server.answer)
    application.router.add_get("/seen", server.seen)
    application.router.add_get("/v1/models", lambda _: web.json_response({"data": [{"id": "m"}]}))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)


def measure(latency: float, concurrency: int | None) -> Seen:
    """Run once against a new server, and return what it saw."""
    from urllib.request import urlopen

    command = [sys.executable, __file__, "--serve", str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            arguments = [url, str(ROWS), str(concurrency)]
            subprocess.run([sys.executable, "-c", CLIENT, *arguments], check=True)
            with urlopen(f"{url}/seen") as answer:
                return Seen(*json.load(answer))
        finally:
            server.stdin.close()


def main() -> None:
    """Print a line for each setting."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 0.05, 0.2], help="seconds")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        asyncio.run(serve(options.serve))
        return
    ideal = (ROWS - BURST) / RATE
    print(f"allowed: {MOST_TIME:.2f} of {ideal} s, {MOST_REFUSED:.0%} refused")
    for concurrency in (None, 256):
        for latency in options.latency * options.rounds:
            seen = measure(latency, concurrency)
            refused = seen.refused / (seen.refused + seen.admitted)
            ratio = seen.seconds / ideal
            good = "ok" if ratio <= MOST_TIME and refused <= MOST_REFUSED else "MISSED"
            print(
                f"concurrency {concurrency or 'unset':>5}, answers after {latency:5.3f} s: "
                f"{seen.seconds:6.3f} s, {ratio:.3f} of the ideal, {refused:.2%} refused  {good}",
                flush=True,
            )


if __name__ == "__main__":
    main()
