"""The settings of an LLM that its answers depend on, and the secrets that they contain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_core import to_jsonable_python

from seedbed.llm.keys.held_secrets import held_secrets
from seedbed.llm.keys.url_secrets import redacted_urls, url_secrets


def json_settings(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are set, as JSON values, without secrets."""
    # Sorted by the caller and without None: a field that a later version adds leaves old answers valid.
    values = {
        name: redacted_urls(value) if isinstance(value, str) else value for name, value in fields.items()
    }
    return {
        name: to_jsonable_python(value, fallback=lambda _: None)
        for name, value in values.items()
        if value is not None and not isinstance(value, SecretStr)
    }


def secret_values(made: BaseModel, base_url: str, key: str) -> tuple[str, ...]:
    """Return the secrets among the fields of an LLM, in `base_url`, and the key."""
    found = (*held_secrets(made), *url_secrets(base_url))
    return (*found, key) if key and key not in found else found
