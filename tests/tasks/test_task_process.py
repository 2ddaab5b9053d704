from __future__ import annotations

from typing import Any

import pytest

from seedbed import Task, UsageError


class Greeting(Task):
    """Greets."""

    prompt: str = "Greet {{ who }}"


@pytest.mark.parametrize("given", [[{"who": "Ada"}], ()])
def test_a_list_of_rows_is_told_to_come_one_by_one(given: Any) -> None:
    with pytest.raises(UsageError) as caught:
        Greeting().process(given)

    assert "process(row)" in caught.value.advice[0]
