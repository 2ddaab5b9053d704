"""From what went wrong on the wire, before there was an answer, to the typed error that it means."""

from __future__ import annotations

import os
import socket
import ssl

from seedbed.errors import (
    InvalidResponseError,
    LLMConnectionError,
    LLMError,
    SeedbedError,
    TimedOutError,
    UsageError,
)
from seedbed.llm.http.certificates import is_file_missing
from seedbed.llm.http.wire_errors import (
    PROXY_LOGIN_WANTED,
    CannotConnect,
    ConnectTimeout,
    Disconnected,
    EndlessHeaders,
    NotAURL,
    NotHTTP,
    ProxyRefused,
    TooLong,
    WireError,
)

_UNKNOWN_ISSUER = (2, 18, 19, 20, 21, 27)
"""OpenSSL's codes for a certificate chain that ends with an issuer we don't trust."""
_TLS_ALERT = b"\x15\x03"
_NO_ADDRESS = {getattr(socket, name, None) for name in ("EAI_NONAME", "EAI_NODATA")}
_NOT_IN_TIME = (9, 10)
"""OpenSSL's codes for a certificate that isn't valid yet, or no longer."""
_NO_CERTIFICATE = "if it wants a certificate of yours: ask it through a program on this machine that has one"
_LOGIN_ADVICE = "it wants a user and a password: they go before its host in the variable, as user:password@"
_PROXY_ADVICE = "check HTTP_PROXY and HTTPS_PROXY, or leave this server out with NO_PROXY"


def connection_error(error: WireError, origin: str, *, is_proxied: bool = False) -> SeedbedError:
    """Return the typed error for what went wrong on a request to `origin`, a URL that may be shown."""
    failure = _connection_error(error, origin)
    if is_proxied and isinstance(failure, LLMError) and not isinstance(error, TooLong | ProxyRefused):
        # Whatever broke, it may be either of them: only the connection to the proxy is ours.
        failure.advice = tuple(dict.fromkeys((*failure.advice, f"a proxy is asked for it: {_PROXY_ADVICE}")))
    return failure


def _connection_error(error: WireError, origin: str) -> SeedbedError:
    """Return the typed error.

    Only what may go away by itself is retryable. A certificate or a wrong scheme won't, and each of 21 tries
    would take a handshake.
    """
    match error:
        case NotAURL():
            return not_a_url(origin)
        case CannotConnect():
            return _unconnected(error, origin)
        case ConnectTimeout():
            fact = f"cannot reach '{origin}' within {error.seconds:g} s"
            return TimedOutError(fact, "is the server running, and is base_url right?")
        case ProxyRefused():
            # A proxy's 5xx may be about the server behind it; 403 and 407 are about the user.
            helped = error.status >= 500
            return LLMConnectionError(
                f"the proxy of '{origin}' answered {error.status}",
                *((_LOGIN_ADVICE,) if error.status == PROXY_LOGIN_WANTED else ()),
                _PROXY_ADVICE,
                retryable=helped,
                fatal=not helped,
            )
        case NotHTTP():
            return LLMConnectionError(f"'{origin}' doesn't answer like an HTTP server", "is base_url right?")
        case EndlessHeaders():
            fact = f"'{origin}' sends headers without an end: more than {error.most:,} bytes"
            return LLMConnectionError(fact, "is base_url right?")
        case TooLong():
            return InvalidResponseError(f"the answer of '{origin}' is longer than {error.most:,} bytes")
    begun = isinstance(error, Disconnected) and error.is_begun
    advice = () if begun else ("is base_url right, and its port?",)
    return LLMConnectionError(f"'{origin}' closed the connection before the answer was complete", *advice)


