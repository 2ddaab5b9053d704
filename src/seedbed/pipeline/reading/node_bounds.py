"""Bounds for the nodes of a YAML document: a small file can describe a value of any size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

MAX_DEPTH = 100
"""Lists and mappings within each other. A pipeline file has about ten."""

MAX_NODES = 200_000
"""Values in all, each alias counted as what it stands for."""

MAX_NUMBER = 400
"""Characters of a number or a date. YAML has numbers to base 60, which take quadratic time to read."""

_PREFIX = "tag:yaml.org,2002:"
_NUMBERS = frozenset({f"{_PREFIX}{name}" for name in ("int", "float", "timestamp")})
_ALLOWED = _NUMBERS | {
    f"{_PREFIX}{name}" for name in ("str", "bool", "null", "seq", "map", "merge", "value", "binary")
}

QUOTED = 'write NAME: VALUE, and a text with `{{` or `: ` in quotes: "{{ name }}"'


class InvalidNode(NamedTuple):
    """What is wrong with a document, where, and what to do about it."""

    mark: Any
    """Where: an object with `line` and `column` from 0. libyaml's marks are of a class of their own."""
    fact: str
    advice: str


def check_depth(text: str, loader: type[yaml.SafeLoader]) -> InvalidNode | None:
    """Return what is nested too deeply; the parser that makes nodes calls itself for each level."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return _too_deep(event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def invalid_nodes(root: yaml.Node) -> Iterator[InvalidNode]:
    """Yield what a pipeline file can't have: tags, keys that are there twice, values without end.

    The nodes must be nested at most `MAX_DEPTH` deep, not counting aliases.
    """
    yield from _Nodes().invalid(root)


class _Nodes:
    def __init__(self) -> None:
        self._sizes: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def invalid(self, node: yaml.Node) -> Iterator[InvalidNode]:
        """Yield what is wrong with a node and those within, and note its size and depth."""
        if id(node) in self._sizes:
            return
        if node.tag not in _ALLOWED:
            tag = node.tag.replace(_PREFIX, "!!")
            yield InvalidNode(
                node.start_mark, f"has the tag {tag!r}, which isn't allowed", "write the value without a tag"
            )
        if isinstance(node, yaml.ScalarNode):
            self._sizes[id(node)] = (1, 0)
            if node.tag in _NUMBERS and len(node.value) > MAX_NUMBER:
                fact = f"has a number of {len(node.value):,} characters"
                yield InvalidNode(node.start_mark, fact, "put text in quotes")
            return
        self._open.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield from _invalid_keys(node)
        parts = parts_of(node)
        for part in parts:
            if id(part) in self._open:
                fact = "has an alias for the value that it's in"
                yield InvalidNode(node.start_mark, fact, "write the value out")
                # Nothing can be made of it.
                self._sizes[id(part)] = (MAX_NODES + 1, MAX_DEPTH + 1)
                continue
            yield from self.invalid(part)
        self._open.discard(id(node))
        sizes = [self._sizes[id(part)] for part in parts]
        size, depth = 1 + sum(size for size, _ in sizes), 1 + max((depth for _, depth in sizes), default=0)
        self._sizes[id(node)] = size, depth
        if size > MAX_NODES and all(inner <= MAX_NODES for inner, _ in sizes):
            fact = f"describes more than {MAX_NODES:,} values"
            yield InvalidNode(
                node.start_mark, fact, "leave aliases out, and keep rows in a file of their own"
            )
        elif depth > MAX_DEPTH and all(inner <= MAX_DEPTH for _, inner in sizes):
            yield _too_deep(node.start_mark)


def parts_of(node: yaml.Node) -> list[yaml.Node]:
    """Return the items of a list, or the keys and values of a mapping."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value)


def _invalid_keys(node: yaml.MappingNode) -> Iterator[InvalidNode]:
    lines: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            yield InvalidNode(key.start_mark, "has a list or a mapping as a key", QUOTED)
        elif key.tag in (f"{_PREFIX}bool", f"{_PREFIX}null"):
            fact = f"has the key '{key.value}', which YAML reads as {key.tag.removeprefix(_PREFIX)}"
            yield InvalidNode(key.start_mark, fact, f'write "{key.value}" in quotes')
        elif key.tag != f"{_PREFIX}merge" and (key.tag, key.value) in lines:
            fact = f"has the key '{key.value}' again: line {lines[key.tag, key.value]} has it too"
            yield InvalidNode(key.start_mark, fact, "remove one of them")
        else:
            lines[key.tag, key.value] = key.start_mark.line + 1


def _too_deep(mark: Any) -> InvalidNode:
    return InvalidNode(mark, "is nested too deeply", "a pipeline file needs only a few levels")
