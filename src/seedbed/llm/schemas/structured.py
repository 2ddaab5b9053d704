"""Structured output: JSON Schemas as providers take them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from seedbed.errors import UsageError
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.request import SCHEMA, Request, with_field
from seedbed.llm.schemas.dialects import SchemaDialect, Unsayable
from seedbed.llm.schemas.encoded_schema import EncodedSchema
from seedbed.llm.schemas.in_prompt import is_described, shown_schema
from seedbed.plugins.authoring.class_errors import advice_on
from seedbed.plugins.owner import place_of


def schema_of(model: type[BaseModel] | Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a pydantic model, or the schema itself, with objects closed.

    Every property is required and no other is allowed. Strict modes ask for that, and it makes a row's
    columns complete.
    """
    return dict(model) if isinstance(model, Mapping) else _closed_schema(model)


def shared_schema(schema: object) -> Mapping[str, Any]:
    """Return the JSON Schema to send for a pydantic class or a schema; don't change it.

    All requests for rows of one class share this object. Raises UsageError for anything else, and for a class
    that has no schema.
    """
    # Each call of a typed row comes here, and the classes of a Mapping or of pydantic are slow to ask.
    if isinstance(schema, type):
        return _schema_of_class(schema)
    if isinstance(schema, Mapping):
        return dict(schema)
    raise _no_schema(schema)


@lru_cache(maxsize=256)
def _schema_of_class(model: type) -> Mapping[str, Any]:
    # Made once for each class. Made for each request, it took 60 % of a typed row's processor time.
    if not issubclass(model, BaseModel):
        raise _no_schema(model)
    try:
        return EncodedSchema(_closed_schema(model))
    except PydanticUserError as error:
        fact, *_ = error.message.splitlines()
        raise UsageError(
            f"'{model.__name__}' has no JSON Schema: {fact}",
            *place_of(model),
            *(advice_on(fact) or ("give its fields types that JSON has",)),
        ) from error


def _no_schema(given: object) -> UsageError:
    return UsageError(
        f"a schema is a pydantic class or a JSON Schema, not {given!r:.80}",
        "write class Answer(BaseModel), or RootModel[...] for an answer that isn't an object",
    )


def _closed_schema(model: type[BaseModel]) -> dict[str, Any]:
    closed: dict[str, Any] = _close(model.model_json_schema())
    return closed


def _close(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_close(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {
        key: float(value) if _is_long(value) else _close(value)
        for key, value in schema.items()
        # A default tells the model that it may leave the property out, and strict servers refuse it.
        if key != "default"
    }
    properties = schema.get("properties")
    if isinstance(properties, dict) and schema.get("type") == "object":
        # These keys are names of columns, and a column may be called "default".
        closed["properties"] = {name: _close(value) for name, value in properties.items()}
        closed["required"] = list(properties)
        closed["additionalProperties"] = False
    return closed


def _is_long(value: object) -> bool:
    """Whether a number has more bits than JSON encoders take."""
    return type(value) is int and not -(2**63) <= value < 2**64


def keyed(request: Request, offered: Capabilities) -> Request:
    """Return the request that a call is known by: with its schema, or with a prompt that holds it."""
    if not _is_instructed(request, offered):
        return request
    # As earlier versions sent it: answers are kept under its digest.
    return instruct(request, with_titles=True)


def fitted(request: Request, offered: Capabilities) -> tuple[Request, str]:
    """Return the request as a backend gets it, and a note if its dialect can't express the schema."""
    if _is_instructed(request, offered):
        return instruct(request), ""
    return fit_schema(request, offered.schema_dialect)


def _is_instructed(request: Request, offered: Capabilities) -> bool:
    """Whether a schema is only part of the prompt, since the backend takes none."""
    return request.schema is not None and not (offered.structured_output or request.raw_prompt)


def fit_schema(request: Request, dialect: SchemaDialect | None) -> tuple[Request, str]:
    """Return the request with its schema in a dialect, and a note if the dialect can't express it.

    In that case the schema is only part of the prompt, and the note says what couldn't be expressed. Without
    a dialect the request gets a copy of its schema, which the backend may change.
    """
    if request.schema is None:
        return request, ""
    # An instruction would need a system message, and a raw prompt has none.
    if request.raw_prompt:
        return request._replace(schema=None), "a raw prompt is sent without the schema"
    encoded = _encoded(request.schema)
    if dialect is None:
        return request._replace(schema=orjson.loads(encoded)), ""
    said, why = _said(encoded, dialect)
    if said is not None:
        request = with_field(request, SCHEMA, said)
        if _needs_showing(request, encoded, dialect):
            request = request._replace(messages=shown_schema(request.messages, encoded))
        return request, ""
    return instruct(request), f"the schema is part of the prompt: {dialect.name} can't express {why}"


def _needs_showing(request: Request, encoded: bytes, dialect: SchemaDialect) -> bool:
    """Whether the model reads of the schema only what its prompt says."""
    if dialect.in_prompt == "described":
        return is_described(encoded) and not request.explained
    return dialect.in_prompt == "always"


# Keyed by the encoded schema, since a mapping can't be hashed: converted once for each class and dialect.
@lru_cache(maxsize=512)
def _said(encoded: bytes, dialect: SchemaDialect) -> tuple[Mapping[str, Any] | None, str]:
    """Return an encoded schema in the dialect, or None and the reason."""
    # Imported here: a run without typed rows doesn't need it.
    from seedbed.llm.schemas.conversion import convert

    try:
        return EncodedSchema(convert(orjson.loads(encoded), dialect)), ""
    except Unsayable as problem:
        return None, str(problem)
    except RecursionError:
        return None, "types that are nested so deeply"
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # A schema written by hand may have any value anywhere; checking each place would be a second
        # converter.
        raise UsageError(f"this isn't a JSON Schema ({error}): {encoded.decode():.200}") from error


def instruct(request: Request, *, with_titles: bool = False) -> Request:
    """Return the request with its schema in the prompt alone, for a backend without structured output."""
    if request.schema is None:
        return request
    # In a system message: it's part of the call's key, and answers are kept whose schema stood there.
    messages = shown_schema(
        request.messages, _encoded(request.schema), adds_system=True, with_titles=with_titles
    )
    return request._replace(schema=None, messages=messages)


def _encoded(schema: Mapping[str, Any]) -> bytes:
    if isinstance(schema, EncodedSchema):
        return schema.encoded
    try:
        return orjson.dumps(dict(schema), option=orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        raise UsageError(f"the schema cannot be sent as JSON: {error}") from error
