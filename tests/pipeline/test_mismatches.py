"""Comparisons that go wrong for every row are found before a run."""

from __future__ import annotations

from typing import Literal

import pytest

from seedbed.pipeline.mismatches import mismatches

TYPES = {
    "score": str,
    "n": int,
    "verdict": Literal["good", "bad"],
    "ok": bool,
    "any": None,
    "maybe": int | None,
    "empty": None.__class__,
}


def found(text: str) -> list[str]:
    return [one.column for one in mismatches(f"{{{{ {text} }}}}", TYPES)]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("score > 3", "score"),
        ("3 <= score", "score"),
        ("score == 3", "score"),
        ("n == 'three'", "n"),
        ("n > 2 and verdict >= 1", "verdict"),
        ("1 < n < 'x'", "n"),
        ("maybe != 'x'", "maybe"),
        ("n in ['1', '2']", "n"),
        ("score not in (1, 2)", "score"),
        ("n != none and n == '1'", "n"),
    ],
)
def test_a_typed_column_is_not_compared_with_another_type(text: str, column: str) -> None:
    assert found(text) == [column]


@pytest.mark.parametrize(
    "text",
    [
        "score > '3'",
        "score | int > 3",
        "n > 2.5",
        "verdict == 'fine'",
        "ok == true",
        "ok > 0",
        "any > 3",
        "unknown > 3",
        "score == none",
        "maybe == none",
        "score is number and score > 3",
        "n == 1 or n == '1'",
        "n in [1, '1']",
        "n in ['1', none]",
        "n in others",
        "score in 'text'",
        "empty == 'x' or empty > 3",
    ],
)
def test_what_may_hold_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_names_of_the_template_itself_are_no_columns() -> None:
    source = "{% for score in [1, 2] %}{{ score > 1 }}{% endfor %}{% set n = 'x' %}{{ n == 'x' }}"
    assert list(mismatches(source, TYPES)) == []


def test_the_line_of_a_template_is_known() -> None:
    (one,) = mismatches("first\n{% if score > 3 %}x{% endif %}", TYPES)
    assert (one.line, one.sign, one.value, one.kind) == (2, ">", "3", "string")
