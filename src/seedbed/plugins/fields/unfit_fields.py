"""The error for fields that don't fit a class: those that it doesn't have, and those with a wrong value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from seedbed.errors import ParameterError
from seedbed.plugins.authoring.elsewhere import FIELDS
from seedbed.plugins.fields.field_problems import FieldProblem, no_such_field


def known_fields(cls: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a class by all names that users may write."""
    known = dict(cls.model_fields)
    for field in cls.model_fields.values():
        known |= {alias: field for alias in (field.alias, field.validation_alias) if isinstance(alias, str)}
    return known


def unknown_names(cls: type[BaseModel], given: Iterable[str]) -> list[str]:
    """Return the names that are no field of a class, unless it takes any."""
    if cls.model_config.get("extra") == "allow":
        return []
    known = known_fields(cls)
    return [name for name in given if name not in known]


def unfit_error(
    cls: type[BaseModel], unknown: Sequence[str], found: Iterable[FieldProblem], what: str
) -> ParameterError:
    """Return the error for fields of `what` that a class doesn't have, and for problems with others."""
    known = known_fields(cls)
    problems = [_unknown(name, known) for name in unknown]
    # A misspelt field may be the one that is missing, or that others need.
    problems += [one for one in found if not unknown or not one.is_of_whole]
    unfit = ParameterError(
        f"the parameters of {what} do not fit", *(line for one in problems for line in one.lines)
    )
    unfit.problems, unfit.of = problems, cls
    return unfit


def _unknown(name: str, known: Iterable[str]) -> FieldProblem:
    if name in FIELDS:
        return FieldProblem((name,), f"there is no such field; {FIELDS[name]}")
    return no_such_field((name,), known)
