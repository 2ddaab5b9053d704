"""Which fields hold secrets, by their names and types: their values are never shown."""

from __future__ import annotations

import re
from typing import Any

from pydantic import SecretBytes, SecretStr

_SECRET = re.compile(r"(^|_)(key|secret|password|token|credentials?|auth|authorization|headers?)($|_)|apikey")


def is_secret(name: str) -> bool:
    """Whether a field of this name, such as `api_key` or `default_headers.cookie`, may hold a secret."""
    return any(_SECRET.search(part.lower()) for part in name.split("."))


def holds_secret(annotation: Any) -> bool:
    """Whether a field of this type holds a secret."""
    if annotation in (SecretStr, SecretBytes):
        return True
    return any(holds_secret(part) for part in getattr(annotation, "__args__", ()))
