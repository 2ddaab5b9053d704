"""Why the fields that a user set don't fit: the path of each as the user wrote it, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import UnionType
from typing import Annotated, Any, NamedTuple, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from seedbed.plugins.authoring.class_errors import advice_on
from seedbed.plugins.fields.field_words import in_plain_words, with_value
from seedbed.plugins.fields.secret_fields import holds_secret, is_secret
from seedbed.suggestions import did_you_mean

FieldPath: TypeAlias = tuple[str | int, ...]


class FieldProblem(NamedTuple):
    """A field that doesn't fit: the keys and numbers that lead to it, what is wrong, and what to do.

    `is_unknown` means that there's no such field, `is_of_whole` that others are needed or don't fit together,
    and `is_missing` that the path leads to a field that was needed and isn't there.
    """

    path: FieldPath
    message: str
    advice: tuple[str, ...] = ()
    is_unknown: bool = False
    is_of_whole: bool = False
    is_secret: bool = False
    is_missing: bool = False

    @property
    def lines(self) -> Iterator[str]:
        """The lines of an error message."""
        place = ".".join(map(str, self.path)) or "all fields together"
        if self.is_unknown and self.advice:
            yield f"{place}: {self.message}; {self.advice[0]}"
            return
        yield f"{place}: {self.message}"
        yield from self.advice


def field_problems(
    error: ValidationError, cls: type[BaseModel], given: Mapping[str, Any], known: Mapping[str, FieldInfo]
) -> list[FieldProblem]:
    """Return the problems in pydantic's error about `cls(**given)`; `known` are the fields of the class.

    If a field takes several types, only what is wrong with the one that was meant is reported.
    """
    found = [
        _Detail({**detail, "msg": in_plain_words(detail)}, _path_in(detail, given))
        for detail in error.errors(include_url=False, include_context=False)
    ]
    return [_problem(one, cls, known) for one in _meant(found)]


def no_such_field(path: FieldPath, known: Iterable[str], *, is_of_whole: bool = False) -> FieldProblem:
    """Return the problem of a field that doesn't exist, with the names that may have been meant."""
    names = sorted(known)
    advice = did_you_mean(str(path[-1]), names) or ((f"its fields are {', '.join(names)}",) if names else ())
    return FieldProblem(path, "there is no such field", advice, is_unknown=True, is_of_whole=is_of_whole)


class _Detail(NamedTuple):
    detail: ErrorDetails
    path: FieldPath

    @property
    def label(self) -> FieldPath:
        """The part of pydantic's path after the value that names one of its types; empty if it has one."""
        return self.detail["loc"][len(self.path) :]


def _path_in(detail: ErrorDetails, given: Any) -> FieldPath:
    """Return pydantic's path without the names of types, which users didn't write."""
    path: list[str | int] = []
    value = given
    for at, part in enumerate(loc := detail["loc"]):
        inner = _item(value, part)
        if inner is not _NOTHING:
            path.append(part)
            value = inner
        elif detail["type"] == "missing" and at == len(loc) - 1:
            path.append(part)
        elif not isinstance(value, Mapping | list | str | int | float | None):
            # An object of a class of its own.
            path.append(part)
    return tuple(path)


_NOTHING = object()


def _item(value: Any, part: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(part, _NOTHING)
    if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
        return value[part]
    return _NOTHING


def _meant(found: Sequence[_Detail]) -> Iterator[_Detail]:
    """Leave out the types of a union that the user didn't mean, and join what the others say of one value."""
    paths = [one.path for one in found]
    for path, group in groupby(sorted(found, key=lambda one: paths.index(one.path)), lambda one: one.path):
        several = list(group)
        labelled = [one for one in several if one.label]
        if labelled and any(len(other) > len(path) and other[: len(path)] == path for other in paths):
            # One of its types looked inside of the value, so that's the one.
            several = [one for one in several if not one.label]
        if len(several) > 1:
            messages = dict.fromkeys(one.detail["msg"] for one in several)
            first = several[0]
            yield _Detail({**first.detail, "msg": _joined(list(messages))}, path)
        else:
            yield from several


def _joined(messages: Sequence[str]) -> str:
    first, *others = messages
    return " or ".join([first, *(one.removeprefix("must be ") for one in others)])


def _problem(one: _Detail, cls: type[BaseModel], known: Mapping[str, FieldInfo]) -> FieldProblem:
    detail, path = one
    if detail["type"] == "missing":
        return FieldProblem(path, "this field is required", is_of_whole=True, is_missing=True)
    if detail["type"] == "extra_forbidden":
        return no_such_field(path, _names_at(cls, detail["loc"][:-1]))
    if _is_secret(path, known):
        return FieldProblem(path, "the value does not fit (it is secret and not shown)", is_secret=True)
    advice = () if path else tuple(advice_on(detail["msg"]))
    return FieldProblem(
        path, with_value(detail["msg"], detail["input"]), advice, is_of_whole=not one.detail["loc"]
    )


def _is_secret(path: FieldPath, known: Mapping[str, FieldInfo]) -> bool:
    if any(is_secret(str(part)) for part in path):
        return True
    field = known.get(str(path[0])) if path else None
    return field is not None and holds_secret(field.annotation)


def _names_at(cls: type[BaseModel], loc: FieldPath) -> set[str]:
    """Return the names of the fields that the values at pydantic's path may have."""
    annotations: list[Any] = [cls]
    for part in loc:
        annotations = [inner for one in annotations for inner in _inner(one, part)]
    models = [kind for one in annotations for kind in _kinds(one) if _is_model(kind)]
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def _inner(annotation: Any, part: str | int) -> Iterator[Any]:
    """Yield the types of a part of a value; a part may also be pydantic's name of one of the types."""
    for kind in _kinds(annotation):
        if _is_model(kind):
            fields = kind.model_fields
            named = [field.annotation for name, field in fields.items() if part in (name, field.alias)]
            yield from named or [kind]
        elif args := get_args(kind):
            is_item = isinstance(part, int) or get_origin(kind) is dict
            yield args[-1] if is_item else kind


def _kinds(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _kinds(part)
    else:
        yield annotation


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
