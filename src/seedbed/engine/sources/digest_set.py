"""A set of 64-bit numbers that takes the memory of an array: the digests of an input's rows."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

_FIRST_SIZE = 1024


class DigestSet:
    """Numbers of 64 bits that have been added; two to four times eight bytes for each, and nothing else.

    seen = DigestSet()
    seen.add(17)  # True: it's new
    seen.add(17)  # False
    """

    # A set of Python's takes 70 to 100 bytes for each number: 80 MB for a million rows. The numbers are
    # digests, so their low bits are as good as any hash of them.

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _FIRST_SIZE))
        self._has_zero = False
        self._count = 0

    def __len__(self) -> int:
        return self._count + self._has_zero

    def add(self, number: int) -> bool:
        """Add a number; return whether it's new."""
        if number == 0:
            # An empty slot is zero, so zero itself has none.
            is_new, self._has_zero = not self._has_zero, True
            return is_new
        if not _insert(self._slots, number):
            return False
        self._count += 1
        # With more than half of the slots full, looking for an empty one takes ever longer.
        if 2 * self._count > len(self._slots):
            self._grow()
        return True

    def add_all(self, numbers: Sequence[int]) -> list[int]:
        """Add numbers; return the places of those that aren't new, which may have come just before."""
        while 2 * (self._count + len(numbers)) > len(self._slots):
            self._grow()
        # As in `_insert`: calling it for each takes as long as finding the slot.
        slots, mask, known = self._slots, len(self._slots) - 1, []
        for i, number in enumerate(numbers):
            place = number & mask
            while (found := slots[place]) and found != number:
                place = (place + 1) & mask
            if found or number == 0:
                known.append(i)
            else:
                slots[place] = number
        self._count += len(numbers) - len(known)
        return [i for i in known if numbers[i] or not self.add(0)]

    def _grow(self) -> None:
        larger = array("Q", bytes(2 * 8 * len(self._slots)))
        for number in self._slots:
            if number:
                _insert(larger, number)
        self._slots = larger


def _insert(slots: array[int], number: int) -> bool:
    mask = len(slots) - 1
    place = number & mask
    while found := slots[place]:
        if found == number:
            return False
        place = (place + 1) & mask
    slots[place] = number
    return True
