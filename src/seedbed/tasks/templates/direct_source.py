"""Python source for simple Jinja2 expressions, which takes a tenth of the time of a template in the sandbox.

The source answers only where the sandbox would answer the same; for a missing column, a value of another
type, or a large one, it raises. Nothing of the expression's text gets into it, except names of columns and
constants, as Python's own literals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from unicodedata import is_normalized

from jinja2 import nodes
from jinja2.tests import TESTS
from jinja2.visitor import NodeVisitor

from seedbed.tasks.templates.direct_operations import MAX_CHARACTERS, OPERATIONS

_COMPARISONS = {
    "eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in", "notin": "not in"
}  # fmt: skip
_COMPARING_TESTS = {
    "==": "==", "eq": "==", "equalto": "==", "!=": "!=", "ne": "!=", ">": ">", "gt": ">", "greaterthan": ">",
    ">=": ">=", "ge": ">=", "<": "<", "lt": "<", "lessthan": "<", "<=": "<=", "le": "<=", "in": "in"
}  # fmt: skip
_TESTS = {
    "even": "(modulo({}, 2) == 0)",
    "odd": "(modulo({}, 2) == 1)",
    "boolean": "(type({}) is bool)",
    "false": "({} is False)",
    "none": "({} is None)",
    "string": "isinstance({}, str)",
    "true": "({} is True)",
}
# These are called as Jinja2 calls them.
_JINJA_TESTS = ("float", "integer", "iterable", "lower", "mapping", "number", "sequence", "upper")
_FILTERS = {
    "abs": "magnitude({})",
    "count": "len({})",
    "first": "first({})",
    "float": "float({})",
    "int": "integer({})",
    "last": "last({})",
    "length": "len({})",
    "string": "text_of({})",
}
_TEXT_FILTERS = {"capitalize": "capitalize", "lower": "lower", "trim": "strip", "upper": "upper"}
# Methods that take linear time, and whose results have at most three times the characters of the text.
_METHODS = frozenset((
    "capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii",
    "isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "lower", "lstrip",
    "partition", "removeprefix", "removesuffix", "rfind", "rindex", "rpartition", "rsplit", "rstrip",
    "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper"
))  # fmt: skip
_MAX_DIGITS = 15
"""Digits that a number is rounded to directly: more than a float holds."""
# Jinja2 evaluates other operations on constants when it compiles an expression, with errors of their own.
_MAY_BE_CONSTANT = (
    nodes.Name,
    nodes.Const,
    nodes.Neg,
    nodes.Add,
    nodes.Mul,
    nodes.List,
    nodes.Tuple,
    nodes.Slice,
)
_SUBSCRIPTED = (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Filter)

NAMES: Mapping[str, Any] = MappingProxyType(
    {
        "__builtins__": {},
        **{made.__name__: made for made in (Exception, bool, dict, float, isinstance, len, str, type)},
        **OPERATIONS,
        **{f"test_{name}": TESTS[name] for name in _JINJA_TESTS},
    }
)
"""What the source may refer to, besides the dictionary `row`."""


class NotDirect(Exception):
    """An expression has a part for which there's no Python source."""


def direct_source(expression: nodes.Expr, global_names: frozenset[str]) -> str:
    """Return the source of a parsed expression; raise NotDirect if it isn't simple.

        direct_source(parsed, frozenset({"range"}))  # "(row['score'] >= 1)"

    The names are those that templates have besides columns.
    """
    return _Source(global_names).visit(expression)


