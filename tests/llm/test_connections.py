"""Connections are kept for the next request, and never used after something was odd."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from tests.llm.test_proxy_and_tls import make_certificate

from seedbed import LLMConnectionError
from seedbed.llm.http import connections as module
from seedbed.llm.http.connection import RECEIVED
from seedbed.llm.http.connection_errors import connection_error
from seedbed.llm.http.connections import Connections, Server
from seedbed.llm.http.http_request import head_of, request_bytes, target_of
from seedbed.llm.http.transport import get_json
from seedbed.llm.http.wire_errors import CannotConnect, Disconnected, NotAURL, WireError

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
INTERFACES = Path("/proc/net/if_inet6")
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


LONG = 3 * RECEIVED
"""More than is taken at a time."""
LETTERS = (b"a", b"b", b"c")

Test = Callable[..., Coroutine[None, None, None]]


def on_a_loop(test: Test) -> Callable[..., None]:
    """Run a test on an event loop of its own."""

    @wraps(test)
    def run(*arguments: object, **fixtures: object) -> None:
        asyncio.run(test(*arguments, **fixtures))

    return run


class Served:
    """A server of bytes: how many connections it got, and what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.opened = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await self.answer(reader, writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[Served, Server, Connections]]:
    served, connections = Served(answer), Connections()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    try:
        yield served, Server(*server.sockets[0].getsockname()), connections
    finally:
        connections.close()
        server.close()
        await asyncio.sleep(0)


async def ask(connections: Connections, server: Server) -> bytes:
    answer = await connections.exchange(server, b"GET / HTTP/1.1\r\n\r\n", 1000, 60.0)
    return answer.body


def replying(*replies: bytes) -> Answer:
    left = list(replies)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return answer


@on_a_loop
async def test_one_connection_serves_one_request_after_the_other() -> None:
    async with serving(replying(OK)) as (served, server, connections):
        assert [await ask(connections, server) for _ in range(5)] == [b"{}"] * 5
        assert served.opened == 1
        await asyncio.gather(*(ask(connections, server) for _ in range(8)))
        assert served.opened == 8


@pytest.mark.parametrize(
    "odd",
    [
        OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"),
        OK + b"more",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    ],
)
@on_a_loop
async def test_a_connection_that_may_not_go_on_is_not_used_again(odd: bytes) -> None:
    async with serving(replying(odd, OK)) as (served, server, connections):
        assert [await ask(connections, server) for _ in range(3)] == [b"{}"] * 3
        assert served.opened == 2


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "TLS"])
def test_long_answers_that_come_together_are_read_whole(tmp_path, is_tls):
    asyncio.run(read_long_answers(*(contexts(tmp_path) if is_tls else (None, None))))


