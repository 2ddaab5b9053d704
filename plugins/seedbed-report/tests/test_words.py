"""Figures as the report writes them."""

from __future__ import annotations

import pytest

from seedbed_report.words import cost_text


@pytest.mark.parametrize(
    ("cost", "text"), [(0.0, "$0"), (0.0000123, "$0.000012"), (0.0042, "$0.0042"), (1234.5, "$1,234.50")]
)
def test_a_small_cost_is_not_shown_as_nothing(cost: float, text: str) -> None:
    assert cost_text(cost) == text
