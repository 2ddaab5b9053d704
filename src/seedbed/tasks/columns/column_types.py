"""Typed columns as a pipeline file declares them, and the pydantic class that is made from them.

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

# For the JSON Schema of pipeline files alone: `_annotation` reads the short form.
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

_Full: TypeAlias = Annotated[ColumnEntry, Tag("full")]

ColumnType: TypeAlias = Annotated[_Short | _Values | _Full, Discriminator(_form)]
"""A column in short form (its type's name, or its values), or in full."""

ColumnEntry.model_rebuild()


def row_model(name: str, columns: Mapping[str, ColumnType], module: str = __name__) -> type[BaseModel]:
    """Return a pydantic class with these fields.

        row_model("Person", {"name": "string", "born": "integer?", "role": ["author", "editor"]})

    The types are those of `schema` in a pipeline file; a field of the type `dict[str, ColumnType]` takes them
    from users. `module` is where the class says that it's from. Raises UsageError for a type that doesn't
    exist, and for names that no column can have.
    """
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
    """Return the annotation of a column, and pydantic's `Field` for it.

    `name` is that of the class for an object in the column, `kind` the column's type as users write it.
    """
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
    """Return the Python type of a column in full, without its bounds."""
    if entry.items is not None:
        return list[_annotation(name, column, entry.items, module)]  # type: ignore[misc]
    if entry.fields_ is not None:
        return row_model(name, entry.fields_, module)
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
