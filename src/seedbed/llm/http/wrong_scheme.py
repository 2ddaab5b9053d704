"""Whether a port that doesn't answer would answer to the other one of http:// and https://."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

_SECONDS = 1.0
"""About three round trips to a server far away; one that understands neither may never say anything."""
_LONGEST = 2000
_TOLD = re.compile(
    rb"plain HTTP request was sent to HTTPS|HTTP request to an HTTPS server|"
    rb"plain HTTP to an SSL-enabled|port requires TLS",
    re.IGNORECASE,
)
"""How nginx, Go, Apache and Tomcat say so, with status 400, in plain HTTP."""


def wants_https(body: bytes) -> bool:
    """Whether a server says in plain HTTP that it speaks HTTPS."""
    return _TOLD.search(body[:_LONGEST]) is not None


async def other_scheme(url: str) -> str | None:
    """Return the scheme that the port of `url` understands if it's not the one in `url`; otherwise None.

    No path, header or key is sent: only a handshake, or the shortest possible request.
    """
    split = urlsplit(url)
    host = split.hostname or ""
    try:
        async with asyncio.timeout(_SECONDS):
            if split.scheme == "http":
                return "https" if await _shakes_hands(host, split.port or 80) else None
            return "http" if await _speaks_plainly(host, split.port or 443) else None
    # It's only a guess for better advice: if it fails, the first error says what went wrong.
    except (OSError, TimeoutError):
        return None


async def _shakes_hands(host: str, port: int) -> bool:
    # Unverified, since nothing is sent: the only question is whether it speaks TLS.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection(host, port, ssl=context)
    await _abort(writer)
    return True


async def _speaks_plainly(host: str, port: int) -> bool:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"OPTIONS * HTTP/1.0\r\n\r\n")
        answer = await reader.read(_LONGEST)
    finally:
        await _abort(writer)
    # Servers of HTTPS also answer in plain HTTP, to say that they don't speak it.
    return answer.startswith(b"HTTP/") and not wants_https(answer)


async def _abort(writer: asyncio.StreamWriter) -> None:
    # Not `close`, which waits for a TLS goodbye that such servers don't send.
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
