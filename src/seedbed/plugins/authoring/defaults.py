"""Finds invalid defaults of fields, since pydantic itself doesn't validate defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from seedbed.errors import UsageError
from seedbed.plugins.fields.copies import copied
from seedbed.plugins.fields.field_words import in_plain_words
from seedbed.plugins.fields.secret_fields import holds_secret, is_secret

_SHOWN = 60


def odd_defaults(made: BaseModel) -> Iterator[str]:
    """Yield a sentence for each default that an object uses and that doesn't fit its type."""
    cls = type(made)
    for name, field in cls.model_fields.items():
        if name in made.model_fields_set or _is_the_frameworks(cls, name):
            continue
        value = getattr(made, name)
        if isinstance(value, BaseModel) or field.is_required():
            continue
        try:
            # On a copy: a validator may change the object.
            other = copied(made)
            cls.__pydantic_validator__.validate_assignment(other, name, value)
            if said := _unmade(value, getattr(other, name)):
                yield f"the default {value!r:.{_SHOWN}} of '{name}' does not fit: {said}"
        except ValidationError as error:
            shown = "" if is_secret(name) else f" {value!r:.{_SHOWN}}"
            yield f"the default{shown} of '{name}' does not fit: {_said(error)}"
        except Exception:  # noqa: BLE001 - a validator that fails in another way says nothing of the default
            continue


def check_defaults(cls: type[BaseModel]) -> None:
    """Raise UsageError if a class gives one of the framework's fields a default of the wrong type."""
    for name, field in cls.model_fields.items():
        owner = next((base for base in _ours(cls) if name in base.model_fields), None)
        if owner is None or field.default in (PydanticUndefined, owner.model_fields[name].default):
            continue
        if said := _misfit(owner.model_fields[name], field.default):
            shown = "" if is_secret(name) else f" {field.default!r:.{_SHOWN}}"
            raise UsageError(
                f"the default{shown} of '{name}' in {cls.__name__!r} does not fit: {said}",
                f"'{name}' is a field of every {owner.__name__}, which relies on its type",
            )


def _misfit(wanted: FieldInfo, default: object) -> str:
    """Return why a default doesn't fit a field; empty if it does."""
    if isinstance(default, str) and holds_secret(wanted.annotation):
        # Pydantic would accept a plain str, but then it wouldn't be masked as a secret.
        return "it must be a SecretStr"
    # `Annotated` needs at least one argument, so there is the name; pydantic ignores it.
    annotation: Any = Annotated[wanted.annotation, "default", *wanted.metadata]
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    try:
        # Strict, since nothing converts a default later, as pydantic converts a user's value.
        made = adapter.validate_python(
            default, strict=not isinstance(default, list | tuple | set | frozenset)
        )
    except ValidationError as error:
        return _said(error)
    return _unmade(default, made)


def _unmade(default: object, made: object) -> str:
    """Return why a default isn't an object although what pydantic makes of it is: a reference stays text."""
    if isinstance(made, BaseModel) and not isinstance(default, BaseModel):
        return f"it must be an instance of {type(made).__name__}; nothing converts a default"
    return ""


def _said(error: ValidationError) -> str:
    words = in_plain_words(error.errors(include_url=False, include_context=False)[0])
    return f"it {words}" if words.startswith("must ") else words


def _ours(cls: type) -> Iterator[type[BaseModel]]:
    """Yield the framework's classes among a class and its bases."""
    return (
        base for base in cls.__mro__ if base.__module__.startswith("seedbed.") and issubclass(base, BaseModel)
    )


def _is_the_frameworks(cls: type[BaseModel], name: str) -> bool:
    own = cls.model_fields[name]
    return any(
        (field.default, field.default_factory) == (own.default, own.default_factory)
        for base in _ours(cls)
        if (field := base.model_fields.get(name)) is not None
    )
