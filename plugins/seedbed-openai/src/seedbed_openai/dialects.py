"""Which part of JSON Schema the servers that speak OpenAI's protocol take."""

from __future__ import annotations

from typing import Literal

from seedbed import SchemaDialect

DialectName = Literal["strict", "grammar"]

_NUMBERS = frozenset({"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"})

STRICT = SchemaDialect(
    name="the strict mode of OpenAI",
    keywords=_NUMBERS | {"pattern", "minItems", "maxItems"},
    formats=frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}),
    constructs=frozenset({"recursion"}),
    max_depth=10,
    max_properties=5000,
    max_enum_values=1000,
    max_enum_characters=15_000,
    max_characters=120_000,
)
"""https://platform.openai.com/docs/guides/structured-outputs#supported-schemas

Other servers that take schemas take these too: it's what they have in common.
"""

GRAMMAR = SchemaDialect(
    name="llama.cpp",
    in_prompt="described",
    keywords=_NUMBERS | {"pattern", "minItems", "maxItems", "minLength", "maxLength"},
    formats=frozenset({"date-time", "time", "date", "uuid"}),
    constructs=frozenset({"any_value", "open_object", "tuple", "recursion", "any_root"}),
    anchored_patterns=True,
    largest_count=1000,
)
"""Servers that turn a schema into a grammar: llama.cpp, vLLM, Ollama and LM Studio.

The model isn't told of it, and Ollama advises to write it into the prompt
(https://docs.ollama.com/capabilities/structured-outputs).
https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md#json-schemas--gbnf; a grammar that
repeats a part more than 2000 times is refused.
"""

JSON_MODE = SchemaDialect(
    name="JSON mode",
    in_prompt="always",
    keywords=GRAMMAR.keywords | {"uniqueItems", "minProperties", "maxProperties"},
    formats=STRICT.formats,
    constructs=GRAMMAR.constructs - {"any_root"},
)
"""Only the prompt says what the schema is, and the answer is always an object."""

DIALECTS: dict[DialectName, SchemaDialect] = {"strict": STRICT, "grammar": GRAMMAR}
