"""Finds the values in the fields of a step that are paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from seedbed.tasks.files import Files


def with_paths(
    cls: type[BaseModel],
    fields: Mapping[str, Any],
    *,
    path: Callable[[str], str],
    pattern: Callable[[str], str],
) -> dict[str, Any]:
    """Return the fields of a step with its paths and its patterns of `Files` replaced, each by a function."""

    def of_value(annotation: Any, value: Any) -> Any:
        kinds = [*_alternatives(annotation)]
        if isinstance(value, Mapping):
            if items := next((get_args(kind) for kind in kinds if _is_mapping(kind)), ()):
                return {name: of_value(items[1], item) for name, item in value.items()}
            models = [kind for kind in kinds if _is_model(kind) and _may_be(kind, value)]
            return {name: of_field(models, name, item) for name, item in value.items()}
        if isinstance(value, list):
            items = next((get_args(kind) for kind in kinds if get_args(kind)), ())
            return [of_value(items[0], item) if items else item for item in value]
        if any(_is_class(kind, Files) for kind in kinds):
            return _mapped(pattern, value)
        return _mapped(path, value) if any(_is_class(kind, PurePath) for kind in kinds) else value

    def of_field(models: Sequence[type[BaseModel]], name: str, value: Any) -> Any:
        for model in models:
            if (field := _field_called(model, name)) is not None:
                made = of_value(field.annotation, value)
                # Several may fit: what is a path for one of them must not stay as the file has it.
                if _is_resolved(made, value):
                    return made
        return value

    return {name: of_field([cls], name, value) for name, value in fields.items()}


def _is_resolved(made: Any, value: Any) -> bool:
    """Whether a value isn't as the file has it, or may not be asked like one of the user's."""
    if isinstance(value, Mapping):
        return any(_is_resolved(made[name], item) for name, item in value.items())
    if isinstance(value, list):
        return any(map(_is_resolved, made, value))
    return type(made) is not type(value) or bool(made != value)


def _mapped(resolve: Callable[[str], str], value: Any) -> Any:
    return resolve(value) if isinstance(value, str) else value


def _field_called(model: type[BaseModel], name: str) -> FieldInfo | None:
    """Return the field that a file calls by its name or its alias."""
    named = (field for field in model.model_fields.values() if name in (field.alias, field.validation_alias))
    return model.model_fields.get(name) or next(named, None)


def _alternatives(annotation: Any) -> Iterator[Any]:
    """Yield the types that a value may have: an annotation without `Annotated` and `Union`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _alternatives(part)
    else:
        yield annotation


def _is_class(kind: Any, wanted: type) -> bool:
    return isinstance(kind, type) and not get_args(kind) and issubclass(kind, wanted)


def _is_model(kind: Any) -> bool:
    return _is_class(kind, BaseModel)


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _may_be(model: type[BaseModel], value: Mapping[str, Any]) -> bool:
    """Whether the fields that tell the models of a union apart have the values of this one."""
    return all(
        name not in value or value[name] in get_args(field.annotation)
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) is Literal
    )
