"""JSON Schemas that users give: checked when they're given, and never fetched from elsewhere."""

from __future__ import annotations

from typing import Any

SHOWN = 300
"""Characters of an error that a message shows: it may quote a whole answer."""


def checks_of(schema: Any) -> Any:
    """Return jsonschema's validator of a schema; raise ValueError if it's none."""
    # 0.1 s to import.
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    cls = validator_for(schema, default=Draft202012Validator)
    try:
        cls.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"it's no JSON Schema: {error.message[:SHOWN]}") from error
    # With a registry of ours, which is empty, the package fetches nothing that a `$ref` names.
    return cls(schema, registry=Registry())


def misfit(checks: Any, value: Any) -> tuple[str, str] | None:
    """Return where a value doesn't fit and what's wrong there, or None if it fits."""
    from jsonschema.exceptions import best_match

    error = best_match(checks.iter_errors(value))
    if error is None:
        return None
    return ".".join(map(str, error.absolute_path)), error.message[:SHOWN]
