"""JSON over HTTP, shared by every backend: one pool of connections on the loop thread.

On aiohttp. At 256 connections and answers after 200 ms, pyreqwest makes 1 % more calls per second with less
processor time, but one process in eight that used it was aborted as it ended. httpx costs more per request
the more connections there are. `tests/benchmarks/transport.py` measures them; see docs/explanation/design.md.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from seedbed.errors import InvalidResponseError, LLMConnectionError, TimedOutError, UsageError
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.http.certificates import certificates
from seedbed.llm.http.connection_errors import connection_error, may_be_wrong_scheme, not_a_url, wrong_scheme
from seedbed.llm.http.proxy import proxy_of
from seedbed.llm.http.wrong_scheme import other_scheme, wants_https
from seedbed.llm.json_text import json_text
from seedbed.llm.keys.hosts import is_loopback
from seedbed.llm.keys.key_guard import check_request

# With 256 calls in flight, answers without an end would fill the memory of the machine and end the run.
MAX_RESPONSE_BYTES = 64 * 2**20
# Separate from the time of an answer: a model may think for five minutes, but a host that doesn't accept a
# connection for 15 s won't, and waiting on would only hold its permit.
CONNECT_SECONDS = 15.0

# These quote a whole URL, with its password or with the key in its query: the server's or the proxy's.
_QUOTING = (aiohttp.InvalidURL, aiohttp.ClientResponseError, aiohttp.ClientProxyConnectionError)


class HTTPAnswer(NamedTuple):
    """A complete HTTP response: status, headers (names in any case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


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
    body = json_text(payload)
    headers = {"content-type": "application/json", **headers}
    return await loop_thread().arun(_exchange("POST", url, body, headers, timeout, max_bytes))


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
    return urlunsplit((split.scheme, split.netloc.rpartition("@")[2], split.path, "", ""))


def join_url(base: str, path: str) -> str:
    """Return a base URL with `path` after its own path; its query stays at the end.

    join_url("https://host/v1?api-version=1", "/models")    # https://host/v1/models?api-version=1
    """
    split = urlsplit(base)
    return urlunsplit(split._replace(path=f"{split.path.rstrip('/')}/{path.lstrip('/')}", fragment=""))


async def check_listening(url: str) -> None:
    """Raise LLMConnectionError if nothing listens at a URL of this machine; nothing is sent.

    That's free, and finds a server that wasn't started before any row starts. It doesn't check other
    machines: the first call finds out as quickly.
    """
    split = urlsplit(url)
    if not is_loopback(split.hostname or "") or _route(public_url(url)).proxy:
        return
    port = split.port or (443 if split.scheme == "https" else 80)
    try:
        _, writer = await asyncio.open_connection(split.hostname, port)
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
    pool, route = _pool(), _route(origin)
    try:
        async with pool.session.request(
            method,
            url,
            data=body,
            headers=headers,
            timeout=_limits(timeout, CONNECT_SECONDS),
            proxy=route.proxy,
            ssl=route.verified_by,
            # A redirect could take the key to another host than the one that the user chose.
            allow_redirects=False,
        ) as response:
            received = await _read(response, max_bytes, origin)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        failure = await _typed(error, url, timeout, pool)
        if failure is error:
            raise
        raise failure from (None if isinstance(error, _QUOTING) else error)
    # Only if it's a server's first answer: one that has answered speaks HTTP, and may quote a prompt.
    if response.status == 400 and origin not in pool.answered and wants_https(received):
        raise wrong_scheme(origin, "https")
    pool.answered.add(origin)
    return HTTPAnswer(response.status, response.headers, received)


async def _typed(error: Exception, url: str, timeout: float | None, pool: _Pool) -> Exception:
    """Return the typed error for what went wrong on the wire, or `error` if it's a fault of ours."""
    origin = public_url(url)
    # The order counts: aiohttp's time-outs are also TimeoutErrors, and all of these are OSErrors.
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        # A server of plain HTTP that reads line by line waits for the end of a line during the handshake.
        if url.startswith("https:") and (scheme := await pool.other_scheme(origin)):
            return wrong_scheme(origin, scheme)
        return TimedOutError(f"cannot reach '{origin}' within {CONNECT_SECONDS:g} s")
    if isinstance(error, TimeoutError):
        return TimedOutError(f"no complete answer from '{origin}' within {timeout or 0:g} s")
    if isinstance(error, aiohttp.ClientError | OSError):
        if may_be_wrong_scheme(error) and (scheme := await pool.other_scheme(origin)):
            return wrong_scheme(origin, scheme)
        return connection_error(error, origin)
    if not urlsplit(url).username:
        return error
    # aiohttp's ValueError for two credentials in one request.
    return UsageError(
        f"the URL of '{origin}' has a user and a password, and a key is sent, too", "leave one of them out"
    )


@lru_cache(maxsize=64)
def _limits(timeout: float | None, connect: float) -> aiohttp.ClientTimeout:
    # Kept, since most calls have the same time. No time-out for the wait between two chunks: a model that
    # thinks sends nothing for minutes.
    return aiohttp.ClientTimeout(total=timeout, sock_connect=connect)


async def _read(response: aiohttp.ClientResponse, max_bytes: int, origin: str) -> bytes:
    length = response.content_length
    # The length of a compressed answer says nothing: a kilobyte may unpack to gigabytes.
    if length is not None and length <= max_bytes and "content-encoding" not in response.headers:
        # Most answers say how long they are; reading them chunk by chunk takes 5 us more.
        return await response.read()
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > max_bytes:
            raise InvalidResponseError(f"the answer of '{origin}' is longer than {max_bytes:,} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


@dataclass
class _Pool:
    """The connections of one loop, the servers that have answered, and those tried with the other scheme."""

    session: aiohttp.ClientSession
    answered: set[str] = field(default_factory=set)
    tried: dict[str, asyncio.Task[str | None]] = field(default_factory=dict)

    async def other_scheme(self, origin: str) -> str | None:
        """Return the scheme that a server wants instead of the one in `origin`; it's tried once.

        Not for a server that has answered (its connection just broke), nor through a proxy.
        """
        if origin in self.answered or _route(origin).proxy:
            return None
        # One task for all: 256 calls fail together, and one of them may be cancelled while it waits.
        if origin not in self.tried:
            self.tried[origin] = asyncio.create_task(other_scheme(origin))
        return await asyncio.shield(self.tried[origin])


def _pool() -> _Pool:
    return _pool_of(loop_thread())


@cache
def _pool_of(thread: Any) -> _Pool:
    # The gateway limits the number of calls, so the pool has no limit: aiohttp's default of 100 would make
    # calls wait that hold a permit. Connections are kept and used again, since a TLS handshake takes two or
    # three round trips. No cookies: they would make one row's answer depend on another row.
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"accept": "application/json"},
    )

    async def close() -> None:
        _pool_of.cache_clear()
        await session.close()

    thread.on_close(close)
    return _Pool(session)


class _Route(NamedTuple):
    """The proxy in front of a server, and what verifies certificates: True for the system's."""

    proxy: str | None
    verified_by: ssl.SSLContext | bool


@cache
def _route(origin: str) -> _Route:
    # Worked out once for each server. aiohttp's `trust_env` reads the environment and ~/.netrc again for
    # every request, and a .netrc would add a password that nobody asked for.
    proxy = proxy_of(origin)
    is_secure = any((url or "").startswith("https:") for url in (origin, proxy))
    return _Route(proxy, (certificates() if is_secure else None) or True)
