"""A request's own keys in its answer: a gateway that echoes headers must not get them into rows."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from functools import lru_cache

from seedbed.llm.keys.key_pieces import is_key_like
from seedbed.llm.keys.url_secrets import SHOWN_INSTEAD, url_secrets
from seedbed.plugins.fields.secret_fields import is_secret


@lru_cache(maxsize=256)
def keys_sent(url: str, headers: tuple[tuple[str, str], ...]) -> tuple[bytes, ...]:
    """Return the keys that a request carries. Kept, since an LLM sends the same ones with each request.

    The `lm-studio` that servers without keys are given isn't one: an answer may have that word.
    """
    of_headers = [value.rpartition(" ")[2] for name, value in headers if is_secret(name)]
    of_url = url_secrets(url)
    # A user and a password go into a header.
    logins = [b64encode(secret.encode()).decode() for secret in of_url if ":" in secret]
    found = {*filter(is_key_like, (*of_headers, *of_url, *logins))}
    return tuple(key.encode() for key in sorted(found, key=len, reverse=True))


def without_echo(body: bytes, keys: Iterable[bytes]) -> bytes:
    """Return the body of an answer without the keys of its request."""
    for key in keys:
        if key in body:
            body = body.replace(key, SHOWN_INSTEAD.encode())
    return body
