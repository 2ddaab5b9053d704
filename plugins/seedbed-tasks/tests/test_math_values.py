from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed_tasks.math_values import answer_in, comparable, is_same_answer, value_of

SAME = [
    ("0.5", "1/2", r"\frac{1}{2}", r"\dfrac12", ".50", "$0.5$", "x = 0.5", r"\frac{2}{4}", "+1/2", "2^{-1}"),
    (
        "1000",
        "1,000",
        "1000.00",
        "$1{,}000$".replace("{,}", ","),
        "1000.",
        r"10^3",
        "10^{3}",
        "1 000".replace(" ", ""),
    ),
    ("-3", "\u22123", "-3.0", r"-\frac{6}{2}", "(-3)", "-(3)"),
    ("1/3", r"\frac13", r"\frac{1}{3}", "2/6"),
    (r"\sqrt{2}", r"\frac{2}{\sqrt{2}}", r"2^{1/2}", r"\sqrt 2", "\u221a2", r"\sqrt[4]{4}"),
    (r"2\sqrt{3}", r"\sqrt{12}", r"2 \cdot \sqrt{3}"),
    (r"2\pi", r"\pi \times 2", "2\u03c0", r"2*\pi"),
    (r"1\frac{1}{2}", "1.5", "3/2"),
    (r"5\text{ cm}", "5", r"5^\circ", "5%", r"5\%", "5."),
    ("(1, 2)", "(1,2)", r"\left(1, \frac{4}{2}\right)"),
    ("Paris", "paris.", " PARIS "),
    ("3", "\u0663", r"\sqrt{9}", r"\sqrt[3]{27}"),
    ("-0", "0", "0.0"),
]
OTHERS = [
    ("1/3", "0.333"),
    ("12", "1,2"),
    ("(1,2)", "(2,1)"),
    ("12345678901234567890", "12345678901234567891"),
    (r"\sqrt{2}", "1.41"),
    ("x", "y"),
    ("5", "-5"),
    ("2^3", "6"),
    ("*".join(["10^64"] * 7), "1"),
]


@pytest.mark.parametrize("same", SAME, ids=lambda same: same[0])
def test_answers_are_the_same_in_all_their_forms(same: tuple[str, ...]) -> None:
    assert len({comparable(one) for one in same}) == 1, [comparable(one) for one in same]


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_other_answers_are_not(one: str, other: str) -> None:
    assert not is_same_answer(one, other)


@pytest.mark.parametrize(
    "text",
    [
        *("", "9^{9^{9^9}}", "2^1000", "1/0", r"\frac{1}{0}", "(" * 5000, "1" * 500, "0^{-1}", r"\sqrt{-1}"),
        *("nan", "inf", "1e999", "1 2", "x+1", "\\", "--", "{", "}{", "(-8)^{1/3}", "\u00b2"),
        *("(10^{60})^{64} * (10^{60})^{64}", "1/(10^{60})^{64}", "(2^{-64})^{64} * (2^{-64})^{64}"),
    ],
)
def test_what_has_no_value_is_compared_as_text(text: str) -> None:
    assert value_of(text) is None
    assert is_same_answer(text, text)


def test_nested_and_long_answers_are_compared_in_a_moment() -> None:
    nests = ["(1," * 5000 + "1" + ")" * 5000, "(" * 50_000, "1,000," * 20_000, "\\frac{" * 20_000, "1+" * 90]
    for text in (*nests, "(1," * 40 + "1" + ")" * 40):
        assert is_same_answer(text, text)


@given(st.fractions(max_denominator=10**6))
def test_a_fraction_has_its_value_in_every_form(number: Fraction) -> None:
    over, under = number.numerator, number.denominator

    assert value_of(f"{over}/{under}") == number
    assert comparable(rf"\frac{{{over}}}{{{under}}}") == comparable(f"{over}/{under}")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_a_decimal_is_compared_by_its_value(number: object) -> None:
    assert Fraction(comparable(f"{number:f}")) == Fraction(f"{number:f}")


@given(st.text(alphabet=r"\frac{}12()^/*-+,.sqt[] pi", max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    assert is_same_answer(text, text)


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"So it's \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"The answer is \frac{1}{2}.", r"\frac{1}{2}"),
        ("The answer is 1/2.", "1/2"),
        ("The answer is 12 apples.", "12"),
        ("First 3, then 4.", "4"),
        ("No idea.", None),
        (r"<think>\boxed{3}</think> The answer is 4", "4"),
    ],
)
def test_the_answer_of_a_solution_is_read(solution: str, answer: str | None) -> None:
    assert answer_in(solution) == answer
