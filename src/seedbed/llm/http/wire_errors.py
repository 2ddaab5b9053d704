"""What goes wrong on the wire before there is an answer; `connection_errors` says what each of them means."""

from __future__ import annotations

PROXY_LOGIN_WANTED = 407
"""The status that only a proxy answers with."""


class WireError(Exception):
    """There is no answer."""


class NotAURL(WireError):
    """The URL names no server."""


class CannotConnect(WireError):
    """No connection to the server, or to the proxy in front of it; `cause` may be an `ssl.SSLError`."""

    def __init__(self, cause: OSError, *, is_proxy: bool = False) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.is_proxy = is_proxy


class ConnectTimeout(WireError):
    """No connection within so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:g} s")
        self.seconds = seconds


class ProxyRefused(WireError):
    """The proxy answered instead of the server."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class NotHTTP(WireError):
    """What came isn't HTTP; `start` is how it begins."""

    def __init__(self, start: bytes) -> None:
        super().__init__(repr(start))
        self.start = start


class EndlessHeaders(WireError):
    """There are more than `most` bytes of headers, or of what is around the pieces of a body."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most:,} bytes")
        self.most = most


class Disconnected(WireError):
    """The connection was closed before the answer was complete; `is_begun` says that it had begun."""

    def __init__(self, *, is_begun: bool = False) -> None:
        super().__init__()
        self.is_begun = is_begun


class TooLong(WireError):
    """The body of the answer has more than `most` bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most:,} bytes")
        self.most = most
