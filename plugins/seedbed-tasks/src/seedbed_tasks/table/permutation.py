"""A shuffled order of any length in which the place of each item is computed by itself.

A Feistel network permutes numbers of an even number of bits, whatever its round function is. Numbers that
land beyond the length are permuted again until they land within (cycle walking: Black and Rogaway, 2002,
https://doi.org/10.1007/3-540-45760-7_9), which makes it a permutation of any length.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# With four, a network over few bits still shows patterns between neighbouring keys.
_TURNS = 8


def permuted(numbers: npt.NDArray[np.int64], size: int, key: int) -> npt.NDArray[np.int64]:
    """Return where each number of `range(size)` goes in the order that belongs to a 64-bit key."""
    half = max(1, (max(size - 1, 1).bit_length() + 1) // 2)
    keys = _mixed(np.arange(_TURNS, dtype=np.uint64) + np.uint64(key))
    made = _network(numbers.astype(np.uint64), half, keys)
    # The network covers at most four times the length, so this takes a few turns.
    while (beyond := made >= np.uint64(size)).any():
        made[beyond] = _network(made[beyond], half, keys)
    return made.astype(np.int64)


def _network(
    numbers: npt.NDArray[np.uint64], half: int, keys: npt.NDArray[np.uint64]
) -> npt.NDArray[np.uint64]:
    shift, mask = np.uint64(half), np.uint64(2**half - 1)
    left, right = numbers >> shift, numbers & mask
    for key in keys:
        left, right = right, left ^ (_mixed(right ^ key) & mask)
    return (left << shift) | right


def _mixed(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return bits that each depend on all of `bits`, by the finaliser of SplitMix64 (Steele et al., 2014)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
