"""The sample of a report's rows."""

from __future__ import annotations

import hashlib
import random

import pytest

from seedbed_report.sample import RowSample, Sampled


def digest(row: str) -> bytes:
    return hashlib.blake2b(row.encode(), digest_size=8).digest()


@pytest.mark.parametrize("number", [3, 10, 500])
def test_it_has_the_rows_with_the_smallest_digests_in_their_order(number: int) -> None:
    rows = [str(place) for place in range(number)]
    sample = RowSample(10)
    for line, row in enumerate(rows, start=1):
        if sample.takes(row):
            sample.add(Sampled(row, line, {}))
    smallest = sorted(rows, key=digest)[:10]
    assert [one.row for one in sample.rows()] == sorted(smallest, key=int)


def test_it_is_the_same_in_any_order() -> None:
    rows = [str(place) for place in range(300)]
    found = []
    for seed in (1, 2):
        random.Random(seed).shuffle(rows)
        sample = RowSample(20)
        for row in filter(sample.takes, rows):
            sample.add(Sampled(row, int(row), {}))
        found.append(sample.rows())
    assert found[0] == found[1]
