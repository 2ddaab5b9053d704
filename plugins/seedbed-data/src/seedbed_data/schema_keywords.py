"""Keywords of JSON Schema in bounded time: a pattern may take years on a text, and comparing all items hours.

https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from seedbed import InvalidRowError, UsageError
from seedbed_data.equal_values import key_of

_SECONDS = 2.0
"""Far more than a sound pattern needs for a text of a megabyte."""


@cache
def bounded(cls: Any) -> Any:
    """Return a class of jsonschema's with these keywords in place of its own."""
    from jsonschema.validators import extend

    own = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    return extend(cls, {name: keyword for name, keyword in own.items() if name in cls.VALIDATORS})


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(value, "string") and not _is_in(pattern, value):
        yield _error(f"it doesn't match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, schema: Any
) -> Iterator[Any]:
    if not validator.is_type(value, "object"):
        return
    for pattern, part in patterns.items():
        for name, item in value.items():
            if _is_in(pattern, name):
                yield from validator.descend(item, part, path=name, schema_path=pattern)


def _additional_properties(validator: Any, part: Any, value: Any, schema: Any) -> Iterator[Any]:
    if not validator.is_type(value, "object"):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    further = [name for name in value if name not in known and not any(_is_in(one, name) for one in patterns)]
    if validator.is_type(part, "object"):
        for name in further:
            yield from validator.descend(value[name], part, path=name)
    elif not part and further:
        yield _error(f"it has {further[0]!r}")


def _unique_items(validator: Any, wanted: bool, value: Any, schema: Any) -> Iterator[Any]:
    if wanted and validator.is_type(value, "array") and len({key_of(item) for item in value}) < len(value):
        yield _error("it has an item twice")


def _is_in(pattern: str, text: str) -> bool:
    # `re` can't be stopped, and holds up every other thread meanwhile.
    regex: Any = import_module("regex")
    try:
        return regex.search(pattern, text, timeout=_SECONDS) is not None
    except TimeoutError as error:
        raise InvalidRowError(
            f"the pattern {pattern!r} of the JSON Schema takes more than {_SECONDS:g} s for a text",
            "write it so that each text can be read in one way only, not as (a|aa)+",
        ) from error
    except regex.error as error:
        raise UsageError(f"the pattern {pattern!r} of the JSON Schema can't be used: {error}") from error


def _error(message: str) -> Any:
    from jsonschema.exceptions import ValidationError

    return ValidationError(message)
