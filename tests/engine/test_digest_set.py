"""A set of digests behaves like a set, and takes the memory of an array."""

from __future__ import annotations

import os
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.engine.sources.digest_set import DigestSet

MOST = 2**64 - 1


@given(st.lists(st.one_of(st.integers(0, MOST), st.integers(0, 3), st.integers(0, 9).map(lambda n: n << 40))))
def test_it_knows_what_a_set_knows(numbers: list[int]) -> None:
    seen, known = DigestSet(), set[int]()
    for number in numbers:
        assert seen.add(number) == (number not in known)
        known.add(number)
    assert len(seen) == len(known)


@given(st.lists(st.lists(st.one_of(st.integers(0, MOST), st.integers(0, 5)), max_size=20), max_size=8))
def test_many_at_once_are_known_as_one_by_one(parts: list[list[int]]) -> None:
    seen, singly = DigestSet(), DigestSet()
    for numbers in parts:
        expected = [i for i, number in enumerate(numbers) if not singly.add(number)]
        assert sorted(seen.add_all(numbers)) == expected
        assert len(seen) == len(singly)


def test_nothing_is_forgotten_as_it_grows() -> None:
    numbers = [int.from_bytes(os.urandom(8), "big") for _ in range(5000)]
    seen = DigestSet()
    assert all(seen.add(number) for number in dict.fromkeys(numbers))
    assert not any(map(seen.add, numbers))


@pytest.mark.slow
def test_a_digest_takes_no_more_than_forty_bytes() -> None:
    seen = DigestSet()
    tracemalloc.start()
    for number in range(100_000):
        seen.add(number * 0x9E3779B97F4A7C15 & MOST)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 40 * 100_000
