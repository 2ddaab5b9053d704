"""Requests through a proxy, which aiohttp sends: tunnels, and TLS inside of TLS."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import aiohttp

from seedbed.llm.http.http_answer import Headers, HTTPAnswer
from seedbed.llm.http.wire_errors import (
    CannotConnect,
    ConnectTimeout,
    Disconnected,
    NotAURL,
    NotHTTP,
    ProxyRefused,
    TooLong,
    WireError,
)


class ProxiedSession:
    """Connections through proxies, kept for the next requests. Lives on one event loop."""

    def __init__(self) -> None:
        # No limit of its own: aiohttp's 100 would make calls wait that hold a permit. No cookies: they would
        # make one row's answer depend on another row.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"accept": "application/json"},
        )

    async def exchange(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        proxy: str,
        verified_by: ssl.SSLContext | None,
        patience: float,
        most: int,
    ) -> HTTPAnswer:
        """Send a request through a proxy, and return the answer; raises a WireError."""
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                # Nor is there a time-out between two chunks: a model that thinks sends nothing for minutes.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=patience),
                proxy=proxy,
                ssl=verified_by or True,
                # A redirect could take the key to another host than the one that the user chose.
                allow_redirects=False,
            ) as response:
                received = await _read(response, most)
        except (aiohttp.ClientError, OSError) as error:
            # `from None`, since the texts of some quote a whole URL, with its password or its key.
            raise _wire_error(error, patience) from None
        return HTTPAnswer(response.status, Headers(response.headers.items()), received)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > most:
            raise TooLong(most)
        chunks.append(chunk)
    return b"".join(chunks)


def _wire_error(error: Exception, patience: float) -> WireError:
    """Return what an error of aiohttp's means; the order counts, since its classes derive from each other."""
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return NotAURL()
        case aiohttp.ConnectionTimeoutError():
            return ConnectTimeout(patience)
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLError() as cause):
            return CannotConnect(cause)
        case aiohttp.ClientProxyConnectionError():
            return CannotConnect(error.os_error, is_proxy=True)
        case aiohttp.ClientHttpProxyError():
            return ProxyRefused(error.status)
        case aiohttp.ClientConnectorError():
            return CannotConnect(error.os_error)
        case aiohttp.ClientResponseError():
            return NotHTTP(error.message.encode())
    return Disconnected(is_begun=isinstance(error, aiohttp.ClientPayloadError))
