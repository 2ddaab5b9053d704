"""An HTTP/1.1 request as bytes, and where it goes."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

from seedbed.llm.http.wire_errors import NotAURL

_PORTS = {"http": 80, "https": 443}
# All that may stand in a path or a query, and the percent sign: what is escaped already stays.
_KEPT = "%/:?@!$&'()*+,;=~[]"
_DEFAULTS = (("accept", "application/json"), ("accept-encoding", "gzip, deflate"), ("user-agent", "seedbed"))


class Target(NamedTuple):
    """What a URL says of a request: where to connect to, the `Host` header, the path with its query.

    `login` is the value of the header `authorization`, if there's a user and a password in the URL.
    """

    host: str
    port: int
    is_secure: bool
    authority: str
    path: str
    login: str = ""


@lru_cache(maxsize=256)
def target_of(url: str) -> Target:
    """Return what a URL says; raise NotAURL if it names no server."""
    try:
        split = urlsplit(url)
        port = split.port
        name, zone = _zoned(split.hostname or "")
        host = _name(name)
    except ValueError:
        # `from None`, since its text may quote the password.
        raise NotAURL from None
    # Port 0 is none: it would be taken for the usual one.
    if split.scheme not in _PORTS or not host or port == 0:
        raise NotAURL
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port in (None, _PORTS[split.scheme]) else f"{shown}:{port}"
    path = quote(split.path or "/", _KEPT) + (f"?{quote(split.query, _KEPT)}" if split.query else "")
    port = port or _PORTS[split.scheme]
    return Target(host + zone, port, split.scheme == "https", authority, path, _login(split))


@lru_cache(maxsize=256)
def head_of(method: str, target: Target, headers: tuple[tuple[str, str], ...]) -> bytes:
    """Return the head of a request, except for the length of its body; raise ValueError for a line break."""
    # Kept: an LLM sends the same head with each request.
    given = {name.lower() for name, _ in headers}
    own = [("host", target.authority), *_DEFAULTS]
    if target.login:
        own.append(("authorization", target.login))
    lines = [*((name, value) for name, value in own if name not in given), *headers]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    # One more line would be a header of a stranger's, or a second request.
    if head.count("\r") != len(lines) or head.count("\n") != len(lines) or "\0" in head:
        raise ValueError("a header has a line break in it")
    return f"{method} {target.path} HTTP/1.1\r\n{head}".encode()


def request_bytes(head: bytes, body: bytes | None) -> bytes:
    """Return a whole request."""
    if body is None:
        return head + b"\r\n"
    return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)


def _zoned(host: str) -> tuple[str, str]:
    """Return a host, and the zone of an IPv6 address: `%eth0`, written `%25eth0` in a URL (RFC 6874).

    It says by which of its own interfaces a machine reaches an address, and no server is told.
    """
    host, percent, zone = host.partition("%")
    if not percent or ":" not in host:
        return host + percent + zone, ""
    return host, f"%{zone.removeprefix('25')}"


def _name(host: str) -> str:
    """Return a host as the DNS has it: "bücher.example" is "xn--bcher-kva.example" there."""
    if not host.isprintable() or any(map(str.isspace, host)):
        raise NotAURL
    # Names in ASCII too: "a..b" and parts of more than 63 letters are none, as the resolver would find out.
    return host.encode("idna").decode() if host else ""


def _login(split: SplitResult) -> str:
    if split.username is None:
        return ""
    login = f"{unquote(split.username)}:{unquote(split.password or '')}"
    return f"Basic {b64encode(login.encode()).decode()}"
