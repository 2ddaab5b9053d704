"""From a JSON Schema to one in a provider's dialect."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from seedbed.llm.schemas.definitions import References, pointer
from seedbed.llm.schemas.dialects import Construct, SchemaDialect, Unsayable
from seedbed.llm.schemas.keywords import IGNORED, KEYWORDS_OF, described, labels, without_words
from seedbed.llm.schemas.size_limits import MOST_NODES, check_limits

Schema = dict[str, Any]
Path = tuple[str, ...]

_ALTERNATIVES = ("anyOf", "oneOf")
# Each of these narrows the schema around it, and no dialect has it. Leaving one out would have the model
# write answers that are refused here, and paid for again.
_CONDITIONS = frozenset(("not", "if", "then", "else", "dependentRequired", "dependentSchemas")) | frozenset(
    ("dependencies", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef")
)
_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def convert(schema: Mapping[str, Any], dialect: SchemaDialect) -> Schema:
    """Return a schema in the dialect. An answer that fits it fits `schema`, except for what became words.

    Raises Unsayable, which says where, for what the dialect can't express.
    """
    converter = _Converter(schema, dialect)
    said = converter.root()
    check_limits(said, dialect)
    return said


class _Converter:
    def __init__(self, root: Mapping[str, Any], dialect: SchemaDialect) -> None:
        self._dialect = dialect
        self._references = References(root)
        self._root = {key: value for key, value in root.items() if key not in ("$defs", "definitions")}
        self._definitions: dict[str, Schema] = {}
        self._nodes = 0

    def root(self) -> Schema:
        # pydantic puts a recursive class behind a reference, but the root has to be an object.
        said = self._node(self._references.resolved(self._root), ())
        if said.get("type") != "object":
            self._need("any_root", "an answer that isn't an object", ())
        return {**said, "$defs": self._definitions} if self._definitions else said

    def _need(self, construct: Construct, what: str, path: Path) -> None:
        if construct not in self._dialect.constructs:
            raise Unsayable(what, path)

    def _node(self, schema: Any, path: Path) -> Schema:
        # Definitions are replaced where something is next to their reference, which can double at each level.
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise Unsayable(f"more than {MOST_NODES:,} types")
        if schema is True:
            schema = {}
        if not isinstance(schema, Mapping):
            raise Unsayable("a schema that no value fits", path)
        if conditions := _CONDITIONS & schema.keys():
            raise Unsayable(f"'{min(conditions)}'", path)
        if "$ref" in schema:
            return self._reference(schema, path)
        if "allOf" in schema:
            return self._node(_joined(schema, path), path)
        if "enum" in schema or "const" in schema:
            return self._choices(schema, path)
        for keyword in _ALTERNATIVES:
            if keyword in schema:
                return self._union(schema, keyword, path)
        return self._typed(schema, path)

    def _typed(self, schema: Mapping[str, Any], path: Path) -> Schema:
        kind = schema.get("type") or _guessed_type(schema)
        # `["string", "null"]`: `anyOf` is what all dialects know.
        if isinstance(kind, list):
            alternatives = [{**without_words(schema), "type": one} for one in kind]
            return self._union({**labels(schema), "anyOf": alternatives}, "anyOf", path)
        if kind is None:
            self._need("any_value", "a value of any type", path)
            return self._described({}, schema)
        if kind not in KEYWORDS_OF:
            raise Unsayable(f"the type {kind!r}", path)
        if kind == "object":
            return self._object(schema, path)
        if kind == "array":
            return self._array(schema, path)
        return self._described({"type": kind}, schema)

    def _reference(self, schema: Mapping[str, Any], path: Path) -> Schema:
        name = self._references.name(schema["$ref"], path)
        definition = self._references.definition(name, path)
        words = schema.get("description")
        beside = schema.keys() - IGNORED - {"$ref", "title"}
        if name in self._references.recursive:
            self._need("recursion", "a type that contains itself", path)
            reference = self._defined(name, definition)
            # Strict servers refuse other keys next to a reference, and a recursive one can't be replaced by
            # its definition.
            return {"anyOf": [reference], "description": words} if words else reference
        if beside:
            return self._node({**definition, **{key: schema[key] for key in beside}}, path)
        return self._defined(name, definition)

    def _defined(self, name: str, definition: Mapping[str, Any]) -> Schema:
        if not name:
            return {"$ref": "#"}
        if name not in self._definitions:
            # Empty first: a type that contains itself comes here again before it's done.
            self._definitions[name] = {}
            self._definitions[name] = self._node(definition, (name,))
        return {"$ref": pointer(name)}

    def _choices(self, schema: Mapping[str, Any], path: Path) -> Schema:
        values = [schema["const"]] if "const" in schema else list(schema["enum"])
        if not values or not all(type(value) in _TYPES for value in values):
            raise Unsayable("a choice of other values than texts and numbers", path)
        # One `enum` for each type: strict servers want a type, and it must fit all values.
        kinds = list(dict.fromkeys(_TYPES[type(value)] for value in values))
        of_kind = {kind: [value for value in values if _TYPES[type(value)] == kind] for kind in kinds}
        said = [
            {"type": kind} if kind == "null" else {"type": kind, "enum": chosen}
            for kind, chosen in of_kind.items()
        ]
        return {**labels(schema), **(said[0] if len(said) == 1 else {"anyOf": said})}

    def _union(self, schema: Mapping[str, Any], keyword: str, path: Path) -> Schema:
        beside = schema.keys() - IGNORED - {keyword, "title", "description", "examples", "type"}
        if beside:
            raise Unsayable(f"'{min(beside)}' next to '{keyword}'", path)
        if not schema[keyword]:
            raise Unsayable("a schema that no value fits", path)
        said = [self._node(alternative, path) for alternative in schema[keyword]]
        # Always `anyOf`: strict servers refuse `oneOf`, and the answer is validated against the class anyway.
        return self._described({"anyOf": [one for one, _ in groupby(said)]}, schema)

    def _object(self, schema: Mapping[str, Any], path: Path) -> Schema:
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties", not properties)
        said: Schema = {"type": "object"}
        if properties or not others:
            said["properties"] = {name: self._node(one, (*path, name)) for name, one in properties.items()}
            # Strict servers refuse optional properties, and a row needs all its columns.
            said["required"] = list(properties)
        said["additionalProperties"] = self._others(
            schema, False if others is True and properties else others, path
        )
        return self._described(said, schema)

    def _others(self, schema: Mapping[str, Any], others: Any, path: Path) -> Any:
        patterned = schema.get("patternProperties")
        if others is False and not patterned:
            return False
        self._need("open_object", "an object of any keys", path)
        if patterned:
            # This allows any keys; the answer is validated against the pattern all the same.
            return {"anyOf": [self._node(one, (*path, "*")) for one in patterned.values()]}
        return True if others in (True, {}) else self._node(others, (*path, "*"))

    def _array(self, schema: Mapping[str, Any], path: Path) -> Schema:
        places = schema.get("prefixItems")
        if not places:
            items = self._node(schema.get("items", True), (*path, "[]"))
            return self._described({"type": "array", "items": items}, schema)
        said = [self._node(place, (*path, f"[{number}]")) for number, place in enumerate(places)]
        # `tuple[int, int]` is a list of two, which nearly every dialect has.
        alike = all(without_words(place) == without_words(said[0]) for place in said)
        if alike and not schema.get("items"):
            counts = {"minItems": len(said), "maxItems": len(said)}
            return self._described({"type": "array", "items": said[0]}, {**counts, **schema})
        self._need("tuple", "a list whose items have different types", path)
        rest = {"items": self._node(schema["items"], (*path, "[]"))} if schema.get("items") else {}
        return self._described({"type": "array", "prefixItems": said, **rest}, schema)

    def _described(self, said: Schema, schema: Mapping[str, Any]) -> Schema:
        return described(said, schema, self._dialect)


def _joined(schema: Mapping[str, Any], path: Path) -> Schema:
    """Return a schema without its `allOf`, in which older versions of pydantic wrapped a reference."""
    parts = schema["allOf"]
    if len(parts) != 1 or not isinstance(parts[0], Mapping):
        raise Unsayable("'allOf'", path)
    return {**parts[0], **{key: value for key, value in schema.items() if key != "allOf"}}


def _guessed_type(schema: Mapping[str, Any]) -> str | None:
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else None