class _Source(NodeVisitor):
    """Translates the nodes of a parsed expression; raises NotDirect at the first that it can't translate."""

    def __init__(self, global_names: frozenset[str]) -> None:
        self._globals = global_names
        self._temporaries = 0

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> str:
        # Without a column, it's a constant for Jinja2.
        if not isinstance(node, _MAY_BE_CONSTANT) and next(node.find_all(nodes.Name), None) is None:
            raise NotDirect
        return str(super().visit(node, *args, **kwargs))

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        # No method translates this kind of node.
        raise NotDirect

    def visit_Name(self, node: nodes.Name) -> str:  # noqa: N802
        # `self` is the template. Names that are one identifier for Python are one variable for Jinja2.
        if node.name == "self" or not is_normalized("NFKC", node.name):
            raise NotDirect
        return f"row[{node.name!a}]"

    def visit_Const(self, node: nodes.Const) -> str:  # noqa: N802
        value = node.value
        # Python has no literal for infinity and NaN, nor, from 4300 digits, for an integer.
        if isinstance(value, int | float) and not abs(value) < 2**63:
            raise NotDirect
        return ascii(value)

    def visit_Neg(self, node: nodes.Neg) -> str:  # noqa: N802
        if isinstance(node.node, nodes.Const) and type(node.node.value) not in (int, float):
            raise NotDirect
        return f"(-{self.visit(node.node)})"

    def visit_Not(self, node: nodes.Not) -> str:  # noqa: N802
        return f"(not {self.visit(node.node)})"

    def visit_And(self, node: nodes.And) -> str:  # noqa: N802
        return f"({self.visit(node.left)} and {self.visit(node.right)})"

    def visit_Or(self, node: nodes.Or) -> str:  # noqa: N802
        return f"({self.visit(node.left)} or {self.visit(node.right)})"

    def visit_CondExpr(self, node: nodes.CondExpr) -> str:  # noqa: N802
        if node.expr2 is None:
            raise NotDirect
        return f"({self.visit(node.expr1)} if {self.visit(node.test)} else {self.visit(node.expr2)})"

    def visit_Compare(self, node: nodes.Compare) -> str:  # noqa: N802
        operands = (f" {_COMPARISONS[operand.op]} {self.visit(operand.expr)}" for operand in node.ops)
        return f"({self.visit(node.expr)}{''.join(operands)})"

    def visit_Sub(self, node: nodes.Sub) -> str:  # noqa: N802
        return f"({self.visit(node.left)} - {self.visit(node.right)})"

    def visit_Div(self, node: nodes.Div) -> str:  # noqa: N802
        return f"({self.visit(node.left)} / {self.visit(node.right)})"

    def visit_FloorDiv(self, node: nodes.FloorDiv) -> str:  # noqa: N802
        return f"({self.visit(node.left)} // {self.visit(node.right)})"

    def visit_Add(self, node: nodes.Add) -> str:  # noqa: N802
        left, right = self.visit(node.left), self.visit(node.right)
        # To a number only numbers can be added, whose sum isn't bounded.
        return f"({left} + {right})" if _has_number(node) else f"plus({left}, {right})"

    def visit_Mul(self, node: nodes.Mul) -> str:  # noqa: N802
        return f"times({self.visit(node.left)}, {self.visit(node.right)})"

    def visit_Mod(self, node: nodes.Mod) -> str:  # noqa: N802
        return f"modulo({self.visit(node.left)}, {self.visit(node.right)})"

    def visit_Pow(self, node: nodes.Pow) -> str:  # noqa: N802
        return f"power({self.visit(node.left)}, {self.visit(node.right)})"

    def visit_Concat(self, node: nodes.Concat) -> str:  # noqa: N802
        return f"joined({', '.join(map(self.visit, node.nodes))})"

    def visit_List(self, node: nodes.List) -> str:  # noqa: N802
        return _literal(node, f"[{', '.join(map(self.visit, node.items))}]")

    def visit_Tuple(self, node: nodes.Tuple) -> str:  # noqa: N802
        return _literal(node, f"({' '.join(f'{self.visit(item)},' for item in node.items)})")

    def visit_Getattr(self, node: nodes.Getattr) -> str:  # noqa: N802
        # Jinja2 prefers an attribute of a dictionary, such as `items`, to its key.
        if hasattr(dict, node.attr):
            raise NotDirect
        return f"{self._exactly(dict, node.node)}[{node.attr!a}]"

    def visit_Getitem(self, node: nodes.Getitem) -> str:  # noqa: N802
        # Python warns of the subscript of a literal.
        if not isinstance(node.node, _SUBSCRIPTED):
            raise NotDirect
        return f"{self.visit(node.node)}[{self.visit(node.arg)}]"

    def visit_Slice(self, node: nodes.Slice) -> str:  # noqa: N802
        return ":".join(self.visit(part) if part else "" for part in (node.start, node.stop, node.step))

    def visit_Call(self, node: nodes.Call) -> str:  # noqa: N802
        args = self._constants(node)
        if not isinstance(node.node, nodes.Getattr) or node.node.attr not in _METHODS:
            raise NotDirect
        return f"{self._exactly(str, node.node.node)}.{node.node.attr}({', '.join(args)})"

    def visit_Filter(self, node: nodes.Filter) -> str:  # noqa: N802
        if node.node is None:
            raise NotDirect
        match node.name, self._constants(node):
            case name, [] if name in _FILTERS:
                return _FILTERS[name].format(self.visit(node.node))
            case name, [] if name in _TEXT_FILTERS:
                return f"{self._exactly(str, node.node)}.{_TEXT_FILTERS[name]}()"
            case "join", [*args] if _are_separators(node.args):
                return f"texts_joined({', '.join([self.visit(node.node), *args])})"
            case "round", [*args] if _are_digits(node.args):
                return f"rounded({', '.join([self.visit(node.node), *args])})"
            case "default" | "d", [value]:
                return f"small({self._get(node.node, value)})"
            case "default" | "d", [value, "True"]:
                return f"(small({self._get(node.node, value)}) or {value})"
        raise NotDirect

    def visit_Test(self, node: nodes.Test) -> str:  # noqa: N802
        if node.dyn_args or node.dyn_kwargs or node.kwargs:
            raise NotDirect
        match node.name, node.args:
            case "defined", []:
                return self._has(node.node)
            case "undefined", []:
                return f"(not {self._has(node.node)})"
            case name, [] if name in _TESTS:
                return _TESTS[name].format(self.visit(node.node))
            case name, [] if name in _JINJA_TESTS:
                return f"test_{name}({self.visit(node.node)})"
            case name, [other] if name in _COMPARING_TESTS:
                return f"({self.visit(node.node)} {_COMPARING_TESTS[name]} {self.visit(other)})"
        raise NotDirect

    def _exactly(self, kind: type, node: nodes.Node) -> str:
        """Return the source of a value that gives up unless it's a dictionary, or a text that isn't long."""
        self._temporaries += 1
        value = f"t{self._temporaries}"
        short = f" and len({value}) <= {MAX_CHARACTERS}" if kind is str else ""
        return f"({value} if type({value} := {self.visit(node)}) is {kind.__name__}{short} else give_up())"

    def _place(self, node: nodes.Node) -> tuple[str, str]:
        """Return the source of a dictionary, and of a key in it that may be missing."""
        if isinstance(node, nodes.Name) and node.name not in self._globals:
            self.visit(node)
            return "row", ascii(node.name)
        if isinstance(node, nodes.Getattr) and not hasattr(dict, node.attr):
            return self._exactly(dict, node.node), ascii(node.attr)
        raise NotDirect

    def _has(self, node: nodes.Node) -> str:
        place, key = self._place(node)
        return f"({key} in {place})"

    def _get(self, node: nodes.Node, default: str) -> str:
        place, key = self._place(node)
        return f"{place}.get({key}, {default})"

    def _constants(self, node: nodes.Call | nodes.Filter) -> list[str]:
        if node.dyn_args or node.dyn_kwargs or node.kwargs or not all(map(_is_constant, node.args)):
            raise NotDirect
        return [self.visit(arg) for arg in node.args]


def _is_constant(node: nodes.Node) -> bool:
    return isinstance(node.node if isinstance(node, nodes.Neg) else node, nodes.Const)


def _has_number(node: nodes.BinExpr) -> bool:
    sides = (node.left, node.right)
    return any(isinstance(side, nodes.Const) and type(side.value) in (int, float) for side in sides)


def _literal(node: nodes.List | nodes.Tuple, source: str) -> str:
    return source if all(map(_is_constant, node.items)) else f"literal({source})"


def _are_separators(args: Sequence[nodes.Expr]) -> bool:
    return len(args) <= 1 and all(isinstance(arg, nodes.Const) and type(arg.value) is str for arg in args)


def _are_digits(args: Sequence[nodes.Expr]) -> bool:
    return len(args) <= 1 and all(
        isinstance(arg, nodes.Const) and type(arg.value) is int and arg.value <= _MAX_DIGITS for arg in args
    )
