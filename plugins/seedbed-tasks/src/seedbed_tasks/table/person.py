"""Columns of people who don't exist: names, addresses and mail by locale, from the package mimesis."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, field_validator

from seedbed import did_you_mean
from seedbed_tasks.table.column import Drawn, Others
from seedbed_tasks.table.draws import Draws

Detail = Literal[
    "name", "first_name", "last_name", "sex", "email", "phone", "street", "postcode", "city", "region"
]

_FAMILY_FIRST = {"ja": "", "ko": "", "zh": "", "hu": " "}
"""Locales whose family names come first, and what stands between the names."""

_DOMAINS = ("example.com", "example.net", "example.org")
"""Reserved (RFC 2606), so that no message reaches anyone."""


class Person(Drawn):
    """A person who doesn't exist, as a dictionary, or one part of it as text.

    Person(locale="de", part="city")

    The parts are `name`, `first_name`, `last_name`, `sex`, `email` (from the name, at a reserved domain),
    `phone`, `street`, `postcode`, `city` and `region`; they don't lie in one place. Needs
    `seedbed-tasks[person]`: mimesis, in the release that seeds are made for.
    """

    # mimesis rather than Faker: no dependencies, 12 MB instead of 25, and every locale has every part. 17 us
    # for a person.
    kind: Literal["person"] = "person"
    locale: str = Field(default="en", description="Language and country, such as de, pt-br or ja.")
    sex: Literal["female", "male"] | None = Field(default=None, description="Sex; either if unset.")
    part: Detail | None = Field(default=None, description="The part that is wanted; all if unset.")

    @field_validator("locale")
    @classmethod
    def _check_locale(cls, value: str) -> str:
        known = [locale.value for locale in _mimesis().locales.Locale]
        if value not in known:
            hint = did_you_mean(value, known) or (f"locales are {', '.join(known)}",)
            raise ValueError(f"there is no locale {value!r}; {hint[0]}")
        return value

    def draw(self, draws: Draws, others: Others) -> list[Any]:
        """Return a person, or the part that is wanted, for each row."""
        people = [self._make(seed) for seed in draws.bits().tolist()]
        return people if self.part is None else [person[self.part] for person in people]

    @cached_property
    def _make(self) -> Callable[[int], dict[str, str]]:
        mimesis = _mimesis()
        from mimesis.enums import Gender
        from mimesis.random import Random

        locale = mimesis.locales.Locale(self.locale)
        person, address = mimesis.Person(locale), mimesis.Address(locale)
        # One generator for both: seeding their own takes most of the time of a person.
        person.random = address.random = random = Random()
        between = _FAMILY_FIRST.get(self.locale)

        def make(seed: int) -> dict[str, str]:
            random.seed(seed)
            sex = random.choice(["female", "male"])
            gender = Gender(self.sex or sex)
            first, last = person.first_name(gender=gender), person.last_name(gender=gender)
            return {
                "name": f"{first} {last}" if between is None else f"{last}{between}{first}",
                "first_name": first,
                "last_name": last,
                "sex": gender.value,
                "email": _address(first, last, random.randint(1, 999), random.choice(_DOMAINS)),
                "phone": person.phone_number(),
                "street": address.address(),
                "postcode": address.postal_code(),
                "city": address.city(),
                "region": address.state(),
            }

        return make


def _address(first: str, last: str, number: int, domain: str) -> str:
    latin = (unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() for name in (first, last))
    names = [kept for name in latin if (kept := re.sub(r"[^a-z]", "", name.lower()))]
    return f"{'.'.join(names) or 'user'}{number}@{domain}"


def _mimesis() -> Any:
    try:
        import mimesis.locales
    except ImportError as error:
        raise ValueError("it needs the package mimesis: pip install 'seedbed-tasks[person]'") from error
    return mimesis
