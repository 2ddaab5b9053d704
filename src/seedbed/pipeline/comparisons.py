"""Finds comparisons in conditions and templates that fail for every row: of a text with a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jinja2 import nodes

from seedbed.pipeline.types import json_types
from seedbed.tasks.templates.template import sandbox

_SIGNS: Mapping[str, str] = {"gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "eq": "==", "ne": "!="}
_ANY = ("string", "number", "boolean", "null", "array", "object")


class Mismatch(NamedTuple):
    """A comparison of a column with a value of another type."""

    column: str
    kind: str
    sign: str
    value: str
    line: int


def mismatches(source: str, types: Mapping[str, Any]) -> Iterator[Mismatch]:
    """Yield a template's comparisons of a column with a constant that fail for every value of its type.

    Names that the template itself assigns, or whose type it tests, are skipped.
    """
    tree = sandbox().parse(source)
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    asked = {test.node.name for test in tree.find_all(nodes.Test) if isinstance(test.node, nodes.Name)}
    known = {column: kind for column, kind in types.items() if column not in own | asked}
    for compare in tree.find_all(nodes.Compare):
        left: nodes.Node = compare.expr
        for operand in compare.ops:
            for name, value in ((left, operand.expr), (operand.expr, left)):
                if isinstance(name, nodes.Name) and isinstance(value, nodes.Const) and operand.op in _SIGNS:
                    kinds = _kinds(known.get(name.name))
                    if kinds and not kinds & _kinds_of(value.value):
                        kind = " or ".join(sorted(kinds - {"null"}))
                        yield Mismatch(name.name, kind, _SIGNS[operand.op], repr(value.value), compare.lineno)
            left = operand.expr


def _kinds(annotation: Any) -> set[str]:
    """Return the JSON types of a column, none if unknown; true and false are numbers too."""
    kinds = json_types(annotation) if annotation is not None else set()
    if "" in kinds:
        return set()
    return kinds | {"number"} if "boolean" in kinds else kinds


def _kinds_of(value: Any) -> set[str]:
    if isinstance(value, str):
        return {"string"}
    # A comparison with null tests whether there is a value.
    return {"number", "boolean"} if isinstance(value, (int, float)) else {*_ANY}
