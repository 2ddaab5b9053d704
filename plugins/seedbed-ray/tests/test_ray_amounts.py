"""Amounts of processors, GPUs and other resources in words."""

from __future__ import annotations

from itertools import permutations

import pytest

from seedbed_ray.amounts import listed


@pytest.mark.parametrize("names", list(permutations(["CPU", "GPU", "TPU", "licence"])), ids=" ".join)
def test_amounts_have_one_order_whatever_order_ray_names_them_in(names: tuple[str, ...]) -> None:
    assert listed(dict.fromkeys(names, 2.0)) == "2 CPU, 2 GPU, 2 TPU, 2 licence"


def test_amounts_of_zero_are_left_out() -> None:
    assert listed({"GPU": 0.0, "CPU": 1.5}) == "1.5 CPU"
    assert listed({"CPU": 0.0}) == "nothing"
