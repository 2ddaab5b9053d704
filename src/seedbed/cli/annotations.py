"""The types of fields: what text on the command line they take, and how to describe them in plain words."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.embedding.embedder import Embedder

_TEXT = (str, bytes, PurePath, SecretStr, SecretBytes)
_WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    dict: "JSON object",
    list: "JSON list",
    tuple: "JSON list",
    set: "JSON list",
    frozenset: "JSON list",
    SecretStr: "secret text",
    Any: "anything",
}
_BOUNDS = {"ge": "{} or more", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}


def takes_text(annotation: Any) -> bool:
    """Whether a field of this type takes text unchanged, and not as JSON."""
    return any(_is_text(kind) for kind in _alternatives(annotation))


def takes_mapping(annotation: Any) -> bool:
    """Whether a field of this type takes any keys, which no class declares."""
    return any(kind is Any or (get_origin(kind) or kind) is dict for kind in _alternatives(annotation))


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the pydantic class that a field of this type takes, or None."""
    return next((kind for kind in _alternatives(annotation) if _is_model(kind)), None)


def choices_of(annotation: Any) -> list[str]:
    """Return the values that a field of this type takes, as text, if they can be listed."""
    found: list[str] = []
    for kind in _alternatives(annotation):
        found += ["true", "false"] if kind is bool else map(str, _choices(kind))
    return found


def plain_words(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """Return a type in plain words, with its bounds: 'whole number, 1 or more'."""
    kinds = [kind for kind in _alternatives(annotation) if kind is not type(None)]
    words = " or ".join(dict.fromkeys(map(_word, kinds))) or "nothing"
    return ", ".join([words, *_bounds([*metadata, *_inner_metadata(annotation)])])


def _alternatives(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union without their annotations; for any other type, the type itself."""
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _alternatives(part)
    else:
        yield annotation


def _is_class(kind: Any, *bases: type) -> bool:
    return isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, bases)


def _is_model(kind: Any) -> bool:
    return _is_class(kind, BaseModel)


def _is_text(kind: Any) -> bool:
    return _is_class(kind, *_TEXT) or any(isinstance(value, str) for value in _choices(kind))


def _choices(kind: Any) -> list[Any]:
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [member.value for member in kind] if _is_class(kind, Enum) else []


def _word(kind: Any) -> str:
    choices = _choices(kind)
    if choices:
        return f"one of {', '.join(map(str, choices))}"
    if _is_class(kind, BaseBackend):
        return "embedder" if issubclass(kind, Embedder) else "LLM"
    if _is_model(kind):
        return "JSON object"
    outer, inner = get_origin(kind) or kind, get_args(kind)
    word = _WORDS.get(outer) or str(getattr(outer, "__name__", outer)).lower()
    if word == "JSON list" and inner:
        return f"JSON list of {plain_words(inner[0])}"
    return word


def _inner_metadata(annotation: Any) -> Iterator[Any]:
    """Yield the metadata of `Annotated` in a union's members, including the contents of a `Field`."""
    if get_origin(annotation) is Annotated:
        for item in get_args(annotation)[1:]:
            yield from getattr(item, "metadata", None) or [item]
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _inner_metadata(part)


def _bounds(metadata: Iterable[Any]) -> list[str]:
    return [
        form.format(getattr(item, bound))
        for item in metadata
        for bound, form in _BOUNDS.items()
        if getattr(item, bound, None) is not None
    ]
