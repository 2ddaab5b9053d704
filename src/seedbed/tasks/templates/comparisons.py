"""Comparisons of an expression that depend on a value's type: of a column with constants, by `==` or `in`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from jinja2 import nodes

from seedbed.tasks.rows import Row
from seedbed.tasks.templates.template import sandbox

IN = frozenset({"in", "notin"})
_ANY = frozenset({"string", "number", "boolean", "null", "array", "object"})
_NUMBER = frozenset({"number", "boolean"})
_WORDS: Mapping[type, str] = {str: "text", int: "a number", float: "a number"}


def constants_of(sign: str, value: nodes.Node) -> tuple[Any, ...]:
    """Return what an operator compares with: a constant, or those in a list; empty if one isn't known."""
    if sign not in IN:
        return (value.value,) if isinstance(value, nodes.Const) else ()
    items = value.items if isinstance(value, nodes.List | nodes.Tuple) else []
    known = tuple(item.value for item in items if isinstance(item, nodes.Const))
    return known if len(known) == len(items) else ()


def kinds_of(value: Any) -> frozenset[str]:
    """Return the JSON types of the values that a constant can be compared with."""
    if isinstance(value, str):
        return frozenset({"string"})
    # A comparison with null tests whether there is a value.
    return _NUMBER if isinstance(value, (int, float)) else _ANY


class Equality(NamedTuple):
    """A comparison of a column with constants, which are texts (`is_text`) or numbers."""

    column: str
    constants: tuple[Any, ...]
    is_text: bool


def never_equal(source: str, row: Row) -> str:
    """Return why a condition can't hold for a row: `'score' is text here, and 4 is a number`.

    That's so if a column is a number, and equal to a text or in a list of texts is asked for, or the other
    way round. Empty if it can hold.
    """
    for column, constants, is_text in equalities(source):
        value = row.get(column)
        if type(value) in _WORDS and isinstance(value, str) is not is_text:
            shown = ", ".join(map(repr, constants))
            are = "is" if len(constants) == 1 else "are"
            other = "text" if is_text else ("a number" if len(constants) == 1 else "numbers")
            return f"'{column}' is {_WORDS[type(value)]} here, and {shown} {are} {other}"
    return ""


@lru_cache(maxsize=256)
def equalities(source: str) -> tuple[Equality, ...]:
    """Return the comparisons by `==` and `in` whose constants are all texts, or all numbers."""
    return tuple(_found(sandbox().parse(source)))


def _found(tree: nodes.Template) -> Iterator[Equality]:
    for compare in tree.find_all(nodes.Compare):
        if len(compare.ops) != 1:
            continue
        (operand,) = compare.ops
        sides = [(compare.expr, operand.expr)]
        if operand.op == "eq":
            sides.append((operand.expr, compare.expr))
        for name, value in sides:
            if not isinstance(name, nodes.Name) or operand.op not in ("eq", "in"):
                continue
            constants = constants_of(operand.op, value)
            kinds = {isinstance(one, str) for one in constants if type(one) in _WORDS}
            if len(kinds) == 1 and all(type(one) in _WORDS for one in constants):
                yield Equality(name.name, constants, kinds.pop())
