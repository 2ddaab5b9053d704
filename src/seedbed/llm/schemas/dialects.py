"""What a provider's structured output takes of JSON Schema: declared by a backend, heeded by the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Construct = Literal["any_value", "open_object", "tuple", "recursion", "any_root"]
"""What some providers have no words for.

`any_value` a value of any type (`Any`); `open_object` an object of any keys (`dict[str, int]`); `tuple` a
list whose places have types of their own; `recursion` a type that holds itself; `any_root` an answer that
is no object.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDialect:
    """What structured output of one provider takes of JSON Schema; what is not declared is not sent.

        SchemaDialect(name="Acme", keywords=frozenset({"minimum", "maximum"}), max_depth=5)

    All take types, objects that are closed and whose properties are all required, lists of one type, `enum`,
    `anyOf`, and `$ref` into `$defs` with nothing beside it. A keyword or format that is not among `keywords`
    and `formats` becomes part of the description. So does a count (`minItems` and the like) above
    `largest_count`, and, with `anchored_patterns`, a pattern that is not `^...$` in plain characters and
    classes. A schema with something that is not among `constructs` (`any_value`, `open_object`, `tuple`,
    `recursion`, `any_root`), or above a limit, becomes part of the prompt instead.

    `name` is what messages call it. `max_depth` counts objects in objects, `max_unions` each `anyOf`,
    `max_enum_characters` the texts of one `enum` of more than 250 values, and `max_characters` the names of
    properties and definitions and the values of every `enum`.
    """

    name: str
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


class Unsayable(Exception):
    """What a dialect cannot say, and where in the answer it stands."""

    def __init__(self, what: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what, self.path = what, path

    def __str__(self) -> str:
        return f"{self.what}, at '{'.'.join(self.path)}'" if self.path else self.what
