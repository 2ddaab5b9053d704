"""Which fields hold secrets, by their names and types: their values are never shown."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pydantic import SecretBytes, SecretStr

_SECRET = re.compile(
    r"(^|_)(key|api_keys|secrets?|passwd|pwd|passphrase|token|credentials?|auth|authorization|bearer|headers?"
    r"|cookies?|dsn)($|_)|apikey|password"
)
# A prompt's cache key is a name that its user chose, and `RAY_AUTH_MODE` says what kind of login there is.
_NO_SECRET = re.compile(r"cache_key$|_(mode|type|scheme)$", re.IGNORECASE)
_NEW_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether a field or header of this name, `api_key` or `X-Api-Key`, or one in it may hold a secret."""
    if _NO_SECRET.search(name):
        return False
    words = (re.sub(r"\W", "_", _NEW_WORD.sub("_", part)).lower() for part in name.split("."))
    return any(map(_SECRET.search, words))


def holds_secret(annotation: Any) -> bool:
    """Whether a field of this type holds a secret."""
    if annotation in (SecretStr, SecretBytes):
        return True
    return any(holds_secret(part) for part in getattr(annotation, "__args__", ()))
