"""How large a JSON Schema may be in a provider's dialect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from seedbed.llm.schemas.definitions import pointer
from seedbed.llm.schemas.dialects import SchemaDialect, Unsayable

MOST_NODES = 20_000
"""Definitions that replace references may double at each level, without end."""
# OpenAI limits the characters of an enum only if it has more values than this.
_MANY_VALUES = 250


def check_limits(schema: Mapping[str, Any], dialect: SchemaDialect) -> None:
    """Raise Unsayable for the first limit of the dialect that a schema exceeds."""
    properties = values = characters = unions = 0
    for count, node in enumerate(_nodes(schema)):
        if count > MOST_NODES:
            raise Unsayable(f"more than {MOST_NODES:,} types")
        names = [*node.get("properties", ()), *node.get("$defs", ())]
        chosen = node.get("enum", ())
        properties += len(node.get("properties", ()))
        values += len(chosen)
        characters += _length(names) + _length(chosen)
        unions += "anyOf" in node
        if len(chosen) > _MANY_VALUES:
            _within(_length(chosen), dialect.max_enum_characters, "characters of values to choose from")
    _within(properties, dialect.max_properties, "properties")
    _within(values, dialect.max_enum_values, "values to choose from")
    _within(characters, dialect.max_characters, "characters of names and values")
    _within(unions, dialect.max_unions, "alternatives of types")
    _within(_Depths(schema).of(schema), dialect.max_depth, "objects inside of each other")


def _length(values: Iterable[object]) -> int:
    return sum(len(str(value)) for value in values)


def _within(found: int, most: int | None, what: str) -> None:
    if most is not None and found > most:
        raise Unsayable(f"more than {most:,} {what} (there are {found:,})")


def _nodes(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += _parts(node)
        waiting += node.get("$defs", {}).values()


def _parts(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = [*node.get("properties", {}).values(), *node.get("anyOf", ()), *node.get("prefixItems", ())]
    single = [node.get("items"), node.get("additionalProperties")]
    return listed + [part for part in single if isinstance(part, Mapping)]


class _Depths:
    """How many objects are inside of each other, following each reference once."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._definitions = {pointer(name): held for name, held in root.get("$defs", {}).items()}
        self._known: dict[str, int] = {}

    def of(self, node: Mapping[str, Any]) -> int:
        name = str(node.get("$ref", ""))
        if name in self._definitions:
            return self._of_definition(name)
        deepest = max((self.of(part) for part in _parts(node)), default=0)
        return deepest + (node.get("type") == "object")

    def _of_definition(self, name: str) -> int:
        if name not in self._known:
            # 0 until it's known: a type that contains itself counts once.
            self._known[name] = 0
            self._known[name] = self.of(self._definitions[name])
        return self._known[name]
