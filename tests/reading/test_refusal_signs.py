"""Each expression that finds a refusal finds one of the signs that are looked for before it."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedbed.reading.refusal_phrases import MANNERS, Manner

EXPRESSIONS = [
    (manner, expression)
    for manner in MANNERS
    for expression in (*manner.begins, *([manner.later] if manner.later else []))
]


@pytest.mark.parametrize(("manner", "expression"), EXPRESSIONS, ids=lambda value: str(value)[:12])
@settings(suppress_health_check=[*HealthCheck])
@given(data=st.data())
def test_what_it_finds_has_a_sign(manner: Manner, expression: str, data: st.DataObject) -> None:
    found = data.draw(st.from_regex(re.compile(expression)))

    assert any(sign in found for sign in manner.signs)
