"""Secrets that LLMs and steps hold in their fields, also where a field's type doesn't say so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from seedbed.llm.keys.key_pieces import is_key_like
from seedbed.llm.keys.url_secrets import SHOWN_INSTEAD, holds_url_secret, redacted_urls, url_secrets
from seedbed.plugins.fields.secret_fields import holds_secret, is_secret

_ASSIGNED = re.compile(r"[?&;]([\w.-]+)=.")
_SHORTEST = 8
"""Letters of a text that counts as a secret by the name of its field alone."""


def _is_long(text: str) -> bool:
    return len(text) >= _SHORTEST


def held_secrets(made: BaseModel, counts: Callable[[str], bool] = _is_long) -> Iterator[str]:
    """Yield the secrets in the fields of an object: by their type, their name, or in an address.

    `extra={"api_key": ...}` counts, and a key that was assigned without being checked. `counts` says which
    plain texts do that are secret by a name alone.
    """
    for name, value in vars(made).items():
        declared = _is_declared(type(made), name)
        yield from texts_of(value, declared or is_secret(name), _is_long if declared else counts)


def secrets_of_step(step: BaseModel) -> Iterator[str]:
    """Yield the secrets in the fields of a step; by name alone only what can't be the name of a column."""
    return held_secrets(step, is_key_like)


def texts_of(value: Any, secret: bool = False, counts: Callable[[str], bool] = _is_long) -> Iterator[str]:
    """Yield the secrets in a value; `secret` says that all of it is one, whatever its type."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("utf-8", "replace")
    elif isinstance(value, str):
        if secret and counts(value):
            # With and without "Bearer": a server may quote either.
            yield from dict.fromkeys((value, value.rpartition(" ")[2]))
        elif "://" in value:
            yield from url_secrets(value)
    elif isinstance(value, BaseModel):
        yield from held_secrets(value, counts)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from texts_of(item, secret or is_secret(str(name)), counts)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from texts_of(item, secret, counts)


def names_secret(text: str) -> bool:
    """Whether a text that isn't secret itself has one in it: in an address, or as in `m?api_key=...`."""
    return holds_url_secret(text) or any(map(is_secret, _ASSIGNED.findall(text)))


def without_secrets(value: Any, secret: bool = False) -> Any:
    """Return a value as it may be shown: without plain texts that are secret, and those in addresses."""
    if isinstance(value, str):
        return SHOWN_INSTEAD if secret and value else redacted_urls(value)
    if isinstance(value, Mapping):
        return {name: without_secrets(item, secret or is_secret(str(name))) for name, item in value.items()}
    if isinstance(value, list | tuple):
        shown = [without_secrets(item, secret) for item in value]
        return shown if isinstance(value, list) else tuple(shown)
    return value


def shown_field(cls: type[BaseModel], name: str | None, value: Any) -> Any:
    """Return the value of a field as it may be shown."""
    return without_secrets(value, name is not None and _is_secret(cls, name))


def shown_in_step(name: str | None, value: Any) -> Any:
    """Return the value of a step's field as it may be shown: the name of a column is often called `key`."""
    if not isinstance(value, str):
        return value
    return without_secrets(value, name is not None and is_secret(name) and is_key_like(value))


def sealed(cls: type[BaseModel], name: str, value: Any) -> Any:
    """Return what is assigned to a field, with plain texts as SecretStr if its type says so.

    Pydantic doesn't check what is assigned.
    """
    if not _is_declared(cls, name):
        return value
    if isinstance(value, str):
        return SecretStr(value)
    if isinstance(value, Mapping):
        return {key: SecretStr(item) if isinstance(item, str) else item for key, item in value.items()}
    return value


def _is_secret(cls: type[BaseModel], name: str) -> bool:
    return is_secret(name) or _is_declared(cls, name)


def _is_declared(cls: type[BaseModel], name: str) -> bool:
    field = cls.model_fields.get(name)
    return field is not None and holds_secret(field.annotation)
