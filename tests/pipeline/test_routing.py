from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest
from tests.support.steps import plain

from seedbed import InvalidRowError, UsageError, otherwise, when

(STEP,) = plain("step")


@pytest.mark.parametrize(
    ("condition", "row", "taken"),
    [
        ("lang == 'en'", {"lang": "en"}, True),
        ("lang == 'en'", {"lang": "de"}, False),
        ("score > 3 and not draft", {"score": 4, "draft": False}, True),
        ("'a' in tags", {"tags": ["a", "b"]}, True),
        ("text | length > 3", {"text": "abc"}, False),
        ("meta.lang == 'en'", {"meta": {"lang": "en"}}, True),
        ("missing is defined", {}, False),
        ("none_of", {"none_of": None}, False),
    ],
)
def test_an_expression_holds_as_jinja_says(condition: str, row: dict[str, object], taken: bool) -> None:
    assert when(condition, STEP).when.holds(row) is taken


def test_a_function_decides_and_names_itself() -> None:
    def is_long(row: dict[str, str]) -> bool:
        return len(row["text"]) > 3

    condition = when(is_long, STEP).when

    assert condition.holds({"text": "long"})
    assert not condition.holds({"text": "s"})
    assert "is_long" in condition.text
    with pytest.raises(KeyError):
        condition.holds({})


async def later(row: dict[str, object]) -> bool:
    return False


class Later:
    async def __call__(self, row: dict[str, object]) -> bool:
        return False


class LaterToo(Later):
    """Has its method from the class above."""


class Above:
    def __init__(self, least: int) -> None:
        self.least = least

    def __call__(self, row: dict[str, int]) -> bool:
        return row["n"] > self.least


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (later, "the condition later is `async def`, and is not awaited"),
        (partial(later), "the condition later is `async def`, and is not awaited"),
        (Later(), "the condition Later is `async def`, and is not awaited"),
        (LaterToo(), "the condition LaterToo is `async def`, and is not awaited"),
        (lambda row, other: True, "takes (row, other), and is called with (row)"),
        (lambda: True, "takes (), and is called with (row)"),
        (5, "the condition of a route is 5"),
        (None, "the condition of a route is None"),
        (STEP, "and then the step: when("),
    ],
)
def test_what_cannot_tell_of_a_row_is_no_condition(condition: Any, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        when(condition, STEP)


@pytest.mark.parametrize("condition", [lambda row: later(row), lambda row: (part for part in row)])
def test_what_would_be_true_of_every_row_is_no_answer(condition: Any) -> None:
    with pytest.raises(UsageError, match="is always true"):
        when(condition, STEP).when.holds({"n": 1})


@pytest.mark.parametrize(
    ("condition", "name"),
    [
        (Above(1), "Above"),
        (partial(lambda row, least: row["n"] > least, least=1), "<lambda>"),
        (bool, "bool"),
    ],
)
def test_whatever_takes_a_row_may_be_a_condition(condition: Any, name: str) -> None:
    made = when(condition, STEP).when

    assert made.holds({"n": 2})
    assert made.text.endswith(name)
    # No address, which would be another one in the next process.
    assert "0x" not in made.text


@pytest.mark.parametrize("branch", [None, 5, [STEP], {"step": STEP}])
def test_a_route_leads_to_a_step_or_to_several_that_follow_each_other(branch: Any) -> None:
    for made in (lambda: when("n > 1", branch), lambda: otherwise(branch)):
        with pytest.raises(UsageError, match=r"leads to .*\n  give it a step, or several"):
            made()


def test_otherwise_always_holds() -> None:
    assert otherwise(STEP).when.holds({})
    assert otherwise(STEP).when == otherwise(STEP).when


@pytest.mark.parametrize(
    ("condition", "row", "said"),
    [
        ("lang == 'en'", {"lnag": "en"}, "did you mean 'lnag'?"),
        ("lang", {}, "'lang' is undefined"),
        ("meta.lang", {"meta": {}}, "no attribute 'lang'"),
        ("score > 3", {"score": None}, "TypeError"),
        ("1 / score > 3", {"score": 0}, "ZeroDivisionError"),
    ],
)
def test_a_row_of_which_it_cannot_be_told_is_to_blame(
    condition: str, row: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidRowError) as raised:
        when(condition, STEP).when.holds(row)

    assert repr(condition) in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize("condition", ["lang ==", "lang = 'en'", "", "a b", "{{ lang }}", "1 ~ (2)[0]"])
def test_what_is_no_expression_is_refused_at_once(condition: str) -> None:
    with pytest.raises(UsageError, match="is not an expression"):
        when(condition, STEP)


@pytest.mark.parametrize(
    "condition", ["''.__class__.__mro__", "text.__init__.__globals__", "range(1000000)|list"]
)
def test_a_condition_from_a_stranger_stays_in_its_sandbox(condition: str) -> None:
    with pytest.raises((UsageError, InvalidRowError)):
        when(condition, STEP).when.holds({"text": "x"})


def test_the_columns_of_an_expression_are_those_it_reads() -> None:
    from seedbed.pipeline.routing import Expression

    assert Expression("lang == 'en' and score > range(3) | length").columns == {"lang", "score"}
