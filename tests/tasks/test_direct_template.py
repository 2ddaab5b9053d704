"""Simple templates are filled in without the sandbox, with the sandbox's texts and errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.random_expressions import expressions, numbers, plain_rows, rows, texts

from seedbed import SeedbedError
from seedbed.tasks.templates import template


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ text }}", "sea"),
        ("Of {{ text }} and {{ text | upper }}:\n{{ meta.lang }}\n", "Of sea and SEA:\nen\n"),
        ("{{ score }} {{ share }} {{ draft }} {# not this #}{braces}", "3 2.5 False {braces}"),
        ("{{ note | default('none') }}{{ 'long' if text | length > 9 else 'short' }}", "noneshort"),
        ("  {{- text -}}  .", "sea."),
        (
            "only 'text' and \"quotes\" {{ text }}\\n\N{SNOWMAN}",
            "only 'text' and \"quotes\" sea\\n\N{SNOWMAN}",
        ),
    ],
)
def test_a_simple_template_needs_no_sandbox(source: str, text: str) -> None:
    row = {"text": "sea", "meta": {"lang": "en"}, "score": 3, "share": 2.5, "draft": False}
    direct = template._direct(source)
    assert direct is not None
    assert direct(row) == template._sandboxed(source, row) == template.render(source, row) == text


@pytest.mark.parametrize(
    ("source", "row"),
    [
        ("{{ text }}", {}),
        ("{{ text }}", {"text": None}),
        ("{{ text }}", {"text": ["a"]}),
        ("{{ text }}", {"text": "x" * 100_001}),
        ("{{ text }}{{ text }}", {"text": "x" * 60_000}),
        ("x" * 60_000 + "{{ text }}", {"text": "x" * 60_000}),
        ("{{ 'constant' }}", {}),
        ("{% for one in text %}{{ one }}{% endfor %}", {"text": "ab"}),
        ("{% set text = 'x' %}{{ text }}", {"text": "ab"}),
        ("{{ text }}" * 400, {"text": "a"}),
        ("", {}),
    ],
)
def test_what_is_not_certain_is_left_to_the_sandbox(source: str, row: dict[str, Any]) -> None:
    direct = template._direct(source)
    assert direct is None or direct(row) is None
    assert outcome(template.render, source, row) == outcome(template._sandboxed, source, row)


def outcome(fill: Any, source: str, row: dict[str, Any]) -> object:
    try:
        return fill(source, row)
    except SeedbedError as error:
        return (
            type(error),
            str(error),
            repr(error.__cause__),
            repr(error.__cause__ and error.__cause__.__context__),
        )


parts = st.one_of(
    st.text("ab {}%'\"\\\n", max_size=5),
    st.builds("{{{{ {} }}}}".format, texts | numbers | expressions),
)


@given(st.lists(parts, max_size=4).map("".join), plain_rows | rows)
def test_texts_and_errors_are_those_of_the_sandbox(source: str, row: dict[str, Any]) -> None:
    try:
        template.check_template(source)
    except ValueError:
        return
    assert outcome(template.render, source, row) == outcome(template._sandboxed, source, row)
