"""`${name}` in the JSON Schema of pipeline files: it may stand for a number, a choice or a list."""

from __future__ import annotations

from typing import Any

VARIABLE = r"^\$\{[A-Za-z_][A-Za-z0-9_-]*\}$"
_VALUE = {"type": "string", "pattern": VARIABLE}
_OUTSIDE = ("description", "default", "examples")


def allow_variables(schema: dict[str, Any]) -> None:
    """Let the properties of an object have a variable as their value, in place; text may have one anyway."""
    for name, shown in schema.get("properties", {}).items():
        schema["properties"][name] = _or_variable(shown)


def _or_variable(shown: dict[str, Any]) -> dict[str, Any]:
    if isinstance(shown.get("anyOf"), list):
        if any(map(_takes_any_text, shown["anyOf"])):
            return shown
        return {**shown, "anyOf": [*shown["anyOf"], _VALUE]}
    if _takes_any_text(shown) or not {"type", "enum", "const"} & shown.keys():
        return shown
    outside = {key: shown[key] for key in _OUTSIDE if key in shown}
    inside = {key: value for key, value in shown.items() if key not in outside}
    return {**outside, "anyOf": [inside, _VALUE]}


def _takes_any_text(shown: dict[str, Any]) -> bool:
    restricted = {"enum", "const", "pattern", "format", "minLength", "maxLength"} & shown.keys()
    return shown.get("type") == "string" and not restricted
