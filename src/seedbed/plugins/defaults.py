"""Defaults that no user could have given: pydantic itself never looks at them."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError

from seedbed.plugins.build import is_secret

_SHOWN = 60


def odd_defaults(made: BaseModel) -> Iterator[str]:
    """Yield a sentence on each default of an object's class that is in effect and does not fit its type."""
    cls = type(made)
    for name, field in cls.model_fields.items():
        if name in made.model_fields_set or _is_the_frameworks(cls, name):
            continue
        value = getattr(made, name)
        if isinstance(value, BaseModel) or field.is_required():
            continue
        try:
            # On a copy: a validator may change what it is given.
            cls.__pydantic_validator__.validate_assignment(made.model_copy(), name, value)
        except ValidationError as error:
            said = error.errors(include_url=False, include_context=False)[0]["msg"]
            shown = "" if is_secret(name) else f" {value!r:.{_SHOWN}}"
            message = said.removeprefix("Value error, ")
            yield f"the default{shown} of '{name}' does not fit: {message[:1].lower()}{message[1:]}"
        except Exception:  # noqa: BLE001 - a validator that fails in another way says nothing of the default
            continue


def _is_the_frameworks(cls: type[BaseModel], name: str) -> bool:
    own = cls.model_fields[name]
    return any(
        (field.default, field.default_factory) == (own.default, own.default_factory)
        for base in cls.__mro__
        if base.__module__.startswith("seedbed.") and issubclass(base, BaseModel)
        if (field := base.model_fields.get(name)) is not None
    )
