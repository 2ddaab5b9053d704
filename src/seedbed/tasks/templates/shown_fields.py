"""What a prompt template sees of the fields of its task: data, but no backend and no key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr

from seedbed.llm.base_backend import BaseBackend

_PLAIN = (str, int, float, bool, NoneType, Ellipsis)


def shown_fields(values: Mapping[str, Any], cls: type[BaseModel], base: type[BaseModel]) -> dict[str, Any]:
    """Return the values of the fields that `cls` has and `base` hasn't, as data.

    A stranger may have written the template, so a field that is a backend is left out, and a backend within a
    list or a dictionary is its reference: `{{ judges[0].api_key }}` has nothing to read.
    """
    return {
        name: values[name] if is_plain else _as_data(values[name])
        for name, is_plain in _fields(cls, base)
        if not isinstance(values[name], BaseBackend)
    }


@cache
def _fields(cls: type[BaseModel], base: type[BaseModel]) -> tuple[tuple[str, bool], ...]:
    """Return the fields by name, and whether their type holds plain values alone.

    Those aren't copied for each row: a list of topics may be long.
    """
    own = ((name, field) for name, field in cls.model_fields.items() if name not in base.model_fields)
    return tuple((name, _is_plain(field.annotation)) for name, field in own)


def _is_plain(annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return True
    parts = get_args(annotation)
    return all(map(_is_plain, parts)) if parts else annotation in _PLAIN


def _as_data(value: Any) -> Any:
    if isinstance(value, BaseBackend):
        return value.reference
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, SecretStr):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _as_data(one) for key, one in value.items()}
    return [_as_data(one) for one in value] if isinstance(value, list | tuple | set | frozenset) else value
