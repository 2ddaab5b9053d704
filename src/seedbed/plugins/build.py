"""Builds an object from the fields that a user set, and explains those that don't fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from seedbed.errors import BrokenPluginError, ParameterError, SeedbedError
from seedbed.plugins.class_errors import advice_on, told
from seedbed.plugins.elsewhere import FIELDS
from seedbed.plugins.owner import broken_class, place_of
from seedbed.suggestions import did_you_mean
from seedbed.tracebacks import where

_Model = TypeVar("_Model", bound=BaseModel)

_SECRET = re.compile(r"(^|_)(key|secret|password|token|credentials?|auth|authorization|headers?)($|_)|apikey")
_SHOWN = 60
_SHORTEST_SECRET = 4
"""Shorter values, such as the "x" for servers without keys, would be masked in the middle of words."""


def build(cls: type[_Model], fields: Mapping[str, Any], what: str) -> _Model:
    """Return `cls(**fields)`, or raise `ParameterError` with one line for each field that does not fit.

    Raises `BrokenPluginError` if the class's own code fails, or if pydantic can't use the class. `what` names
    the object in messages, such as "the task 'magpie'". Values of secret or unknown fields are never shown.
    """
    known = _known_fields(cls)
    unknown = (
        [] if cls.model_config.get("extra") == "allow" else [name for name in fields if name not in known]
    )
    # Raised outside of `except`: pydantic's own error shows input values, including secrets, so it must not
    # become the cause or context of ours.
    problems = [_unknown(name, known) for name in unknown]
    raised: BrokenPluginError | None = None
    if not problems:
        try:
            return _complete(cls(**fields))
        except ValidationError as error:
            problems = list(_problems(error, known))
        except SeedbedError:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
            raised = _broken(cls, error, fields, known)
    if raised is not None:
        raise raised from raised.__cause__
    raise ParameterError(f"the parameters of {what} do not fit", *problems)


def _complete(made: _Model) -> _Model:
    """Return the object; raise TypeError if its own `__init__` left it incomplete."""
    if not hasattr(made, "__pydantic_fields_set__"):
        raise TypeError("its `__init__` takes no parameters to super().__init__(**parameters)")
    return made


def _broken(
    cls: type[BaseModel], error: Exception, fields: Mapping[str, Any], known: Mapping[str, FieldInfo]
) -> BrokenPluginError:
    """Return the error for what the class's own code raised, or for a class that pydantic cannot use."""
    fact, advice = told(error)
    place = where(error) or ", ".join(place_of(cls))
    lines = [f"making it raised {fact}", *((f"in {place.removeprefix('in ')}",) if place else ()), *advice]
    shown = lines
    for secret in _secrets(fields, known):
        shown = [line.replace(secret, "[secret]") for line in shown]
    broken = broken_class(cls, *shown)
    broken.__cause__ = error if shown == lines else None
    return broken


def _secrets(fields: Mapping[str, Any], known: Mapping[str, FieldInfo]) -> Iterator[str]:
    """Yield values that must not be shown: those of secret fields, and URLs, which may hold a password."""
    for name, value in fields.items():
        field = known.get(name)
        text = value.get_secret_value() if isinstance(value, SecretStr | SecretBytes) else value
        if len(str(text or "")) >= _SHORTEST_SECRET and (
            is_secret(name) or "://" in str(text) or (field and holds_secret(field.annotation))
        ):
            yield str(text)


def _known_fields(cls: type[BaseModel]) -> dict[str, FieldInfo]:
    known = dict(cls.model_fields)
    for field in cls.model_fields.values():
        known |= {alias: field for alias in (field.alias, field.validation_alias) if isinstance(alias, str)}
    return known


def _unknown(name: str, known: Iterable[str]) -> str:
    if name in FIELDS:
        return f"{name}: there is no such field; {FIELDS[name]}"
    hint = did_you_mean(name, known) or (f"its fields are {', '.join(sorted(known))}",)
    return f"{name}: there is no such field; {hint[0]}"


def _problems(error: ValidationError, known: Mapping[str, FieldInfo]) -> Iterator[str]:
    for detail in error.errors(include_url=False, include_context=False):
        path = ".".join(str(part) for part in detail["loc"]) or "all fields together"
        yield f"{path}: {_problem(detail, known)}"
        if not detail["loc"]:
            yield from advice_on(detail["msg"])


def _problem(detail: ErrorDetails, known: Mapping[str, FieldInfo]) -> str:
    if detail["type"] == "missing":
        return "this field is required"
    if detail["type"] == "extra_forbidden":
        return "there is no such field"
    if _is_secret(detail, known):
        return "the value does not fit (it is secret and not shown)"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{message[:1].lower()}{message[1:]}{_received(detail['input'])}"


def is_secret(name: str) -> bool:
    """Whether a field of this name, such as `api_key` or `default_headers.cookie`, may hold a secret."""
    return any(_SECRET.search(part.lower()) for part in name.split("."))


def _is_secret(detail: ErrorDetails, known: Mapping[str, FieldInfo]) -> bool:
    if any(is_secret(str(part)) for part in detail["loc"]):
        return True
    field = known.get(str(detail["loc"][0])) if detail["loc"] else None
    return field is not None and holds_secret(field.annotation)


def holds_secret(annotation: Any) -> bool:
    """Whether a field of this type holds a secret."""
    if annotation in (SecretStr, SecretBytes):
        return True
    return any(holds_secret(part) for part in getattr(annotation, "__args__", ()))


def _received(value: object) -> str:
    """Quote a short plain value; a container may hold a secret, and a URL a password or a key."""
    if (
        value is None
        or isinstance(value, int | float)
        or (isinstance(value, str) and not {*"@?#"} & {*value})
    ):
        text = repr(value)
        return f", not {text}" if len(text) <= _SHOWN else ""
    return ""
