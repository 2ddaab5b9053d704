"""What HTTP clients cost: our own against aiohttp and pyreqwest.

Run by hand, on a machine that is otherwise idle:

    uv run --with pyreqwest python tests/benchmarks/transport.py
    uv run python tests/benchmarks/transport.py --clients seedbed aiohttp --rounds 5

A bare asyncio server in a process of its own answers every POST after a delay; each client runs in a
process of its own and keeps 256 requests in flight; clients take turns, so that what else goes on
meets all of them. Printed are rows per second, the client's own processor time per call, and both
as ratios to the first client. `seedbed` is `post_json`, with the project's own client.

On 2 cores with Python 3.11, 256 connections and answers after 200 ms, aiohttp makes 1181 calls/s with
0.32 ms of processor each, pyreqwest 1196 with 0.21 ms. pyreqwest was in beta, and aborted the interpreter
at exit in one run of eight ("PyGILState_Release: thread state must be current"), so the project has a small
client of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import orjson

CLIENTS = ("seedbed", "aiohttp", "pyreqwest")
HEADERS = {"authorization": "Bearer x", "content-type": "application/json"}
PAYLOAD = {"model": "m", "messages": [{"role": "user", "content": "Tell me a joke. " * 20}]}
ANSWER = {
    "id": "x",
    "object": "chat.completion",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "lorem ipsum " * 60},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 10, "completion_tokens": 100, "total_tokens": 110},
}
Post = Callable[[], Awaitable[bytes]]


class Measured(NamedTuple):
    """One round of one client: rows per second, and processor milliseconds per call."""

    rows: float
    cpu: float


class Server(asyncio.Protocol):
    """Answers each complete request on a kept-alive connection, after a delay."""

    def __init__(self, delay: float) -> None:
        body = json.dumps(ANSWER).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._answer = head.encode() + body
        self._delay = delay
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(self._received) < end + 4 + length:
                return
            self._received = self._received[end + 4 + length :]
            asyncio.get_running_loop().call_later(self._delay, self._send)

    def _send(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._answer)


async def serve(delay: float) -> None:
    """Serve on a free port, which is printed, until standard input is closed."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Server(delay), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


@contextmanager
def serving(delay: float) -> Iterator[str]:
    """Run the server in a process of its own, and give its URL."""
    command = [sys.executable, __file__, "--serve", str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1/chat/completions"
        process.stdin.close()


async def drive(post: Post, calls: int, connections: int) -> Measured:
    """Send `calls` requests, `connections` at a time, and measure them."""
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            assert orjson.loads(await post())["choices"]

    wall, cpu = time.perf_counter(), _cpu_seconds()
    await asyncio.gather(*(work() for _ in range(connections)))
    return Measured(calls / (time.perf_counter() - wall), 1000 * (_cpu_seconds() - cpu) / calls)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def with_seedbed(url: str, calls: int, connections: int) -> Measured:
    """Measure the project's own transport, on the project's own loop."""
    from seedbed import post_json
    from seedbed.llm.calling.loop import loop_thread

    async def post() -> bytes:
        return (await post_json(url, PAYLOAD, headers=HEADERS, timeout=60)).body

    return await loop_thread().arun(drive(post, calls, connections))


async def with_aiohttp(url: str, calls: int, connections: int) -> Measured:
    """Measure a bare aiohttp session."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=HEADERS) as session:

        async def post() -> bytes:
            async with session.post(url, data=orjson.dumps(PAYLOAD)) as response:
                return await response.read()

        return await drive(post, calls, connections)


async def with_pyreqwest(url: str, calls: int, connections: int) -> Measured:
    """Measure a bare pyreqwest client."""
    from pyreqwest.client import ClientBuilder

    async with ClientBuilder().build() as client:

        async def post() -> bytes:
            request = client.post(url).headers(HEADERS).body_bytes(orjson.dumps(PAYLOAD)).build()
            response = await request.send()
            return bytes(await response.bytes())

        return await drive(post, calls, connections)


def measure(client: str, url: str, calls: int, connections: int) -> Measured | None:
    """Run one client in a process of its own; None where it did not end well."""
    command = [sys.executable, __file__, "--client", client, url, str(calls), str(connections)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode:
        print(f"{client} ended with status {ended.returncode}")
        return None
    return Measured(*json.loads(ended.stdout))


def compare(clients: list[str], delay: float, calls: int, connections: int, rounds: int) -> None:
    """Measure the clients in turns against one server, and print their medians."""
    found: dict[str, list[Measured]] = {client: [] for client in clients}
    with serving(delay) as url:
        for _ in range(rounds):
            for client in clients:
                if (measured := measure(client, url, calls, connections)) is not None:
                    found[client].append(measured)
    print(f"answers after {1000 * delay:.0f} ms, {connections} connections, {rounds} rounds of {calls} calls")
    medians = {
        client: Measured(*map(statistics.median, zip(*rounds_, strict=True)))
        for client, rounds_ in found.items()
        if rounds_
    }
    first = next(iter(medians.values()))
    for client, median in medians.items():
        print(
            f"  {client:10} {median.rows:7.0f} rows/s ({median.rows / first.rows:4.2f})  "
            f"{median.cpu:6.3f} ms per call ({median.cpu / first.cpu:4.2f})"
        )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", nargs="+", choices=CLIENTS, help="default: all that are installed")
    parser.add_argument("--delays", nargs="+", type=float, default=[0.0, 0.2], help="seconds to an answer")
    parser.add_argument("--calls", type=int, default=5000, help="calls in each round")
    parser.add_argument("--connections", type=int, default=256, help="requests in flight")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each client")
    parser.add_argument("--serve", type=float, metavar="DELAY", help=argparse.SUPPRESS)
    parser.add_argument("--client", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        asyncio.run(serve(options.serve))
    elif options.client:
        client, url, calls, connections = options.client
        run = {"seedbed": with_seedbed, "aiohttp": with_aiohttp, "pyreqwest": with_pyreqwest}[client]
        print(json.dumps(asyncio.run(run(url, int(calls), int(connections)))))
    else:
        clients = options.clients or [name for name in CLIENTS if importlib.util.find_spec(name)]
        for delay in options.delays:
            compare(clients, delay, options.calls, options.connections, options.rounds)


if __name__ == "__main__":
    main()
