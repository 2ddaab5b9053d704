"""The definitions of a JSON Schema, and which of them contain themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seedbed.llm.schemas.dialects import Unsayable

_PLACES = ("#/$defs/", "#/definitions/")


class References:
    """What references in a schema refer to; the schema itself has the empty name."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        # `definitions` is the older name, which schemas written by hand and pydantic 1 use.
        self._definitions: dict[str, Any] = {
            **root.get("definitions", {}),
            **root.get("$defs", {}),
            "": {key: value for key, value in root.items() if key not in ("$defs", "definitions")},
        }
        self.recursive = self._recursive()
        """The names of definitions that contain themselves."""

    def name(self, reference: object, path: tuple[str, ...]) -> str:
        """Return the name that a reference refers to; raise Unsayable for references to anywhere else."""
        found = _name(reference)
        if found is None:
            raise Unsayable(f"the reference {reference!r}", path)
        return found

    def definition(self, name: str, path: tuple[str, ...]) -> Mapping[str, Any]:
        """Return the schema of a name; raise Unsayable if there's none."""
        found = self._definitions.get(name)
        if not isinstance(found, Mapping):
            raise Unsayable(f"a reference to '{name}', which isn't defined", path)
        return found

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a schema with its reference replaced by the definition, and what is next to it added."""
        followed: set[str] = set()
        while "$ref" in schema:
            name = self.name(schema["$ref"], ())
            if name in followed or not name:
                raise Unsayable("a reference to itself", ())
            followed.add(name)
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self.definition(name, ()), **beside}
        return schema

    def _recursive(self) -> frozenset[str]:
        # Through several others, too: A contains B, which contains A. So it's repeated until nothing is
        # added.
        reached = {name: set(_names_in(schema)) for name, schema in self._definitions.items()}
        grows = True
        while grows:
            before = sum(map(len, reached.values()))
            for names in reached.values():
                names.update(*(reached.get(name, ()) for name in [*names]))
            grows = sum(map(len, reached.values())) > before
        return frozenset(name for name, names in reached.items() if name in names)


def pointer(name: str) -> str:
    """Return the reference to a definition."""
    return f"{_PLACES[0]}{name.replace('~', '~0').replace('/', '~1')}"


def _name(reference: object) -> str | None:
    if reference == "#":
        return ""
    text = str(reference)
    for place in _PLACES:
        if text.startswith(place):
            return text.removeprefix(place).replace("~1", "/").replace("~0", "~")
    return None


def _names_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _names_in(item)
    elif isinstance(schema, Mapping):
        name = _name(schema["$ref"]) if isinstance(schema.get("$ref"), str) else None
        if name is not None:
            yield name
        for value in schema.values():
            yield from _names_in(value)
