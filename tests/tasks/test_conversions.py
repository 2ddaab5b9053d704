"""The filters `int` and `float` make no number of what is none, unless they have a default."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed import Expression, InvalidRowError, PromptTemplate, get_step, run

JUNK = ["n/a", "1,000", "", None, [1], {"a": 1}]


@pytest.mark.parametrize("value", JUNK)
@pytest.mark.parametrize("name", ["int", "float"])
def test_what_is_no_number_is_refused_and_shown(value: Any, name: str) -> None:
    with pytest.raises(InvalidRowError) as caught:
        Expression(f"cell | {name}").value({"cell": value})
    assert caught.value.fact.endswith(f"has no value: what `{name}` gets is not a number")
    assert caught.value.advice == (f"it is {value!r}; for a number in its place: | {name}(0)",)
    with pytest.raises(InvalidRowError, match="is not a number"):
        PromptTemplate(f"{{{{ cell | {name} }}}}").render({"cell": value})


@pytest.mark.parametrize("value", JUNK)
def test_a_default_is_taken_as_it_is(value: Any) -> None:
    for default in ("0", "-1", "none", "default=0.5"):
        made = Expression(f"cell | float({default})").value({"cell": value})
        assert made == {"0": 0.0, "-1": -1.0, "none": None, "default=0.5": 0.5}[default]


@pytest.mark.parametrize(
    ("value", "whole", "real"),
    [("4", 4, 4.0), (" 7 ", 7, 7.0), ("3.9", 3, 3.9), (True, 1, 1.0), (2.5, 2, 2.5)],
)
def test_numbers_are_converted_as_by_jinja(value: Any, whole: int, real: float) -> None:
    row = {"cell": value}
    assert (Expression("cell | int").value(row), Expression("cell | float").value(row)) == (whole, real)
    assert Expression("cell | string | int(base=10)").value({"cell": "12"}) == 12


def test_rows_with_an_empty_cell_fail_alone_and_are_counted_together() -> None:
    rows = iter([{"score": "4"}, {"score": "n/a"}, {"score": None}, {"score": "2"}])
    done = run(get_step("filter", keep="score | int >= 3"), input=rows)
    assert (done.accepted, done.failed, done.rejected) == (1, 2, 1)
    assert len(done.reasons) == 1
