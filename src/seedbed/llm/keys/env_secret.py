"""`${env:NAME}` in a pipeline file: a secret that the environment holds, and not the file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from seedbed.errors import UsageError

_REFERENCE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")


class EnvSecret(SecretStr):
    """A secret from an environment variable that a pipeline file names.

    It's the user's, not the file's: the guard of keys treats it like one that a backend reads itself.
    """

    def __init__(self, secret: str, variable: str) -> None:
        super().__init__(secret)
        self.variable = variable


def variable_in(value: object) -> str | None:
    """Return NAME if a value is `${env:NAME}` and nothing else, or None."""
    match = _REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    return match[1] if match else None


def mentions_env(text: str) -> bool:
    """Whether a text has `${env:NAME}` anywhere."""
    return _REFERENCE.search(text) is not None


def with_env_secrets(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with each `${env:NAME}` replaced by the secret; raise UsageError if it isn't set."""
    return {name: _secret(value) for name, value in fields.items()}


def _secret(value: Any) -> Any:
    variable = variable_in(value)
    if variable is None:
        return value
    if not (secret := os.environ.get(variable, "").strip()):
        raise UsageError(
            f"the file reads a secret from {variable}, which isn't set", f"export {variable}=... in the shell"
        )
    return EnvSecret(secret, variable)
