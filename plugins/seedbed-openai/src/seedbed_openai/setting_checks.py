"""Checks of an LLM's settings; pydantic reports their ValueErrors with the name of the field."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr


def check_address(value: str) -> None:
    """Raise ValueError if an address isn't a URL, or contains a user and a password."""
    split = urlsplit(value)
    # A blank in a host was looked up as a name, with retries, as if the server were down.
    if split.scheme not in ("http", "https") or not split.hostname or not _is_host(split.netloc):
        raise ValueError("write it as https://host/path or http://host:port/path")
    # The key is sent in a header, and HTTP takes one credential only.
    if "@" in split.netloc:
        raise ValueError("leave user and password out of it, and use api_key or default_headers")


def _is_host(netloc: str) -> bool:
    return netloc.isprintable() and not any(map(str.isspace, netloc))


def check_headers(headers: Mapping[str, SecretStr]) -> None:
    """Raise ValueError for a header with characters that no header has; its value isn't quoted."""
    for name, secret in headers.items():
        text = secret.get_secret_value()
        if not (name + text).isascii() or not (name + text).isprintable() or not name.strip():
            raise ValueError(f"the header {name!r} has characters that no header has")
