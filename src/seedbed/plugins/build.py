"""Making an object from the fields that a user set, and explaining those that do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from seedbed.errors import ParameterError
from seedbed.plugins.suggest import did_you_mean

_Model = TypeVar("_Model", bound=BaseModel)

_SECRET = re.compile(r"(^|_)(key|secret|password|token|credentials?|auth|authorization|headers?)($|_)|apikey")
_SHOWN = 60


def build(cls: type[_Model], fields: Mapping[str, Any], what: str) -> _Model:
    """Return `cls(**fields)`, or raise `ParameterError` with one line for each field that does not fit.

    `what` says in messages what is built, such as "the task 'magpie'". Values of secret or
    unknown fields are never shown.
    """
    known = _known_fields(cls)
    unknown = (
        [] if cls.model_config.get("extra") == "allow" else [name for name in fields if name not in known]
    )
    # The problems are raised outside of `except`: pydantic's own error shows input values, secrets among
    # them, and must not travel as a cause or context of ours.
    problems = [_unknown(name, known) for name in unknown]
    if not problems:
        try:
            return cls(**fields)
        except ValidationError as error:
            problems = list(_problems(error, known))
    raise ParameterError(f"the parameters of {what} do not fit", *problems)


def _known_fields(cls: type[BaseModel]) -> dict[str, FieldInfo]:
    known = dict(cls.model_fields)
    for field in cls.model_fields.values():
        known |= {alias: field for alias in (field.alias, field.validation_alias) if isinstance(alias, str)}
    return known


def _unknown(name: str, known: Iterable[str]) -> str:
    hint = did_you_mean(name, known) or (f"its fields are {', '.join(sorted(known))}",)
    return f"{name}: there is no such field; {hint[0]}"


def _problems(error: ValidationError, known: Mapping[str, FieldInfo]) -> Iterator[str]:
    for detail in error.errors(include_url=False, include_context=False):
        path = ".".join(str(part) for part in detail["loc"]) or "all fields together"
        yield f"{path}: {_problem(detail, known)}"


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
    return field is not None and _holds_secret(field.annotation)


def _holds_secret(annotation: Any) -> bool:
    if annotation in (SecretStr, SecretBytes):
        return True
    return any(_holds_secret(part) for part in getattr(annotation, "__args__", ()))


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
