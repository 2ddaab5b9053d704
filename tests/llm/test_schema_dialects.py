"""Backends are given schemas in the dialect that they declare; a schema that has no such form is prompted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field
from tests.support.scripted_llm import ALL, ScriptedLLM, scripted, user
from tests.support.typed_models import PLAIN, Node, models

from seedbed import Capabilities, GeneratorTask, Request, SchemaDialect, UsageError, run
from seedbed.llm.pools.pool import PoolLLM
from seedbed.llm.schemas.dialects import shared_dialect
from seedbed.llm.schemas.structured import fit_schema, schema_of
from seedbed.testing.plausible import fitting

LEAST = SchemaDialect(name="Acme")
MOST = SchemaDialect(
    name="Most",
    keywords=frozenset({"minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"})
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    constructs=frozenset({"any_value", "open_object", "tuple", "recursion", "any_root"}),
)


def said(schema: Any, dialect: SchemaDialect = LEAST) -> Any:
    """Return a schema in a dialect, or the note where it has no such form."""
    request, note = fit_schema(Request(messages=tuple(user("x")), schema=schema), dialect)
    assert (request.schema is None) == bool(note)
    return request.schema or note


def closed(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object of these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TEXT = {"type": "string"}
RED = {"$defs": {"Colour": {"enum": ["red"], "description": "A colour."}}}

FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a reference with words": (
        {**RED, **closed(c={"$ref": "#/$defs/Colour", "description": "Mine.", "default": "red"})},
        closed(c={"type": "string", "enum": ["red"], "description": "Mine."}),
    ),
    "a bare reference": (
        {**RED, **closed(c={"$ref": "#/$defs/Colour", "default": "red"})},
        {
            **closed(c={"$ref": "#/$defs/Colour"}),
            "$defs": {"Colour": {"type": "string", "enum": ["red"], "description": "A colour."}},
        },
    ),
    "a reference in allOf": (
        {**RED, **closed(c={"allOf": [{"$ref": "#/$defs/Colour"}], "description": "Mine."})},
        closed(c={"type": "string", "enum": ["red"], "description": "Mine."}),
    ),
    "a root that is a reference": (
        {"$defs": {"A": closed(a=TEXT)}, "$ref": "#/$defs/A"},
        closed(a=TEXT),
    ),
    "oneOf": (
        closed(a={"oneOf": [TEXT, {"type": "null"}], "discriminator": {"propertyName": "k"}}),
        closed(a={"anyOf": [TEXT, {"type": "null"}]}),
    ),
    "several types": (closed(a={"type": ["string", "null"]}), closed(a={"anyOf": [TEXT, {"type": "null"}]})),
    "one constant": (closed(a={"const": "x"}), closed(a={"type": "string", "enum": ["x"]})),
    "constants of several types": (
        closed(a={"enum": ["x", 1, None, "y"]}),
        closed(
            a={
                "anyOf": [
                    {"type": "string", "enum": ["x", "y"]},
                    {"type": "integer", "enum": [1]},
                    {"type": "null"},
                ]
            }
        ),
    ),
    "a set": (
        closed(a={"type": "array", "items": TEXT, "uniqueItems": True}),
        closed(a={"type": "array", "items": TEXT, "description": "(uniqueItems: true)"}),
    ),
    "a tuple of one type": (
        closed(a={"type": "array", "prefixItems": [TEXT, TEXT], "minItems": 2, "maxItems": 2}),
        closed(a={"type": "array", "items": TEXT, "description": "(minItems: 2; maxItems: 2)"}),
    ),
    "bounds": (
        closed(a={"type": "integer", "minimum": 1, "description": "A number."}),
        closed(a={"type": "integer", "description": "A number. (minimum: 1)"}),
    ),
    "an optional property of an open object": (
        {"type": "object", "properties": {"a": {**TEXT, "default": "x"}}},
        closed(a=TEXT),
    ),
    "a name with a slash": (
        {"$defs": {"a/b": RED["$defs"]["Colour"]}, **closed(c={"$ref": "#/$defs/a~1b"})},
        {
            "$defs": {"a/b": {"type": "string", "enum": ["red"], "description": "A colour."}},
            **closed(c={"$ref": "#/$defs/a~1b"}),
        },
    ),
    "no properties": (closed(), closed()),
    "a property whose name is a keyword": (closed(oneOf=TEXT), closed(oneOf=TEXT)),
}


@pytest.mark.parametrize("case", FORMS)
def test_what_others_refuse_is_said_in_the_common_form(case: str) -> None:
    given_schema, expected = FORMS[case]
    assert said(given_schema) == expected


UNSAYABLE: dict[str, tuple[Any, str]] = {
    "an object of any keys": (closed(a={"type": "object", "additionalProperties": TEXT}), "'a'"),
    "an object of anything": (closed(a={"type": "object"}), "'a'"),
    "any value": (closed(a=closed(b={})), "'a.b'"),
    "true": (closed(a=True), "'a'"),
    "a list of anything": (closed(a={"type": "array"}), "'a.[]'"),
    "a tuple": (closed(a={"type": "array", "prefixItems": [TEXT, {"type": "null"}]}), "'a'"),
    "recursion": (schema_of(Node), "contains itself"),
    "a root that is a list": ({"type": "array", "items": TEXT}, "isn't an object"),
    "not": (closed(a={"not": TEXT}), "'not'"),
    "a foreign reference": (closed(a={"$ref": "https://example.org/x.json"}), "example.org"),
    "a reference to nothing": (closed(a={"$ref": "#/$defs/Nothing"}), "Nothing"),
    "a reference to itself": ({"$defs": {"A": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"}, "itself"),
    "a type of its own": (closed(a={"type": "date"}), "date"),
    "an enum of lists": (closed(a={"enum": [[1], [2]]}), "'a'"),
    "an empty enum": (closed(a={"enum": []}), "'a'"),
    "an empty choice": (closed(a={"anyOf": []}), "'a'"),
}


@pytest.mark.parametrize("case", UNSAYABLE)
def test_what_cannot_be_said_is_named_with_its_place(case: str) -> None:
    schema, named = UNSAYABLE[case]
    note = said(schema)
    assert isinstance(note, str)
    assert "Acme" in note
    assert named in note


def deep(levels: int) -> Any:
    """Return objects inside of each other."""
    schema: Any = TEXT
    for _ in range(levels):
        schema = closed(a=schema)
    return schema


LIMITS: dict[str, tuple[dict[str, int], Any, Any]] = {
    "depth": ({"max_depth": 3}, deep(3), deep(4)),
    "depth of references": (
        {"max_depth": 2},
        {"$defs": {"A": closed(a=TEXT)}, **closed(a={"$ref": "#/$defs/A"})},
        {
            "$defs": {"A": closed(a={"$ref": "#/$defs/B"}), "B": closed(b=TEXT)},
            **closed(a={"$ref": "#/$defs/A"}),
        },
    ),
    "properties": ({"max_properties": 2}, closed(a=TEXT, b=TEXT), closed(a=TEXT, b=TEXT, c=TEXT)),
    "values": ({"max_enum_values": 2}, closed(a={"enum": ["x", "y"]}), closed(a={"enum": ["x", "y", "z"]})),
    "characters": ({"max_characters": 3}, closed(a={"enum": ["xy"]}), closed(a={"enum": ["xyz"]})),
    "unions": (
        {"max_unions": 1},
        closed(a={"anyOf": [TEXT]}),
        closed(a={"anyOf": [TEXT]}, b={"anyOf": [TEXT]}),
    ),
    "values of one enum": (
        {"max_enum_characters": 800},
        closed(a={"enum": [f"{number:03}" for number in range(251)]}),
        closed(a={"enum": [f"{number:04}" for number in range(251)]}),
    ),
}


@pytest.mark.parametrize("case", LIMITS)
def test_a_schema_above_a_limit_goes_into_the_prompt(case: str) -> None:
    limits, within, above = LIMITS[case]
    dialect = replace(LEAST, **limits)
    assert isinstance(said(within, dialect), dict)
    assert isinstance(said(above, dialect), str)


def test_definitions_that_grow_without_end_when_put_in_place_are_stopped() -> None:
    def twice(number: int) -> dict[str, Any]:
        inner = {"$ref": f"#/$defs/D{number + 1}", "description": "x"}
        return closed(a=inner, b=inner)

    definitions = {f"D{number}": twice(number) for number in range(-1, 40)}
    assert "types" in said({"$defs": {**definitions, "D40": TEXT}, **twice(-1)})


@settings(deadline=None)
@given(model=models(PLAIN), random=st.randoms(use_true_random=False))
def test_an_answer_that_fits_what_is_sent_fits_the_schema_but_for_what_is_in_words(
    model: type[BaseModel], random: Any
) -> None:
    sent = said(schema_of(model), MOST)
    Draft202012Validator.check_schema(sent)
    Draft202012Validator(schema_of(model)).validate(fitting(sent, random))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": [1, 2]},
        {"type": "object", "properties": {"a": 1}, "$defs": 3},
        {"anyOf": 3},
        {"enum": 3},
        closed(a={"type": "string", "pattern": 3}),
    ],
    ids=str,
)
def test_what_is_no_json_schema_is_a_usage_error_before_anything_is_sent(schema: dict[str, Any]) -> None:
    llm = offering(MOST)
    with pytest.raises(UsageError):
        llm.complete(user("x"), schema=schema)
    assert not llm.requests


class Tagged(GeneratorTask):
    template: str = "x"

    class Output(BaseModel):
        kind: Literal["a"]
        size: int = Field(ge=1, description="How large.")


GOOD = '{"kind": "a", "size": 2}'


def offering(dialect: SchemaDialect | None, answer: str = GOOD) -> ScriptedLLM:
    """Return an LLM that declares a dialect."""
    return scripted(answer, offers=replace(ALL, schema_dialect=dialect))


def test_a_strangers_backend_is_given_schemas_in_the_dialect_that_it_declares() -> None:
    llm = offering(LEAST)
    assert run(Tagged(), 3, llm=llm).accepted == 3
    properties = llm.requests[0].schema["properties"]
    assert properties["kind"] == {"title": "Kind", "type": "string", "enum": ["a"]}
    assert properties["size"]["description"] == "How large. (minimum: 1)"
    assert llm.requests[0].schema == llm.requests[2].schema


def test_a_backend_without_a_dialect_may_change_the_schema_that_it_is_given() -> None:
    seen = []

    def answer(request: Request) -> str:
        seen.append(json.dumps(request.schema))
        request.schema["properties"].clear()
        return GOOD

    assert run(Tagged(), 3, llm=scripted(answer, offers=ALL)).accepted == 3
    assert seen == [json.dumps(schema_of(Tagged.Output))] * 3


class Setting(ScriptedLLM):
    """A backend whose dialect is no part of what answers depend on."""

    dialect: Any = None
    connection_fields = frozenset({"timeout", "dialect", "offers"})

    @property
    def capabilities(self) -> Capabilities:
        return replace(ALL, schema_dialect=self.dialect)


@pytest.mark.parametrize("dialect", [LEAST, MOST, replace(LEAST, max_depth=0)])
def test_answers_of_an_older_run_are_found_whatever_the_dialect(dialect: SchemaDialect) -> None:
    def made(n: int, dialect: SchemaDialect | None) -> int:
        llm = Setting(lambda _: GOOD, dialect=dialect)
        run(Tagged(), n, llm=llm, name="tagged")
        return len(llm.requests)

    assert made(3, None) == 3
    assert made(5, dialect) == 2


def test_a_schema_in_the_prompt_is_validated_and_asked_again_all_the_same() -> None:
    class Counted(GeneratorTask):
        template: str = "x"

        class Output(BaseModel):
            counts: dict[str, int]

    answers = ['{"counts": {"a": "many"}}', '{"counts": {"a": 1}}']
    llm = scripted(lambda _: answers.pop(0), offers=replace(ALL, schema_dialect=LEAST))
    (row,) = run(Counted(), 1, llm=llm).rows()
    assert row["counts"] == {"a": 1}
    assert [request.schema for request in llm.requests] == [None, None]
    assert all("additionalProperties" in request.messages[0]["content"] for request in llm.requests)


def test_places_alike_with_more_after_them_are_no_list_of_a_fixed_length() -> None:
    pair = {"type": "array", "prefixItems": [TEXT, TEXT]}
    counts = {"minItems": 2, "maxItems": 2}
    assert said(closed(a=pair), MOST)["properties"]["a"] == {"type": "array", "items": TEXT, **counts}
    more = {**pair, "items": {"type": "integer"}}
    assert said(closed(a=more), MOST)["properties"]["a"] == more
    assert "a list whose items have different types" in said(closed(a=more))


def test_what_stands_in_definitions_counts_towards_the_limits() -> None:
    schema = {"$defs": {"A": closed(a=TEXT, b=TEXT)}, **closed(c={"$ref": "#/$defs/A"})}
    assert "more than 2 properties (there are 3)" in said(schema, replace(LEAST, max_properties=2))
    assert said(schema, replace(LEAST, max_properties=3))["properties"]


@pytest.mark.parametrize(("number", "fits"), [(250, True), (251, False)])
def test_the_texts_of_large_enums_alone_are_counted(number: int, fits: bool) -> None:
    schema = closed(a={"enum": [f"value {k}" for k in range(number)]})
    found = said(schema, replace(LEAST, max_enum_characters=1000))
    assert isinstance(found, dict) == fits


def test_a_type_that_holds_itself_through_several_others_does() -> None:
    names = "ABCD"
    held = {name: closed(a={"$ref": f"#/$defs/{names[(k + 1) % 4]}"}) for k, name in enumerate(names)}
    schema = {"$defs": held, **closed(a={"$ref": "#/$defs/A"})}
    assert "a type that contains itself" in said(schema)
    assert said(schema, MOST)["$defs"].keys() == {*names}


def test_a_reference_to_a_name_with_signs_of_pointers_is_written_as_one() -> None:
    schema = {"$defs": {"A~/B": closed(a=TEXT)}, **closed(c={"$ref": "#/$defs/A~0~1B"})}
    assert said(schema)["properties"]["c"] == {"$ref": "#/$defs/A~0~1B"}


WORDED = replace(MOST, formats=frozenset({"date"}), largest_count=3, anchored_patterns=True)


@pytest.mark.parametrize(
    ("kept", "described"),
    [
        ({"type": "array", "items": TEXT, "minItems": 3}, {"type": "array", "items": TEXT, "minItems": 4}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "email"}),
        ({"type": "string", "pattern": "^[a-z]$"}, {"type": "string", "pattern": "^[a-z]$|.*"}),
    ],
)
def test_what_a_dialect_has_is_said_once_and_what_it_lacks_in_words(kept: Any, described: Any) -> None:
    assert said(closed(a=kept), WORDED) == closed(a=kept)
    *same, (name, value) = described.items()
    words = f"({name}: {json.dumps(value)})"
    assert said(closed(a=described), WORDED) == closed(a={**dict(same), "description": words})


STRICT = replace(LEAST, name="Strict", keywords=frozenset({"minimum"}), max_depth=3)
GRAMMAR = replace(MOST, name="Grammar", in_prompt="always", max_depth=5)
ANIMAL = closed(legs={"type": "integer", "minimum": 2, "multipleOf": 2})


class Endpoint(ScriptedLLM):
    """An endpoint of a model, on a server of its own kind."""

    connection_fields = ScriptedLLM.connection_fields | {"offers"}

    @property
    def endpoint(self) -> str:
        return str(self.offers)


@pytest.mark.parametrize("dialects", [(STRICT, GRAMMAR), (GRAMMAR, STRICT)])
def test_whichever_endpoint_of_a_pool_answers_gets_what_all_of_them_take(
    dialects: tuple[SchemaDialect, ...],
) -> None:
    members = [
        Endpoint(lambda _: '{"legs": 4}', offers=replace(ALL, schema_dialect=dialect)) for dialect in dialects
    ]
    llm = PoolLLM(of=members)
    llm.complete(user("An animal."), schema=ANIMAL)
    llm.complete(user("Anything."), schema=closed(value={}))
    animal, anything = sorted(
        (request for member in members for request in member.requests), key=lambda request: not request.schema
    )
    assert animal.schema == closed(legs={"type": "integer", "minimum": 2, "description": "(multipleOf: 2)"})
    assert "fits this JSON Schema" in animal.messages[0]["content"]
    assert anything.schema is None
    assert "fits this JSON Schema" in anything.messages[0]["content"]
    assert llm.capabilities.schema_dialect.max_depth == 3


def test_an_llm_that_takes_any_schema_does_not_narrow_what_the_others_get() -> None:
    assert shared_dialect([None, STRICT, None]) == STRICT
    assert shared_dialect([None, None]) is None
