"""Typed columns of a step in a pipeline file, and the `Output` class that is made from them.

schema:
  score: {type: integer, minimum: 1, maximum: 10, description: How good the answer is.}
  verdict: [good, bad]
  tags: list[string]
  reason: string?
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from datetime import date, datetime
from types import new_class
from typing import Annotated, Any, Literal, TypeAlias, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictInt,
    Tag,
    create_model,
    model_validator,
)

from seedbed.errors import UsageError
from seedbed.suggestions import did_you_mean
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.steps import BaseStep
from seedbed.tasks.task import BaseTask, Task

_SCALARS: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "date": date,
    "datetime": datetime,
}
_LIST = re.compile(r"list\[(.+)\]")
_BOUNDS: Mapping[str, str] = {
    "minimum": "ge",
    "maximum": "le",
    "min_length": "min_length",
    "max_length": "max_length",
    "pattern": "pattern",
}

# A dunder name, since all other attributes of a class are part of its code's fingerprint.
_COLUMNS = "__seedbed_columns__"

_SHORT = r"^(list\[)*(string|integer|number|boolean|date|datetime)\??(\]\??)*$"


def _form(given: Any) -> str:
    """Return which form of a column is meant, so that errors mention only that form."""
    if isinstance(given, str):
        return "short"
    return "values" if isinstance(given, list) else "full"


class ColumnEntry(BaseModel):
    """A typed column in full: its type, or its `values`, or the `fields` of an object."""

    model_config = ConfigDict(extra="forbid")

    type: ColumnType | None = Field(default=None, description="Type, in its short form.")
    values: list[bool | StrictInt | str] | None = Field(
        default=None, min_length=1, description="The only values it may have."
    )
    fields_: dict[str, ColumnType] | None = Field(
        default=None, min_length=1, alias="fields", description="Columns of an object."
    )
    items: ColumnType | None = Field(default=None, description="Type of the items of a list.")
    description: str = Field(default="", description="What the model should write there.")
    optional: bool = Field(default=False, description="Whether it may be null.")
    minimum: float | None = Field(default=None, description="Smallest number.")
    maximum: float | None = Field(default=None, description="Largest number.")
    min_length: int | None = Field(default=None, description="Fewest characters or items.")
    max_length: int | None = Field(default=None, description="Most characters or items.")
    pattern: str | None = Field(default=None, description="Regular expression that a text matches.")

    @model_validator(mode="after")
    def _check_kind(self) -> ColumnEntry:
        kinds = [self.type, self.values, self.fields_, self.items]
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("give one of `type`, `values`, `fields` and `items`")
        return self


_Short: TypeAlias = Annotated[
    str,
    Tag("short"),
    Field(
        description="string, integer, number, boolean, date, datetime, or list[TYPE]; `?`: or null.",
        json_schema_extra={"pattern": _SHORT},
    ),
]
_Values: TypeAlias = Annotated[
    list[bool | StrictInt | str],
    Tag("values"),
    Field(min_length=1, description="The only values it may have."),
]

ColumnType: TypeAlias = Annotated[
    _Short | _Values | Annotated[ColumnEntry, Tag("full")], Discriminator(_form)
]
"""A column in short form (its type's name, or its values), or in full."""

ColumnEntry.model_rebuild()


def with_schema(cls: type[BaseStep], schema: Mapping[str, Any]) -> type[BaseStep]:
    """Return a class whose rows are typed by the schema in a file.

    Raises UsageError if the step's author already declares its rows, and for an impossible column.
    """
    _check_free(cls)
    output = _model(f"{cls.__name__}Output", schema, cls.__module__)
    # It keeps the name and module of the author's class: fingerprints include both, and the typed row.
    body = {"Output": output, "__module__": cls.__module__, "__doc__": cls.__doc__, _COLUMNS: dict(schema)}
    made: type[BaseStep] = new_class(
        cls.__name__, (cls,), exec_body=lambda names: names.update(body, __qualname__=cls.__qualname__)
    )
    return made


def typed_by(cls: type[BaseStep]) -> tuple[type[BaseStep], dict[str, Any]] | None:
    """Return the class and the schema that `with_schema` made a class of; None for any other class."""
    columns = vars(cls).get(_COLUMNS)
    return (cls.__mro__[1], columns) if columns else None


def _check_free(cls: type[BaseStep]) -> None:
    advice = "a schema is for a task with one prompt and one answer for each row, such as text-generation"
    if not issubclass(cls, BaseTask):
        raise UsageError(f"'{cls.__name__}' is not a task: no model writes its columns", advice)
    own = [
        name for name in ("outputs", "format_output", "generate_row", "process") if _is_overridden(cls, name)
    ]
    if cls.Output is not None or own:
        raise UsageError(f"'{cls.__name__}' declares its rows itself, and takes no schema", advice)


def _is_overridden(cls: type[BaseTask], name: str) -> bool:
    base = GeneratorTask if issubclass(cls, GeneratorTask) else Task
    return getattr(cls, name) is not getattr(base, name)


def _model(name: str, columns: Mapping[str, Any], module: str) -> type[BaseModel]:
    fields: dict[str, Any] = {
        column: _field(f"{name}{column.title()}", column, kind, module) for column, kind in columns.items()
    }
    if "model_name" in fields:
        raise UsageError("the column 'model_name' is the framework's", "give yours another name")
    try:
        with warnings.catch_warnings():
            # A column may have the name of one of pydantic's methods: rows only have fields.
            warnings.simplefilter("ignore")
            return create_model(
                name, __config__=ConfigDict(protected_namespaces=()), __module__=module, **fields
            )
    except Exception as error:
        raise UsageError(
            f"the schema of '{name}' cannot be used: {error}", "rename the column, or fix its pattern"
        ) from error


def _field(name: str, column: str, kind: Any, module: str) -> tuple[Any, Any]:
    if not isinstance(kind, ColumnEntry):
        annotation = _annotation(name, column, kind, module)
        return annotation, Field(default=... if not _is_optional(kind) else None)
    given = {bound: value for bound in _BOUNDS if (value := getattr(kind, bound)) is not None}
    annotation = _of_entry(name, column, kind, module)
    if unfit := given.keys() - _fitting(annotation):
        raise UsageError(
            f"column '{column}' can't have {' and '.join(sorted(unfit))}",
            "minimum and maximum are for numbers; lengths for texts and lists; pattern for texts",
        )
    if given:
        annotation = Annotated[annotation, Field(**{_BOUNDS[bound]: value for bound, value in given.items()})]
    optional = kind.optional or _is_optional(kind.type)
    return (
        annotation | None if optional else annotation,
        Field(default=None if optional else ..., description=kind.description or None),
    )


def _of_entry(name: str, column: str, entry: ColumnEntry, module: str) -> Any:
    if entry.items is not None:
        return list[_annotation(name, column, entry.items, module)]  # type: ignore[misc]
    if entry.fields_ is not None:
        return _model(name, entry.fields_, module)
    if entry.values:
        return _one_of(column, entry.values)
    kind = entry.type.removesuffix("?") if isinstance(entry.type, str) else entry.type
    return _annotation(name, column, kind, module)


def _fitting(annotation: Any) -> set[str]:
    """Return the bounds that a type can have."""
    if get_origin(annotation) is list:
        return {"min_length", "max_length"}
    if annotation is str:
        return {"min_length", "max_length", "pattern"}
    return {"minimum", "maximum"} if annotation in (int, float) else set()


def _annotation(name: str, column: str, kind: Any, module: str) -> Any:
    """Return the Python type of a column in a file."""
    if isinstance(kind, ColumnEntry):
        return _field(name, column, kind, module)[0]
    if isinstance(kind, list):
        return _one_of(column, kind)
    if kind.endswith("?"):
        return _annotation(name, column, kind[:-1], module) | None
    if inner := _LIST.fullmatch(kind):
        return list[_annotation(name, column, inner[1], module)]  # type: ignore[misc]
    if kind not in _SCALARS:
        raise UsageError(
            f"column '{column}' has an unknown type '{kind}'",
            *did_you_mean(kind, _SCALARS),
            f"known types: {', '.join(_SCALARS)}, list[TYPE], and any of these followed by ?",
        )
    return _SCALARS[kind]


def _one_of(column: str, values: list[Any]) -> Any:
    if any(isinstance(value, bool) for value in values):
        raise UsageError(
            f"column '{column}' has booleans among its values",
            "YAML reads yes, no, on and off as booleans: quote them, or write `boolean`",
        )
    return Literal[tuple(values)]


def _is_optional(kind: Any) -> bool:
    return isinstance(kind, str) and kind.endswith("?")
