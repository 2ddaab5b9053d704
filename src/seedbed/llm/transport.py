"""JSON over HTTP, shared by every backend: one pool of connections on the loop thread.

aiohttp, because of what `tests/benchmarks/transport.py` measures; see docs/explanation/design.md.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from seedbed.errors import InvalidResponseError, LLMConnectionError, TimedOutError, UsageError
from seedbed.llm.connection_errors import connection_error, not_a_url
from seedbed.llm.hosts import is_loopback
from seedbed.llm.json_text import json_text
from seedbed.llm.key_guard import check_request
from seedbed.llm.loop import loop_thread

MAX_RESPONSE_BYTES = 64 * 2**20
CONNECT_SECONDS = 15.0

_QUOTING = (aiohttp.InvalidURL, aiohttp.ClientResponseError, aiohttp.ClientProxyConnectionError)


class HTTPAnswer(NamedTuple):
    """A complete HTTP response: status, headers (the case of a name does not matter) and body."""

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

    `timeout` is in seconds; a backend's `respond` leaves it out, since the gateway watches its time.

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
    """Return a URL without user, password, query and fragment, fit for messages and digests."""
    try:
        split = urlsplit(url)
    except ValueError:
        # What it says may quote the password.
        raise not_a_url(url.rpartition("@")[2].partition("?")[0]) from None
    return urlunsplit((split.scheme, split.netloc.rpartition("@")[2], split.path, "", ""))


def join_url(base: str, path: str) -> str:
    """Return a base URL with `path` behind its own path; its query keeps its place.

    join_url("https://host/v1?api-version=1", "/models")    # https://host/v1/models?api-version=1
    """
    split = urlsplit(base)
    return urlunsplit(split._replace(path=f"{split.path.rstrip('/')}/{path.lstrip('/')}", fragment=""))


async def check_listening(url: str) -> None:
    """Raise LLMConnectionError where nothing listens at a URL of this machine; ask nothing of anybody.

    That is free, and tells of a server that was not started before a row is begun. Of other machines it says
    nothing: the first call finds out as quickly.
    """
    split = urlsplit(url)
    if not is_loopback(split.hostname or "") or _proxy(public_url(url)):
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


async def _exchange(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    timeout: float | None,
    max_bytes: int,
) -> HTTPAnswer:
    origin = public_url(url)
    check_request(url, headers, body)
    try:
        async with _session().request(
            method,
            url,
            data=body,
            headers=headers,
            timeout=_limits(timeout, CONNECT_SECONDS),
            proxy=_proxy(origin),
            allow_redirects=False,
        ) as response:
            received = await _read(response, max_bytes, origin)
    except aiohttp.ConnectionTimeoutError as error:
        raise TimedOutError(f"cannot reach '{origin}' within {CONNECT_SECONDS:g} s") from error
    except TimeoutError as error:
        raise TimedOutError(f"no complete answer from '{origin}' within {timeout or 0:g} s") from error
    except (aiohttp.ClientError, OSError) as error:
        # These quote a whole URL, with its password or the key in its query: the server's or the proxy's.
        quoting = isinstance(error, _QUOTING)
        raise connection_error(error, origin) from (None if quoting else error)
    except ValueError as error:
        if not urlsplit(url).username:
            raise
        raise UsageError(
            f"the URL of '{origin}' has a user and a password, and a key is sent, too",
            "leave one of them out",
        ) from error
    return HTTPAnswer(response.status, response.headers, received)


@lru_cache(maxsize=64)
def _limits(timeout: float | None, connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=timeout, sock_connect=connect)


async def _read(response: aiohttp.ClientResponse, max_bytes: int, origin: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > max_bytes:
            raise InvalidResponseError(f"the answer of '{origin}' is longer than {max_bytes:,} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _session() -> aiohttp.ClientSession:
    return _session_of(loop_thread())


@cache
def _session_of(thread: Any) -> aiohttp.ClientSession:
    # Limits belong to the gateway, so the pool has none; cookies would tie one row to another.
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"accept": "application/json"},
    )

    async def close() -> None:
        _session_of.cache_clear()
        await session.close()

    thread.on_close(close)
    return session


@cache
def _proxy(origin: str) -> str | None:
    # aiohttp's trust_env reads the environment and ~/.netrc again for every request.
    split = urlsplit(origin)
    if proxy_bypass(split.netloc):
        return None
    proxies = getproxies()
    proxy = proxies.get(split.scheme) or proxies.get("all")
    if proxy is not None and "://" not in proxy:
        return f"http://{proxy}"
    if proxy is not None and urlsplit(proxy).scheme not in ("http", "https"):
        raise UsageError(
            f"the proxy '{public_url(proxy)}' is of a kind that is not supported",
            "set HTTPS_PROXY to an http:// or https:// proxy, or NO_PROXY to leave it out",
        )
    return proxy
