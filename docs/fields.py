"""Puts a table of its fields under the docstring of a class: an extension of griffe for reference/api.md."""

from __future__ import annotations

import ast
import re
from typing import Any, NamedTuple

import griffe

_CONSTRAINED = re.compile(r"Annotated\[(\w+), Field\([^)]*\)\]")


class _Field(NamedTuple):
    name: str
    type: str
    default: str
    meaning: str


class FieldTables(griffe.Extension):
    """Tells of fields without a docstring: those of pydantic models, dataclasses and named tuples."""

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """Put the table behind what the docstring says."""
        fields = [_field(member) for member in cls.members.values() if _is_field(member)]
        if fields:
            text = cls.docstring.value if cls.docstring else ""
            cls.docstring = griffe.Docstring(f"{text}\n\n{_table(fields)}", parent=cls)


def _is_field(member: griffe.Object | griffe.Alias) -> bool:
    return (
        isinstance(member, griffe.Attribute)
        and not member.name.startswith("_")
        and member.docstring is None
        and member.annotation is not None
        and "instance-attribute" in member.labels
    )


def _field(member: griffe.Attribute) -> _Field:
    kind = _CONSTRAINED.sub(r"\1", str(member.annotation))
    value = member.value
    if not isinstance(value, griffe.ExprCall) or str(value.function) not in ("Field", "field"):
        return _Field(member.name, kind, "" if value is None else str(value), "")
    given = {part.name: str(part.value) for part in value.arguments if isinstance(part, griffe.ExprKeyword)}
    meaning = ast.literal_eval(given["description"]) if "description" in given else ""
    return _Field(member.name, kind, given.get("default", ""), meaning)


def _table(fields: list[_Field]) -> str:
    rows = [(f"`{one.name}`", _code(one.type), _code(one.default), one.meaning) for one in fields]
    titles = ("field", "type", "default", "meaning")
    shown = [column for column in range(4) if column < 2 or any(row[column] for row in rows)]
    lines = [titles, *rows]
    # A bar inside of code is none to Python-Markdown; behind a backslash it would show that.
    cells = [[line[column] for column in shown] for line in lines]
    cells.insert(1, ["---"] * len(shown))
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
