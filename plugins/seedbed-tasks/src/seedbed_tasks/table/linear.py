"""Constraints that are linear inequalities, such as `low + 5 <= high`, as coefficients."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TypeAlias

Terms: TypeAlias = dict[str, float]
"""Coefficients of columns; the constant is that of the empty name."""

_TURNED = {ast.LtE: (1, False), ast.Lt: (1, True), ast.GtE: (-1, False), ast.Gt: (-1, True)}


@dataclass(frozen=True)
class Linear:
    """The sum of `terms` times their columns, plus `constant`, is at most 0; less than 0 if `strict`.

    `is_plain` says that it only compares two columns, or a column and a number.
    """

    terms: Terms
    constant: float
    strict: bool
    is_plain: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, in the order in which the constraint names them."""
        return tuple(self.terms)


def linear_parts(text: str) -> list[Linear] | None:
    """Return the inequalities that an expression joins with `and`; None if it's anything else.

    linear_parts("18 <= age and age < limit")  # two of them
    """
    try:
        return [part for one in _joined(ast.parse(text.strip(), mode="eval").body) for part in _chain(one)]
    except (SyntaxError, ValueError, TypeError, RecursionError):
        return None


def _joined(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [part for value in node.values for part in _joined(value)]
    return [node]


def _chain(node: ast.expr) -> list[Linear]:
    if not isinstance(node, ast.Compare):
        raise TypeError
    sides = [node.left, *node.comparators]
    return [_inequality(sides[place], sign, sides[place + 1]) for place, sign in enumerate(node.ops)]


def _inequality(left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Linear:
    if type(sign) not in _TURNED:
        raise TypeError
    factor, strict = _TURNED[type(sign)]
    terms = _sum(_terms(left), _terms(right), -1)
    constant = terms.pop("", 0.0)
    kept = {name: factor * value for name, value in terms.items() if value}
    if not kept:
        raise ValueError
    simple = all(isinstance(side, ast.Name | ast.Constant) for side in (left, right))
    return Linear(kept, factor * constant, strict, simple)


def _terms(node: ast.expr) -> Terms:
    match node:
        case ast.Name():
            return {node.id: 1.0}
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return {"": float(value)}
        case ast.UnaryOp(op=ast.USub()):
            return _times(_terms(node.operand), -1)
        case ast.BinOp(op=ast.Add()):
            return _sum(_terms(node.left), _terms(node.right), 1)
        case ast.BinOp(op=ast.Sub()):
            return _sum(_terms(node.left), _terms(node.right), -1)
        case ast.BinOp(op=ast.Mult()):
            left, right = _terms(node.left), _terms(node.right)
            return _times(left, _constant(right)) if right.keys() <= {""} else _times(right, _constant(left))
        case ast.BinOp(op=ast.Div()):
            return _times(_terms(node.left), 1 / (_constant(_terms(node.right)) or float("nan")))
    raise TypeError


def _constant(terms: Terms) -> float:
    if terms.keys() <= {""}:
        return terms.get("", 0.0)
    raise TypeError


def _times(terms: Terms, factor: float) -> Terms:
    return {name: value * factor for name, value in terms.items()}


def _sum(one: Terms, other: Terms, factor: float) -> Terms:
    return {name: one.get(name, 0.0) + factor * other.get(name, 0.0) for name in [*one, *other]}
