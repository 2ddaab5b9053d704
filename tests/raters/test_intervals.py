"""Intervals against tables and known values."""

from __future__ import annotations

from math import inf

import pytest

from seedbed.raters.intervals import t_factor


@pytest.mark.parametrize(
    ("count", "factor"),
    [(2, 12.706), (3, 4.303), (5, 2.776), (6, 2.571), (10, 2.262), (20, 2.093), (100, 1.984), (10**6, 1.960)],
)
def test_the_factor_is_that_of_a_table_of_t(count: int, factor: float) -> None:
    assert t_factor(count) == pytest.approx(factor, abs=0.001)


def test_a_single_value_says_nothing_about_its_spread() -> None:
    assert t_factor(1) == inf