async def read_long_answers(own: ssl.SSLContext | None, trusting: ssl.SSLContext | None) -> None:
    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        letter = await reader.readexactly(1)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (LONG + 1))
        for part in (1, LONG):
            writer.write(part * letter)
            # Each takes what comes in turn with the others.
            await writer.drain()

    connections = Connections()
    server = await asyncio.start_server(Served(repeat).serve, "127.0.0.1", 0, ssl=own)
    to = Server("localhost", server.sockets[0].getsockname()[1], trusting)
    try:
        asked = [
            connections.exchange(to, b"GET / HTTP/1.1\r\n\r\n" + letter, 2 * LONG, 60.0) for letter in LETTERS
        ]
        for letter, answer in zip(LETTERS, await asyncio.gather(*asked), strict=True):
            assert answer.body == (LONG + 1) * letter
    finally:
        connections.close()
        server.close()


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server shows, and what its clients trust."""
    make_certificate(folder / "key.pem", folder / "certificate.pem")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return own, ssl.create_default_context(cafile=folder / "certificate.pem")


@on_a_loop
async def test_what_comes_unasked_ends_the_connection() -> None:
    async with serving(replying(OK)) as (served, server, connections):
        assert await ask(connections, server) == b"{}"
        (kept,) = connections._idle[server]
        kept.get_buffer(-1)[: len(OK)] = OK
        kept.buffer_updated(len(OK))
        assert await ask(connections, server) == b"{}"
        assert served.opened == 2


@on_a_loop
async def test_the_rest_of_a_request_that_was_answered_early_is_no_next_one() -> None:
    async with serving(replying(OK)) as (served, server, connections):
        request = b"POST / HTTP/1.1\r\n\r\n" + bytes(2**24)
        answer = await connections.exchange(server, request, 1000, 60.0)
        assert answer.body == b"{}"
        assert await ask(connections, server) == b"{}"
        assert served.opened == 2


@on_a_loop
async def test_a_cancelled_call_takes_its_connection_with_it() -> None:
    asked = asyncio.Event()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        assert await reader.read() == b""

    async with serving(never) as (served, server, connections):
        call = asyncio.create_task(ask(connections, server))
        await asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        served.answer = replying(OK)
        assert await ask(connections, server) == b"{}"
        assert served.opened == 2


@pytest.mark.parametrize(("sent", "is_begun"), [(b"", False), (OK[:-1], True)])
@on_a_loop
async def test_a_server_that_closes_gives_no_answer(sent: bytes, is_begun: bool) -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        writer.close()

    async with serving(close) as (_, server, connections):
        with pytest.raises(Disconnected) as caught:
            await ask(connections, server)
        assert caught.value.is_begun is is_begun


@on_a_loop
async def test_a_server_that_closed_a_kept_connection_gets_a_new_one() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        writer.close()

    async with serving(once) as (served, server, connections):
        assert await ask(connections, server) == b"{}"
        (kept,) = connections._idle[server]
        while kept.is_open:  # noqa: ASYNC110 - the server closes it
            await asyncio.sleep(0)
        assert await ask(connections, server) == b"{}"
        assert served.opened == 2


@on_a_loop
async def test_idle_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_IDLE_SECONDS", 0.01)
    async with serving(replying(OK)) as (_, server, connections):
        await ask(connections, server)
        while connections._idle:  # noqa: ASYNC110 - a timer empties it
            await asyncio.sleep(0.005)
        assert connections._sweeping is None


@on_a_loop
async def test_names_are_looked_up_once_for_all_and_again_after_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def counted(host: str, *args: object, **options: object) -> object:
        asked.append(host)
        return real(host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", counted)
    async with serving(replying(OK)) as (served, server, connections):
        named = server._replace(host="localhost")
        await asyncio.gather(*(ask(connections, named) for _ in range(20)))
        assert (served.opened, asked) == (20, ["localhost"])
        for _ in range(2):
            with pytest.raises(WireError):
                await ask(connections, Server("nowhere.invalid", 1))
        assert asked == ["localhost", "nowhere.invalid", "nowhere.invalid"]


@pytest.mark.parametrize(("said", "is_unknown"), [("EAI_NONAME", True), ("EAI_AGAIN", False)])
def test_a_name_without_an_address_is_told_from_a_name_server_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, said: str, is_unknown: bool
) -> None:
    def unknown(*args: object, **options: object) -> object:
        raise socket.gaierror(getattr(socket, said), "no address")

    @on_a_loop
    async def ask_nowhere() -> None:
        async with serving(replying(OK)) as (_, _, connections):
            monkeypatch.setattr(socket, "getaddrinfo", unknown)
            with pytest.raises(CannotConnect) as caught:
                await ask(connections, Server("nowhere.invalid", 1))
        error = connection_error(caught.value, "http://nowhere.invalid")
        assert isinstance(error, LLMConnectionError)
        assert error.is_unknown_host == is_unknown

    ask_nowhere()


@on_a_loop
async def test_a_name_is_asked_at_another_address_if_the_first_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    refused = silent.getsockname()

    def addresses(host: str, port: int, *args: object, **options: object) -> object:
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, refused), (*kind, ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    async with serving(replying(OK)) as (served, server, connections):
        assert await ask(connections, server._replace(host="two.example")) == b"{}"
        assert served.opened == 1
    silent.close()


def test_a_request_has_its_own_headers_once_whatever_their_case() -> None:
    target = target_of("http://me:pa%3Ass@Host.example:8000/v1/a b?q=ü&x=%20#part")
    head = head_of("POST", target, (("Accept", "text/event-stream"), ("x-key", "k")))
    lines = request_bytes(head, b"{}").decode().split("\r\n")
    assert lines[:2] == ["POST /v1/a%20b?q=%C3%BC&x=%20 HTTP/1.1", "host: host.example:8000"]
    assert [line for line in lines if line.lower().startswith("accept:")] == ["Accept: text/event-stream"]
    assert "authorization: Basic bWU6cGE6c3M=" in lines
    assert lines[-3:] == ["content-length: 2", "", "{}"]


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://bücher.example/v1", "xn--bcher-kva.example"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://h:443", "h"),
        ("http://[fe80::1%25eth0]:8000", "[fe80::1]:8000"),
    ],
)
def test_hosts_in_any_form(url: str, authority: str) -> None:
    assert target_of(url).authority == authority


@pytest.mark.parametrize("url", ["http://[fe80::1%25eth0]/v1", "http://[fe80::1%eth0]/v1"])
def test_the_zone_of_an_address_is_where_to_connect(url: str) -> None:
    assert target_of(url).host == "fe80::1%eth0"


def own_addresses() -> list[tuple[IPv6Address, str]]:
    """Return the addresses that only one interface reaches, each with that interface."""
    lines = [line.split() for line in INTERFACES.read_text().splitlines()]
    return [(IPv6Address(bytes.fromhex(one[0])), one[-1]) for one in lines if one[0].startswith("fe80")]


@pytest.mark.skipif(not INTERFACES.exists(), reason="the machine's own addresses aren't known")
@on_a_loop
async def test_a_server_at_an_address_of_one_interface_is_asked() -> None:
    if not (local := own_addresses()):
        pytest.skip("no interface of the machine has an address of its own")
    address, interface = local[0]
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(answer, f"{address}%{interface}", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        answered = await get_json(
            f"http://[{address}%25{interface}]:{port}/v1/models", headers={}, timeout=10
        )

    assert answered.status == 200
    assert f"host: [{address}]:{port}\r\n".encode() in asked[0]


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\rb", "a\0b"])
def test_a_header_of_two_lines_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        head_of("GET", target_of("http://h"), (("x", value),))


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "ftp://h",
        "h:80",
        "http://h:port",
        "http://h:0",
        "http://h:65536",
        "http://[::1",
        f"http://{'ü' * 99}",
        f"http://{'u' * 64}.example",
        "http://h..example",
        "http://my host",
        "http://h\x7f.example",
    ],
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(NotAURL):
        target_of(url)
