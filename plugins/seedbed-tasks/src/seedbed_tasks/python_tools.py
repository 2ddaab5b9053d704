"""Tools from a Python file: its typed functions, read from the text without running any of it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

from seedbed import UsageError

_SIMPLE: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "list": {"type": "array"},
    "dict": {"type": "object"},
    "None": {"type": "null"},
    "Any": {},
}
_LISTS = ("list", "List", "Sequence", "Iterable", "Collection")
_OBJECTS = ("dict", "Dict", "Mapping")
_KINDS = {bool: "boolean", int: "integer", str: "string"}
_KNOWN = (
    "types are str, int, float, bool, None, list[T], tuple[T, ...], dict[str, T], T | U, Literal, Annotated"
)

# "city: The city.", "city (str): The city." and ":param city: The city.", as docstrings say it.
_ARGUMENT = re.compile(
    r"^[ \t]*(?::param[ \t]+)?`?(\w+)`?[ \t]*(?:\([^()\n]*\))?[ \t]*:[ \t]+(\S.*)$", re.MULTILINE
)


def read_python_tools(source: str, path: str) -> list[dict[str, Any]]:
    """Return the public functions at the top level of a source as tools: name, description, parameters.

    What they do is the first paragraph of the docstring; a parameter is described by its line there, or by
    `Annotated[str, "..."]`. Raises UsageError with the line for what isn't Python, for a parameter without a
    type or with one that JSON lacks, and for a file without functions.
    """
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else 1
        raise UsageError(f"{path}:{line} isn't Python: {error}", "mend the file") from error
    functions = [node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    public = [node for node in functions if not node.name.startswith("_")]
    if not public:
        raise UsageError(
            f"'{path}' has no functions at its top level", "define them there: def weather(city: str) -> str:"
        )
    return [_Function(node, path).tool() for node in public]


class _Function:
    """A function that is being read, and the file for the messages."""

    def __init__(self, node: ast.FunctionDef | ast.AsyncFunctionDef, path: str) -> None:
        self._node, self._path = node, path

    def tool(self) -> dict[str, Any]:
        docstring = ast.get_docstring(self._node) or ""
        described = dict(_ARGUMENT.findall(docstring))
        properties, required = {}, []
        for argument, default in self._arguments():
            schema = self._argument_schema(argument)
            if argument.arg in described and "description" not in schema:
                schema["description"] = described[argument.arg].strip()
            if default is None:
                required.append(argument.arg)
            else:
                schema |= _default(default)
            properties[argument.arg] = schema
        parameters = {"type": "object", "properties": properties, "required": required}
        summary = " ".join(inspect.cleandoc(docstring).partition("\n\n")[0].split())
        return {"name": self._node.name, "description": summary, "parameters": parameters}

    def _arguments(self) -> list[tuple[ast.arg, ast.expr | None]]:
        given = self._node.args
        if odd := [*given.posonlyargs, *filter(None, (given.vararg, given.kwarg))]:
            raise self._error(odd[0], f"parameter '{odd[0].arg}' has no name that a call can give")
        missing = len(given.args) - len(given.defaults)
        defaults: Sequence[ast.expr | None] = [*[None] * missing, *given.defaults]
        return [
            *zip(given.args, defaults, strict=True),
            *zip(given.kwonlyargs, given.kw_defaults, strict=True),
        ]

    def _argument_schema(self, argument: ast.arg) -> dict[str, Any]:
        if argument.annotation is None:
            raise self._error(argument, f"parameter '{argument.arg}' has no type")
        return self._schema(argument.annotation, argument)

    def _schema(self, node: ast.expr, argument: ast.arg) -> dict[str, Any]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._schema(self._parsed(node.value, argument), argument)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union([node.left, node.right], argument)
        if isinstance(node, ast.Subscript):
            inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
            if (made := self._generic(_name(node.value), inner, argument)) is not None:
                return made
        name = "None" if isinstance(node, ast.Constant) and node.value is None else _name(node)
        if name not in _SIMPLE:
            raise self._error(argument, f"parameter '{argument.arg}' has a type that JSON lacks")
        return dict(_SIMPLE[name])

    def _generic(self, name: str, inner: list[ast.expr], argument: ast.arg) -> dict[str, Any] | None:
        if name in _LISTS and len(inner) == 1:
            return {"type": "array", "items": self._schema(inner[0], argument)}
        if name in ("tuple", "Tuple"):
            return self._tuple(inner, argument)
        if name in _OBJECTS and len(inner) == 2:
            return {"type": "object", "additionalProperties": self._schema(inner[1], argument)}
        if name in ("Union", "Optional"):
            none: list[ast.expr] = [ast.Constant(None)] if name == "Optional" else []
            return self._union([*inner, *none], argument)
        if name == "Literal":
            return self._literal(inner, argument)
        if name == "Annotated":
            texts = [one.value for one in inner[1:] if isinstance(one, ast.Constant)]
            about = [{"description": text} for text in texts if isinstance(text, str)][:1]
            return {**self._schema(inner[0], argument), **(about[0] if about else {})}
        return None

    def _tuple(self, inner: list[ast.expr], argument: ast.arg) -> dict[str, Any]:
        if len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is ...:
            return {"type": "array", "items": self._schema(inner[0], argument)}
        parts = [self._schema(one, argument) for one in inner]
        bounds = {"minItems": len(parts), "maxItems": len(parts)}
        return {"type": "array", "prefixItems": parts, "items": False, **bounds}

    def _union(self, inner: list[ast.expr], argument: ast.arg) -> dict[str, Any]:
        parts: list[dict[str, Any]] = []
        for one in inner:
            made = self._schema(one, argument)
            parts += made["anyOf"] if set(made) == {"anyOf"} else [made]
        return {"anyOf": parts}

    def _literal(self, inner: list[ast.expr], argument: ast.arg) -> dict[str, Any]:
        values = [one.value for one in inner if isinstance(one, ast.Constant)]
        if len(values) < len(inner) or any(type(one) not in (*_KINDS, type(None)) for one in values):
            raise self._error(argument, f"parameter '{argument.arg}' has a Literal that JSON lacks")
        kinds = {_KINDS.get(type(value)) for value in values}
        kind = kinds.pop() if len(kinds) == 1 else None
        return {**({"type": kind} if kind else {}), "enum": values}

    def _parsed(self, text: str, argument: ast.arg) -> ast.expr:
        try:
            return ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise self._error(argument, f"parameter '{argument.arg}' has a type that isn't Python") from error

    def _error(self, argument: ast.arg, fact: str) -> UsageError:
        shown = f": '{ast.unparse(argument.annotation)[:80]}'" if argument.annotation else ""
        place = f"{self._path}:{argument.lineno}"
        return UsageError(
            f"{place}: {fact}, in function '{self._node.name}'{shown}",
            _KNOWN,
            "a name that begins with '_' makes a function no tool",
        )


def _name(node: ast.expr) -> str:
    """Return the last part of a dotted name: `Literal` of `typing.Literal`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _default(node: ast.expr) -> dict[str, Any]:
    """Return the default of a parameter, if it's a plain value that JSON has."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return {}
    is_plain = value is None or type(value) in (str, int, bool) or (type(value) is float and isfinite(value))
    return {"default": value} if is_plain else {}
