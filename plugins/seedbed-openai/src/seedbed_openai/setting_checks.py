"""Checks of an LLM's settings; pydantic reports their ValueErrors with the name of the field."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr


def check_address(value: str) -> None:
    """Raise ValueError if an address isn't a URL, or contains a user and a password."""
    try:
        split = urlsplit(value)
        is_server = split.scheme in ("http", "https") and _is_host(split.netloc) and split.port != 0
        # Parts of a name that are empty or too long, and ports beyond 65535.
        (split.hostname or "").encode("idna")
    except ValueError:
        is_server = False
    if not is_server or not split.hostname:
        # No reason: Python's own quotes a password that stands where a port should.
        raise ValueError("write it as https://host/path or http://host:port/path")
    # The key is sent in a header, and HTTP takes one credential only.
    if "@" in split.netloc:
        raise ValueError("leave user and password out of it, and use api_key or default_headers")


def _is_host(netloc: str) -> bool:
    # A blank in a host was looked up as a name, with retries, as if the server were down.
    return netloc.isprintable() and not any(map(str.isspace, netloc))


def check_headers(headers: Mapping[str, SecretStr]) -> None:
    """Raise ValueError for a header with characters that no header has; its value isn't quoted."""
    for name, secret in headers.items():
        text = secret.get_secret_value()
        if not (name + text).isascii() or not (name + text).isprintable() or not name.strip():
            raise ValueError(f"the header {name!r} has characters that no header has")
