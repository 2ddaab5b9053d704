"""Secrets in environment variables that libraries read by themselves, such as HF_TOKEN and PGPASSWORD."""

from __future__ import annotations

import os

from seedbed.llm.keys.key_pieces import is_key_like
from seedbed.plugins.fields.secret_fields import is_secret

_SHORTEST_PASSWORD = 8


def environment_secrets() -> list[str]:
    """Return the values of variables that are secret by their names, and no words, numbers or paths.

    A server that echoes what a library sent it must not get them into a reason that a run keeps.
    """
    return [
        value
        for name, value in os.environ.items()
        if is_secret(name) and not value.startswith(("/", "~", ".")) and _counts(name, value)
    ]


def _counts(name: str, value: str) -> bool:
    is_password = "PASSW" in name.upper() and len(value) >= _SHORTEST_PASSWORD
    return is_password or is_key_like(value)
