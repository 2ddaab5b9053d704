"""Which part of JSON Schema a provider takes: declared by a backend, followed by the gateway."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal, get_args

Construct = Literal["any_value", "open_object", "tuple", "recursion", "any_root"]
"""What some providers can't express.

`any_value` is a value of any type (`Any`); `open_object` an object of any keys (`dict[str, int]`); `tuple` a
list whose items have different types; `recursion` a type that contains itself; `any_root` an answer that
isn't an object.
"""

SchemaInPrompt = Literal["never", "described", "always"]
"""When a schema that is sent is also part of the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDialect:
    """The part of JSON Schema that one provider's structured output takes; nothing else is sent.

        SchemaDialect(name="Acme", keywords=frozenset({"minimum", "maximum"}), max_depth=5)

    All providers take types, closed objects whose properties are all required, lists of one type, `enum`,
    `anyOf`, and `$ref` into `$defs` with nothing next to it. A keyword or format that isn't in `keywords` and
    `formats` becomes part of the description. So does a count (such as `minItems`) above `largest_count`,
    and, with `anchored_patterns`, a pattern that isn't `^...$` in plain characters and classes. A schema that
    needs something that isn't in `constructs` (`any_value`, `open_object`, `tuple`, `recursion`, `any_root`),
    or exceeds a limit, becomes part of the prompt instead.

    `in_prompt` says when a schema is part of the prompt, too. `described` is for servers that hold the
    model's tokens to a schema without showing it: one whose properties have descriptions goes into the
    prompt, since the model wouldn't read them. `always` is for those that don't enforce it.

    `name` is its name in messages. `max_depth` counts objects in objects, `max_unions` each `anyOf`,
    `max_enum_characters` the texts of one `enum` of more than 250 values, and `max_characters` the names of
    properties and definitions and the values of every `enum`.
    """

    name: str
    in_prompt: SchemaInPrompt = "never"
    keywords: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    constructs: frozenset[Construct] = frozenset()
    anchored_patterns: bool = False
    largest_count: int | None = None
    max_depth: int | None = None
    max_properties: int | None = None
    max_enum_values: int | None = None
    max_enum_characters: int | None = None
    max_characters: int | None = None
    max_unions: int | None = None


def shared_dialect(dialects: Iterable[SchemaDialect | None]) -> SchemaDialect | None:
    """Return what all of several dialects take, None if all take anything.

    For backends one of which answers, and which one isn't known before the call.
    """
    known = [*dict.fromkeys(dialect for dialect in dialects if dialect is not None)]
    if len(known) < 2:
        return known[0] if known else None
    limits = {
        one.name: min((it for each in known if (it := getattr(each, one.name)) is not None), default=None)
        for one in fields(SchemaDialect)
        if one.default is None
    }
    return SchemaDialect(
        name=" or ".join(dict.fromkeys(each.name for each in known)),
        in_prompt=max((each.in_prompt for each in known), key=get_args(SchemaInPrompt).index),
        keywords=frozenset.intersection(*(each.keywords for each in known)),
        formats=frozenset.intersection(*(each.formats for each in known)),
        constructs=frozenset.intersection(*(each.constructs for each in known)),
        anchored_patterns=any(each.anchored_patterns for each in known),
        **limits,
    )


class Unsayable(Exception):
    """What a dialect can't express, and where in the answer it is."""

    def __init__(self, what: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what, self.path = what, path

    def __str__(self) -> str:
        return f"{self.what}, at '{'.'.join(self.path)}'" if self.path else self.what
