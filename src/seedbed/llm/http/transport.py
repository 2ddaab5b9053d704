"""JSON over HTTP, shared by every backend: one pool of connections on the loop thread.

A client of our own, which takes 40 us of the processor for a call where aiohttp takes 180: a third of what a
row takes. aiohttp sends what goes through a proxy. `tests/benchmarks/transport.py` measures clients; see
docs/explanation/design.md.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from seedbed.errors import LLMConnectionError, TimedOutError, UsageError
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.http.certificates import certificates
from seedbed.llm.http.connection_errors import connection_error, may_be_wrong_scheme, not_a_url, wrong_scheme
from seedbed.llm.http.connections import Connections, Server
from seedbed.llm.http.http_answer import HTTPAnswer
from seedbed.llm.http.http_request import head_of, request_bytes, target_of
from seedbed.llm.http.proxy import proxy_of
from seedbed.llm.http.wire_errors import ConnectTimeout, NotAURL, WireError
from seedbed.llm.http.wrong_scheme import other_scheme, wants_https
from seedbed.llm.json_text import json_text
from seedbed.llm.keys.echoes import keys_sent, without_echo
from seedbed.llm.keys.hosts import is_loopback
from seedbed.llm.keys.key_guard import check_request
from seedbed.llm.keys.url_secrets import redacted_urls

if TYPE_CHECKING:
    from seedbed.llm.http.proxied import ProxiedSession

# With 256 calls in flight, answers without an end would fill the memory of the machine and end the run.
MAX_RESPONSE_BYTES = 64 * 2**20
# Separate from the time of an answer: a model may think for five minutes, but a host that doesn't accept a
# connection for 15 s won't, and waiting on would only hold its permit.
CONNECT_SECONDS = 15.0
_LISTENING_SECONDS = 1.0


async def post_json(
    url: str,
    payload: Any,
    *,
    headers: Mapping[str, str],
    timeout: float | None = None,
    max_bytes: int = MAX_RESPONSE_BYTES,
) -> HTTPAnswer:
    """Post `payload` as JSON and return the answer, whatever its status.

    `timeout` is in seconds; a backend's `respond` leaves it out, since the gateway times it out.

    Raises TimedOutError, LLMConnectionError, and InvalidResponseError for more than `max_bytes`.
    """
    headers = {"content-type": "application/json", **headers}
    return await loop_thread().arun(_exchange("POST", url, json_text(payload), headers, timeout, max_bytes))


async def get_json(url: str, *, headers: Mapping[str, str], timeout: float) -> HTTPAnswer:
    """Get `url` and return the answer, whatever its status; errors as in `post_json`."""
    return await loop_thread().arun(_exchange("GET", url, None, headers, timeout, MAX_RESPONSE_BYTES))


@lru_cache(maxsize=256)
def public_url(url: str) -> str:
    """Return a URL without user, password, query and fragment, for messages and digests."""
    try:
        split = urlsplit(url)
    except ValueError:
        # `from None`, since its text may quote the password.
        raise not_a_url(url.rpartition("@")[2].partition("?")[0]) from None
    shown = redacted_urls(url).partition("?")[0]
    if "@" in shown and "@" not in split.netloc:
        # A password with `/` or `#` in it: the standard library takes half of it for the path.
        return shown
    return redacted_urls(urlunsplit((split.scheme, split.netloc.rpartition("@")[2], split.path, "", "")))


def join_url(base: str, path: str) -> str:
    """Return a base URL with `path` after its own path; its query stays at the end.

    join_url("https://host/v1?api-version=1", "/models")    # https://host/v1/models?api-version=1
    """
    split = urlsplit(base)
    return urlunsplit(split._replace(path=f"{split.path.rstrip('/')}/{path.lstrip('/')}", fragment=""))


async def check_listening(url: str) -> None:
    """Raise LLMConnectionError if nothing listens at a URL of this machine; nothing is sent.

    That's free, and finds a server that wasn't started before any row starts. It doesn't check other
    machines: the first call finds out as quickly. Raises UsageError for what is no URL of a server.
    """
    try:
        target = target_of(url)
    except NotAURL:
        raise not_a_url(public_url(url)) from None
    if not is_loopback(target.host):
        return
    try:
        async with asyncio.timeout(_LISTENING_SECONDS):
            _, writer = await asyncio.open_connection(target.host, target.port)
    except TimeoutError:
        # Something listens, and has no time for a connection: the first call says so if it stays like that.
        return
    except OSError as error:
        raise LLMConnectionError(
            f"cannot reach '{public_url(url)}': {os.strerror(error.errno) if error.errno else error}",
            "is the server running, and is base_url right?",
        ) from error
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _exchange(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    timeout: float | None,
    max_bytes: int,
) -> HTTPAnswer:
    origin = public_url(url)
    # Here, where everything is known that leaves: a plugin may have read the environment by itself.
    check_request(url, headers, body)
    pool = _pool()
    try:
        asked = pool.exchange(method, url, body, headers, max_bytes)
        # It's in the request. Kept until the answer comes, it would be a second copy for each call in flight.
        del body
        answer = await (asked if timeout is None else _within(timeout, asked))
    except WireError as error:
        # `from None`: the cause may quote a whole URL, with its password.
        raise await _typed(error, url, pool) from None
    except TimeoutError as error:
        raise TimedOutError(f"no complete answer from '{origin}' within {timeout or 0:g} s") from error
    # Only if it's a server's first answer: one that has answered speaks HTTP, and may quote a prompt.
    if origin not in pool.answered:
        if answer.status == 400 and wants_https(answer.body):
            raise wrong_scheme(origin, "https")
        pool.answered.add(origin)
    shown = without_echo(answer.body, keys_sent(url, tuple(headers.items())))
    return answer if shown is answer.body else answer._replace(body=shown)


async def _within(seconds: float, asked: Awaitable[HTTPAnswer]) -> HTTPAnswer:
    async with asyncio.timeout(seconds):
        return await asked


async def _typed(error: WireError, url: str, pool: _Pool) -> Exception:
    """Return the typed error for what went wrong on the wire."""
    origin = public_url(url)
    # A server of plain HTTP that reads line by line waits for the end of a line during the handshake.
    is_waiting = isinstance(error, ConnectTimeout) and url.startswith("https:")
    if (is_waiting or may_be_wrong_scheme(error)) and (scheme := await pool.other_scheme(origin)):
        return wrong_scheme(origin, scheme)
    return connection_error(error, origin, is_proxied=_route(origin).proxy is not None)


class _Pool:
    """The connections of one loop, the servers that have answered, and those tried with the other scheme."""

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self._connections = Connections()
        self._proxied: ProxiedSession | None = None
        self._tried: dict[str, asyncio.Task[str | None]] = {}

    def exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], most: int
    ) -> Awaitable[HTTPAnswer]:
        """Send a request, and return an awaitable for the answer; raises a WireError."""
        # Not a coroutine itself: each one between a row and its socket is resumed for every event of a call.
        target = target_of(url)
        if target.login and "authorization" in map(str.lower, headers):
            raise UsageError(
                f"the URL of '{public_url(url)}' has a user and a password, and a key is sent, too",
                "leave one of them out",
            )
        proxy, verified_by = _route(public_url(url))
        if proxy is not None:
            return self._session().exchange(
                method,
                url,
                body,
                headers,
                proxy=proxy,
                verified_by=verified_by,
                patience=CONNECT_SECONDS,
                most=most,
            )
        server = Server(target.host, target.port, verified_by)
        request = request_bytes(head_of(method, target, tuple(headers.items())), body)
        return self._connections.exchange(server, request, most, CONNECT_SECONDS)

    def _session(self) -> ProxiedSession:
        if self._proxied is None:
            # Imported late: aiohttp takes a third of the time until the first call is sent.
            from seedbed.llm.http.proxied import ProxiedSession

            self._proxied = ProxiedSession()
        return self._proxied

    async def other_scheme(self, origin: str) -> str | None:
        """Return the scheme that a server wants instead of the one in `origin`; it's tried once.

        Not for a server that has answered (its connection just broke), nor through a proxy.
        """
        if origin in self.answered or _route(origin).proxy:
            return None
        # One task for all: 256 calls fail together, and one of them may be cancelled while it waits.
        if origin not in self._tried:
            self._tried[origin] = asyncio.create_task(other_scheme(origin))
        return await asyncio.shield(self._tried[origin])

    async def close(self) -> None:
        """Close all connections."""
        self._connections.close()
        if self._proxied is not None:
            await self._proxied.close()
        # What is closed ends in the loop's next turns.
        for _ in range(3):
            await asyncio.sleep(0)


def _pool() -> _Pool:
    return _pool_of(loop_thread())


@cache
def _pool_of(thread: Any) -> _Pool:
    pool = _Pool()

    async def close() -> None:
        _pool_of.cache_clear()
        await pool.close()

    thread.on_close(close)
    return pool


class _Route(NamedTuple):
    """The proxy in front of a server, and what verifies certificates: None if nothing is encrypted."""

    proxy: str | None
    verified_by: ssl.SSLContext | None


@cache
def _route(origin: str) -> _Route:
    # Worked out once for each server. aiohttp's `trust_env` reads the environment and ~/.netrc again for
    # every request, and a .netrc would add a password that nobody asked for.
    proxy = proxy_of(origin)
    is_secure = any((url or "").startswith("https:") for url in (origin, proxy))
    return _Route(proxy, certificates() if is_secure else None)
