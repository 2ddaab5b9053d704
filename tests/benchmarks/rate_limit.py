"""How close to a server's rate limit a run comes, and how many of its calls are refused on the way.

Run by hand, on a machine that is otherwise idle:

    uv run python -m tests.benchmarks.rate_limit
    uv run python -m tests.benchmarks.rate_limit --latency 0 0.2 --rounds 3
    uv run python -m tests.benchmarks.rate_limit --rate 20 --says nothing
    uv run python -m tests.benchmarks.rate_limit --rate 1000 --burst 100 --rows 5000 --says openai ietf

The server, in a process of its own, allows 100 requests per second with a bucket of 10, and answers 429
beyond. What it says of its limits is `retry-after: 1`, nothing, or headers such as providers send. A run of
1000 rows, in a process of its own too, is timed from its first request to its last answer, as the server sees
them; the ideal is (1000 - 10) / 100 s, without the time of an answer.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import subprocess
import sys
import time
from typing import NamedTuple

from aiohttp import web

RATE = 100
BURST = 10
ROWS = 1000
SAYS = ("retry-after", "nothing", "openai", "ietf")
MOST_TIME = 1.05
MOST_REFUSED = 0.01

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


class Settings(NamedTuple):
    """How a server answers: rate per second, bucket, seconds of an answer, and what it says of its limits."""

    rate: float = RATE
    burst: float = BURST
    latency: float = 0.05
    says: str = "retry-after"


class LimitedServer:
    """Counts what it admits and refuses."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._level = float(settings.burst)
        self._filled_at = self._first = self._last = 0.0
        self.admitted = 0
        self.refused = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Answer after the latency, or refuse at once."""
        await request.read()
        now = time.monotonic()
        self._first = self._first or now
        burst, rate = self._settings.burst, self._settings.rate
        self._level = min(burst, self._level + (now - (self._filled_at or now)) * rate)
        self._filled_at = now
        if self._level < 1:
            self.refused += 1
            headers = {"retry-after": "1"} if self._settings.says == "retry-after" else self._headers()
            return web.json_response({"error": {"message": "slow down"}}, status=429, headers=headers)
        self._level -= 1
        self.admitted += 1
        headers = self._headers()
        await asyncio.sleep(self._settings.latency)
        self._last = time.monotonic()
        return web.json_response(ANSWER, headers=headers)

    def _headers(self) -> dict[str, str]:
        """Return the limits in the form of a provider: how many, what is left, when all of it is back."""
        burst, rate = self._settings.burst, self._settings.rate
        left, seconds = int(self._level), (burst - self._level) / rate
        if self._settings.says == "openai":
            reset = {"x-ratelimit-reset-requests": f"{1000 * seconds:.0f}ms"}
            return {
                "x-ratelimit-limit-requests": f"{burst:g}",
                "x-ratelimit-remaining-requests": str(left),
                **reset,
            }
        if self._settings.says == "ietf":
            return {
                "ratelimit-limit": f"{burst:g}",
                "ratelimit-remaining": str(left),
                "ratelimit-reset": f"{math.ceil(seconds)}",
            }
        return {}

    async def seen(self, request: web.Request) -> web.Response:
        """Tell what was seen."""
        return web.json_response([self._last - self._first, self.admitted, self.refused])


async def serve(settings: Settings) -> None:
    """Serve until standard input is closed."""
    server = LimitedServer(settings)
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


def measure(settings: Settings, concurrency: int | None, rows: int = ROWS) -> Seen:
    """Run once against a new server, and return what it saw."""
    from urllib.request import urlopen

    command = [sys.executable, __file__, "--serve", json.dumps(settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            arguments = [url, str(rows), str(concurrency)]
            subprocess.run([sys.executable, "-c", CLIENT, *arguments], check=True)
            with urlopen(f"{url}/seen") as answer:
                return Seen(*json.load(answer))
        finally:
            server.stdin.close()


def main() -> None:
    """Print a line for each setting."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 0.05, 0.2], help="seconds")
    parser.add_argument("--rate", type=float, default=RATE, help="requests per second (100)")
    parser.add_argument("--burst", type=float, default=BURST, help="requests that the bucket holds (10)")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--says", nargs="+", choices=SAYS, default=["retry-after"], help="of its limits")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--serve", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        asyncio.run(serve(Settings(*options.serve)))
        return
    ideal = (options.rows - options.burst) / options.rate
    print(f"allowed: {MOST_TIME:.2f} of {ideal} s, {MOST_REFUSED:.0%} refused")
    for says, concurrency in itertools.product(options.says, (None, 256)):
        for latency in options.latency * options.rounds:
            settings = Settings(options.rate, options.burst, latency, says)
            seen = measure(settings, concurrency, options.rows)
            refused = seen.refused / (seen.refused + seen.admitted)
            ratio = seen.seconds / ideal
            good = "ok" if ratio <= MOST_TIME and refused <= MOST_REFUSED else "MISSED"
            print(
                f"{says}, concurrency {concurrency or 'unset':>5}, answers after {latency:5.3f} s: "
                f"{seen.seconds:6.3f} s, {ratio:.3f} of the ideal, {refused:.2%} refused  {good}",
                flush=True,
            )


if __name__ == "__main__":
    main()
