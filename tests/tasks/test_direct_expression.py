"""Simple expressions are evaluated without the sandbox, with the sandbox's results and errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from tests.support.random_expressions import conditions, expressions, numbers, plain_rows, rows, texts

from seedbed import Expression, InvalidRowError, SeedbedError, UsageError
from seedbed.tasks.templates.direct_expression import direct_function

ROW = {
    "count": 4,
    "draft": False,
    "empty": None,
    "lang": "en",
    "meta": {"lang": "en", "items": 2},
    "price": 2.5,
    "score": 3,
    "tags": ["sea", "tide"],
    "text": " The tide is rising. ",
}


class Sandboxed(Exception):
    """The expression was left to the sandbox."""


def leave(row: dict[str, Any]) -> Any:
    raise Sandboxed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("score", 3),
        ("score >= 1 and lang == 'en' and not draft", True),
        ("draft or lang", "en"),
        ("1 < score <= 3 < count", True),
        ("lang in ['en', 'de'] and 'sea' in tags and 'fog' not in tags", True),
        ("-score - 1 + 2 * count", 4),
        ("price * count / 2 // 1 % 4 + score ** 2", 10.0),
        ("score % 2 + count ** 2 - count // 3", 16),
        ("lang + '-' + meta.lang", "en-en"),
        ("lang ~ ':' ~ score ~ ':' ~ draft", "en:3:False"),
        ("meta.lang == meta['lang']", True),
        ("meta['items'] - 1", 1),
        ("tags[-1][0:2]", "ti"),
        ("text.split() | length", 4),
        ("text.strip().lower().startswith('the')", True),
        ("text | trim | upper | length > 3", True),
        ("tags | first ~ (tags | last)", "seatide"),
        ("tags | join(', ')", "sea, tide"),
        ("missing | default(0) + 1", 1),
        ("meta.note | d('none')", "none"),
        ("empty | default('x', true)", "x"),
        ("(price | int) + (score | float) + (-score | abs)", 8.0),
        ("price | round(1) | string", "2.5"),
        ("missing is defined or meta.lang is defined and meta.note is undefined", True),
        ("empty is none and lang is string and score is number and draft is boolean", True),
        ("score is odd and score is in [1, 3] and score is ge 3", True),
        ("'long' if text | length > 100 else 'short'", "short"),
        ("[lang, score]", ["en", 3]),
    ],
)
def test_a_simple_expression_needs_no_sandbox(text: str, value: object) -> None:
    assert shown(direct_function(text, leave)(ROW)) == shown(value)
    assert Expression(text).function()(ROW) == value
    assert shown(Expression(text)._sandboxed(ROW)) == shown(value)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("score + 1", {}),
        ("lang * 3", {"lang": "en"}),
        ("score * score", {"score": 2**63 + 1}),
        ("score ** score", {"score": 65}),
        ("text % 3", {"text": "%1000000000d"}),
        ("text.upper()", {"text": "x" * 100_001}),
        ("text + text", {"text": "x" * 60_000}),
        ("text ~ text", {"text": "x" * 60_000}),
        ("tags | join", {"tags": ["x" * 60_000] * 2}),
        ("tags | first", {"tags": ["x" * 100_001]}),
        ("meta.lang", {"meta": "en"}),
        ("meta.items", {"meta": {"items": 2}}),
        ("range", {}),
        ("range is defined", {}),
        ("self", {"self": 1}),
        ("\N{LATIN SMALL LIGATURE FI}", {"\N{LATIN SMALL LIGATURE FI}": 1}),
        ("1e308 / 0.1", {}),
        ("score < 1e999", {"score": 1}),
        ("score < 1" + "0" * 400, {"score": 1}),
        ("9 ** (9 ** 9)", {}),
        ("text.__class__", {"text": "x"}),
        ("text.format(1)", {"text": "{:1000000000}"}),
        ("score" + " + 1" * 200, {"score": 1}),
        ("(" * 150 + "score" + ")" * 150 + " + score" * 10, {"score": 1}),
    ],
)
def test_what_is_not_certain_is_left_to_the_sandbox(text: str, row: dict[str, Any]) -> None:
    try:
        assert direct_function(text, leave)(row) == row["score"] * 11
    except Sandboxed:
        pass
    except KeyError:
        pytest.fail(f"{text} was evaluated directly")


def test_a_row_of_another_type_is_left_to_the_sandbox() -> None:
    class Columns(dict[str, Any]):
        def __missing__(self, column: str) -> int:
            return 1

    with pytest.raises(InvalidRowError, match="'score' is undefined"):
        Expression("score").value(Columns())


def test_an_error_says_nothing_of_the_direct_evaluation() -> None:
    with pytest.raises(InvalidRowError, match="ZeroDivisionError") as raised:
        Expression("1 / score").value({"score": 0})
    cause = raised.value.__cause__
    assert isinstance(cause, ZeroDivisionError)
    assert cause.__context__ is None


def shown(value: object) -> object:
    """Return a value such that NaN is itself, and 1 is neither 1.0 nor True."""
    if isinstance(value, dict):
        return {key: shown(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return (type(value), [shown(one) for one in value])
    try:
        return (type(value), repr(value))
    except ValueError:
        # Too many digits.
        return value


def outcome(evaluate: Any, row: dict[str, Any]) -> object:
    try:
        return shown(evaluate(row))
    except SeedbedError as error:
        return (type(error), str(error), repr(error.__cause__))


def check(text: str, row: dict[str, Any]) -> None:
    try:
        expression = Expression(text)
    except UsageError:
        return
    wanted = outcome(expression._sandboxed, row)
    assert outcome(expression.value, row) == wanted


@example("(a) | default(b)", {"a": 1})
@example("text.upper()", {"text": "ŉ" * 100_000})
@given(expressions, rows)
def test_results_and_errors_are_those_of_the_sandbox(text: str, row: dict[str, Any]) -> None:
    check(text, row)


@pytest.mark.slow
@given(conditions | numbers | texts, plain_rows)
def test_results_over_plain_rows_are_those_of_the_sandbox(text: str, row: dict[str, Any]) -> None:
    check(text, row)
