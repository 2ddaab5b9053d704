"""From what went wrong on the wire, before there was an answer, to the typed error it means."""

from __future__ import annotations

import aiohttp

from seedbed.errors import LLMConnectionError, SeedbedError, UsageError

_PROXY_ADVICE = "check HTTP_PROXY and HTTPS_PROXY, or leave this server out with NO_PROXY"


def connection_error(error: Exception, origin: str) -> SeedbedError:
    """Return the typed error for what aiohttp raised on a request to `origin`, a URL that may be shown."""
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return not_a_url(origin)
        case aiohttp.ClientConnectorCertificateError():
            return LLMConnectionError(
                f"the certificate of '{origin}' cannot be verified",
                "set SSL_CERT_FILE to the certificates of your organisation",
                retryable=False,
                fatal=True,
            )
        case aiohttp.ClientConnectorSSLError():
            return LLMConnectionError(
                f"no secure connection to '{origin}': {_reason(error.os_error)}",
                "does the server speak plain HTTP? then write http:// in base_url",
                retryable=False,
                fatal=True,
            )
        case aiohttp.ClientProxyConnectionError():
            return LLMConnectionError(
                f"cannot reach the proxy of '{origin}': {_reason(error.os_error)}", _PROXY_ADVICE
            )
        case aiohttp.ClientHttpProxyError():
            helped = error.status >= 500
            return LLMConnectionError(
                f"the proxy of '{origin}' answered {error.status}",
                _PROXY_ADVICE,
                retryable=helped,
                fatal=not helped,
            )
        case aiohttp.ClientConnectorError():
            return LLMConnectionError(
                f"cannot reach '{origin}': {_reason(error.os_error)}",
                "is the server running, and is base_url right?",
            )
        case aiohttp.ClientResponseError():
            return LLMConnectionError(
                f"'{origin}' does not answer as an HTTP server does", "is base_url right?"
            )
    return LLMConnectionError(f"'{origin}' closed the connection before the answer was complete")


def not_a_url(origin: str) -> UsageError:
    """Return the error for a base_url that is none."""
    return UsageError(
        f"'{origin}' is not a URL of a server", "write it as https://host/path or http://host:port/path"
    )


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
