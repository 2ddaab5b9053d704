"""Few rows that have all pairs of values of several columns, for tests of combinations.

A greedy algorithm after AETG (Cohen et al., 1997, https://doi.org/10.1109/32.605761): each row begins with a
pair that isn't covered yet, and each further column takes the value that covers most pairs. Differences: one
candidate per row instead of fifty, and ties go to the value that has been used least.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

_Pair = tuple[int, int, int, int]
"""Two columns, and the places of their values: first column, its value, second column, its value."""


def covering_rows(sizes: Sequence[int]) -> list[list[int]]:
    """Return rows, a value's place for each column, in which each two columns have all pairs of their values.

    covering_rows([2, 2, 2])    # four rows, where all combinations would be eight
    """
    left = dict.fromkeys(
        (first, one, second, other)
        for first, second in combinations(range(len(sizes)), 2)
        for one in range(sizes[first])
        for other in range(sizes[second])
    )
    used = [[0] * size for size in sizes]
    rows = []
    while left:
        row = _row(next(iter(left)), left, used)
        for column, value in enumerate(row):
            used[column][value] += 1
        for first, second in combinations(range(len(sizes)), 2):
            left.pop((first, row[first], second, row[second]), None)
        rows.append(row)
    return rows


def _row(start: _Pair, left: dict[_Pair, None], used: list[list[int]]) -> list[int]:
    chosen = {start[0]: start[1], start[2]: start[3]}
    for column in range(len(used)):
        if column not in chosen:
            chosen[column] = max(
                range(len(used[column])),
                key=lambda value: (_gain(column, value, chosen, left), -used[column][value]),
            )
    return [chosen[column] for column in range(len(used))]


def _gain(column: int, value: int, chosen: dict[int, int], left: dict[_Pair, None]) -> int:
    """Return how many pairs a value would cover with those that are chosen."""
    pairs = (
        (column, value, other, chosen[other]) if column < other else (other, chosen[other], column, value)
        for other in chosen
    )
    return sum(pair in left for pair in pairs)
