"""Numbers as the pages write them."""

from __future__ import annotations

import pytest

from seedbed_view.words import cost_text


@pytest.mark.parametrize(
    ("cost", "text"),
    [(None, ""), (0.0, "$0.00"), (0.0000123, "$0.000012"), (0.0042, "$0.0042"), (1234.5, "$1,234.50")],
)
def test_a_cost_is_never_shown_as_nothing(cost: float | None, text: str) -> None:
    assert cost_text(cost) == text
