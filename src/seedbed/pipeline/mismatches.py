"""Finds comparisons in conditions and templates that no row can meet: of a text with a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any, NamedTuple

from jinja2 import nodes

from seedbed.pipeline.types import json_types
from seedbed.tasks.templates.comparisons import IN, constants_of, kinds_of
from seedbed.tasks.templates.template import sandbox

_SIGNS: Mapping[str, str] = {
    "gt": ">",
    "gteq": ">=",
    "lt": "<",
    "lteq": "<=",
    "eq": "==",
    "ne": "!=",
    "in": "in",
    "notin": "not in",
}


class Mismatch(NamedTuple):
    """A comparison of a column with a value of another type."""

    column: str
    kind: str
    sign: str
    value: str
    line: int


_EQUAL = IN | {"eq", "ne"}


def mismatches(source: str, types: Mapping[str, Any]) -> Iterator[Mismatch]:
    """Yield a template's comparisons of a column with a constant that fail for every value of its type.

    Names that the template itself assigns, whose type it tests, or that it compares with texts and with
    numbers, are left alone.
    """
    tree = sandbox().parse(source)
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    asked = {test.node.name for test in tree.find_all(nodes.Test) if isinstance(test.node, nodes.Name)}
    found = [one for one in _comparisons(tree) if one.column not in own | asked]
    for one in found:
        kinds = _kinds(types.get(one.column))
        # A column that is always null may have a value one day.
        if not kinds - {"null"} or None in one.constants or one.fits(kinds):
            continue
        # Whoever writes `n == 4 or n == '4'` knows that there may be both.
        if one.sign in _EQUAL and any(other.column == one.column and other.fits(kinds) for other in found):
            continue
        kind = " or ".join(sorted(kinds - {"null"}))
        shown = repr([*one.constants]) if one.sign in IN else repr(one.constants[0])
        yield Mismatch(one.column, kind, _SIGNS[one.sign], shown, one.line)


class _Comparison(NamedTuple):
    column: str
    sign: str
    constants: tuple[Any, ...]
    line: int

    def fits(self, kinds: Set[str]) -> bool:
        """Whether a value of these types can be compared with one of the constants, which isn't null."""
        return any(kinds & kinds_of(one) for one in self.constants if one is not None)


def _comparisons(tree: nodes.Template) -> Iterator[_Comparison]:
    """Yield the comparisons of a name with constants."""
    for compare in tree.find_all(nodes.Compare):
        left: nodes.Node = compare.expr
        for operand in compare.ops:
            for name, value in ((left, operand.expr), (operand.expr, left)):
                if not isinstance(name, nodes.Name) or (operand.op in IN and value is left):
                    continue
                if constants := constants_of(operand.op, value):
                    yield _Comparison(name.name, operand.op, constants, compare.lineno)
            left = operand.expr


def _kinds(annotation: Any) -> set[str]:
    """Return the JSON types of a column, none if unknown; true and false are numbers too."""
    kinds = json_types(annotation) if annotation is not None else set()
    if "" in kinds:
        return set()
    return kinds | {"number"} if "boolean" in kinds else kinds
