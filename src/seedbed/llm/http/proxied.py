"""Requests through a proxy, which aiohttp sends: tunnels, and TLS inside of TLS."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from seedbed.llm.http.http_answer import Headers, HTTPAnswer
from seedbed.llm.http.http_request import Target, target_of
from seedbed.llm.http.wire_errors import (
    PROXY_LOGIN_WANTED,
    CannotConnect,
    ConnectTimeout,
    Disconnected,
    NotAURL,
    NotHTTP,
    ProxyRefused,
    TooLong,
    WireError,
)
from seedbed.llm.keys.echoes import keys_sent, without_echo


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
        """Send a request through a proxy, and return the answer; raises a WireError.

        Connecting, up to the end of the server's handshake, may take `patience` seconds.
        """
        try:
            async with self._session.request(
                method,
                **_with_logins(url, headers, proxy),
                data=body,
                # Nor is there a time-out between two chunks: a model that thinks sends nothing for minutes.
                timeout=aiohttp.ClientTimeout(total=None, connect=patience),
                ssl=verified_by or True,
                # A redirect could take the key to another host than the one that the user chose.
                allow_redirects=False,
            ) as response:
                received = await _read(response, most)
        except (aiohttp.ClientError, OSError) as error:
            # `from None`, since the texts of some quote a whole URL, with its password or its key.
            raise _wire_error(error, patience, target_of(proxy)) from None
        if response.status == PROXY_LOGIN_WANTED:
            raise ProxyRefused(response.status)
        # A proxy's page about an error may quote what it was sent.
        received = without_echo(received, keys_sent(proxy, ()))
        return HTTPAnswer(response.status, Headers(response.headers.items()), received)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def _with_logins(url: str, headers: Mapping[str, str], proxy: str) -> dict[str, Any]:
    """Return where a request goes, with users and passwords in headers instead of URLs."""
    # aiohttp takes those in a URL for Latin-1, and its errors may quote them.
    asked, through = target_of(url), target_of(proxy)
    sent = {**headers, "authorization": asked.login} if asked.login else dict(headers)
    login = {"proxy-authorization": through.login} if through.login else {}
    return {
        "url": urlunsplit(urlsplit(url)._replace(netloc=asked.authority)),
        # Inside a tunnel, only the server would get it.
        "headers": sent if asked.is_secure else sent | login,
        "proxy": f"{'https' if through.is_secure else 'http'}://{through.authority}",
        "proxy_headers": login if asked.is_secure else None,
    }


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    received = bytearray()
    async for chunk in response.content.iter_any():
        received += chunk
        if len(received) > most:
            raise TooLong(most)
    return bytes(received)


def _wire_error(error: Exception, patience: float, proxy: Target) -> WireError:
    """Return what an error of aiohttp's means; the order counts, since its classes derive from each other."""
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return NotAURL()
        case aiohttp.ConnectionTimeoutError():
            return ConnectTimeout(patience)
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLError() as cause):
            is_proxy = (error.host, error.port) == (proxy.host, proxy.port)
            return CannotConnect(cause, is_proxy=is_proxy)
        # No other name is looked up: the proxy knows the server's.
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientConnectorDNSError():
            return CannotConnect(error.os_error, is_proxy=True)
        case aiohttp.ClientHttpProxyError():
            return ProxyRefused(error.status)
        case aiohttp.ClientConnectorError():
            return CannotConnect(error.os_error)
        case aiohttp.ClientResponseError():
            return NotHTTP(error.message.encode())
    return Disconnected(is_begun=isinstance(error, aiohttp.ClientPayloadError))
