"""Numbers as the pages write them."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed_view.words import ago, cost_text, moment


@pytest.mark.parametrize(
    ("cost", "text"),
    [(None, ""), (0.0, "$0.00"), (0.0000123, "$0.000012"), (0.0042, "$0.0042"), (1234.5, "$1,234.50")],
)
def test_a_cost_is_never_shown_as_nothing(cost: float | None, text: str) -> None:
    assert cost_text(cost) == text


@pytest.mark.parametrize("text", ["x", "2026-13-01", "0001-01-01T00:00:00+14:00", 7])
def test_a_time_that_is_damaged_is_shown_as_it_is(text: Any) -> None:
    assert ago(text) == moment(text) == str(text)
