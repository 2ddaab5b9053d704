"""Builds an object from the fields that a user set, and explains those that don't fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from seedbed.errors import BrokenPluginError, ParameterError, SeedbedError
from seedbed.plugins.authoring.class_errors import told
from seedbed.plugins.fields.field_problems import FieldProblem, field_problems
from seedbed.plugins.fields.secret_fields import holds_secret, is_secret
from seedbed.plugins.fields.unfit_fields import known_fields, unfit_error, unknown_names
from seedbed.plugins.owner import broken_class, place_of
from seedbed.tracebacks import where

_Model = TypeVar("_Model", bound=BaseModel)

_SHORTEST_SECRET = 4
"""Shorter values, such as the "x" for servers without keys, would be masked in the middle of words."""


def build(cls: type[_Model], fields: Mapping[str, Any], what: str) -> _Model:
    """Return `cls(**fields)`, or raise `ParameterError` with one line for each field that does not fit.

    Raises `BrokenPluginError` if the class's own code fails, or if pydantic can't use the class. `what` names
    the object in messages, such as "the task 'magpie'". Values of secret or unknown fields are never shown.
    """
    known, unknown = known_fields(cls), unknown_names(cls, fields)
    # Raised outside of `except`: pydantic's own error shows input values, including secrets, so it must not
    # become the cause or context of ours.
    found: Sequence[FieldProblem] = ()
    raised: BrokenPluginError | None = None
    try:
        made = _complete(cls(**{name: value for name, value in fields.items() if name not in unknown}))
        if not unknown:
            return made
    except ValidationError as error:
        found = field_problems(error, cls, fields, known)
    except SeedbedError as error:
        if isinstance(error, ParameterError) and error.of is cls:
            # Of a class of `Parameters`: the same problems, under the name that it's called by here.
            found = error.problems
        elif not unknown:
            raise
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        raised = None if unknown else _broken(cls, error, fields, known)
    if raised is not None:
        raise raised from raised.__cause__
    raise unfit_error(cls, unknown, found, what)


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