def may_be_wrong_scheme(error: WireError) -> bool:
    """Whether an error may come from http:// to an HTTPS port, or the other way round."""
    match error:
        case CannotConnect():
            # With a certificate or an alert, it does speak TLS.
            is_tls = _is_unverified(error) or "ALERT" in (getattr(error.cause, "reason", None) or "")
            return isinstance(error.cause, ssl.SSLError | ConnectionResetError) and not is_tls
        case NotHTTP():
            return error.start.startswith(_TLS_ALERT)
        case Disconnected():
            return not error.is_begun
    return False


def _unconnected(error: CannotConnect, origin: str) -> LLMConnectionError:
    if error.is_proxy and not _is_unverified(error):
        return LLMConnectionError(f"cannot reach the proxy of '{origin}': {_reason(error)}")
    if _is_unverified(error):
        return _unverified(error.cause, f"the proxy of '{origin}'" if error.is_proxy else f"'{origin}'")
    if isinstance(error.cause, ssl.SSLError):
        reason = _reason(error)
        advice = _NO_CERTIFICATE if "certificate" in reason else "is base_url right, and its port?"
        return LLMConnectionError(
            f"no secure connection to '{origin}': {reason}", advice, retryable=False, fatal=True
        )
    if not _reason(error):
        # That's all that a handshake says if the server ends it without a reason.
        return LLMConnectionError(
            f"'{origin}' closed the connection before it was secure", "is base_url right, and its port?"
        )
    failure = LLMConnectionError(
        f"cannot reach '{origin}': {_reason(error)}", "is the server running, and is base_url right?"
    )
    failure.is_unknown_host = _has_no_address(error.cause)
    return failure


def _has_no_address(cause: OSError) -> bool:
    """Whether a name server has said that a name has no address; not that it couldn't be asked."""
    return isinstance(cause, socket.gaierror) and cause.errno in _NO_ADDRESS


def _is_unverified(error: CannotConnect) -> bool:
    return isinstance(error.cause, ssl.SSLCertVerificationError)


def wrong_scheme(origin: str, scheme: str) -> LLMConnectionError:
    """Return the error for a server that speaks `scheme` instead of the one in `origin`.

    Fatal: plain HTTP to an HTTPS port looked like a lost connection, and was tried 21 times for each row.
    """
    names = {"http": "plain HTTP", "https": "HTTPS"}
    return LLMConnectionError(
        f"the server at '{origin}' speaks {names[scheme]}",
        f"write {scheme}:// in base_url",
        retryable=False,
        fatal=True,
    )


def _unverified(error: Exception, server: str) -> LLMConnectionError:
    """Return the error for a certificate, with the reason, and how to trust its issuer if that's it."""
    reason = getattr(error, "verify_message", "") or "unknown reason"
    advice = "set SSL_CERT_FILE or REQUESTS_CA_BUNDLE to the certificates of your organisation"
    if is_file_missing():
        advice = "SSL_CERT_FILE names a file that isn't there"
    elif getattr(error, "verify_code", 0) in _NOT_IN_TIME:
        advice = "is this machine's clock right? if so, whoever runs the server has to renew it"
    elif getattr(error, "verify_code", 0) not in _UNKNOWN_ISSUER:
        advice = "is base_url right? only whoever runs the server can mend its certificate"
    return LLMConnectionError(
        f"the certificate of {server} cannot be verified: {reason}", advice, retryable=False, fatal=True
    )


def not_a_url(origin: str) -> UsageError:
    """Return the error for a base_url that isn't a URL."""
    return UsageError(
        f"'{origin}' is not a URL of a server", "write it as https://host/path or http://host:port/path"
    )


def _reason(error: CannotConnect) -> str:
    cause = error.cause
    if isinstance(cause, ssl.SSLError) and cause.reason:
        # "TLSV13_ALERT_CERTIFICATE_REQUIRED"; the text has a line of C in it, too.
        return cause.reason.lower().replace("_", " ")
    # asyncio's own text has an address as Python writes it. Numbers below zero are those of the DNS.
    if (cause.errno or 0) > 0 and not isinstance(cause, ssl.SSLError):
        return os.strerror(cause.errno or 0)
    return cause.strerror or str(cause)
