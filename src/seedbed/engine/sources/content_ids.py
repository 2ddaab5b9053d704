"""Ids of rows by their content, for rows whose order may change."""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from seedbed.engine.sources.digest_set import DigestSet
from seedbed.engine.sources.id_giving import GivenIds, RowIds


def row_digest(encoded: bytes) -> bytes:
    """Return the digest of a row (8 bytes), with which its id begins."""
    return hashlib.blake2b(encoded, digest_size=8).digest()


class ContentIds(RowIds):
    """Ids of rows whose order may change: the digest of a row, and how many equal rows came before."""

    def __init__(self) -> None:
        # Few bytes for each row, and a count only for those that come again: an input may have millions.
        self._once = DigestSet()
        self._often: Counter[int] = Counter()

    def of_all(
        self,
        encoded: Sequence[bytes],
        place: Callable[[int], str] = "row {}".format,
        rows: Sequence[Any] | None = None,
    ) -> GivenIds:
        """Return the ids of the next rows; each has one."""
        digests = [row_digest(row).hex() for row in encoded]
        # As `int(digest, 16)`, for all of them at once.
        numbers = array("Q", bytes.fromhex("".join(digests)))
        if sys.byteorder == "little":
            numbers.byteswap()
        ids = [f"{digest}.0" for digest in digests]
        for i in self._once.add_all(numbers):
            self._often[numbers[i]] += 1
            ids[i] = f"{digests[i]}.{self._often[numbers[i]]}"
        return GivenIds(ids)

    def of_invalid(self, row: Any, number: int, place: str) -> str:
        """Return an id made of its number: there's no JSON to digest."""
        return f"invalid.{number}"

    def see(self, row_id: str) -> None:
        """Take the id of a row of an earlier session."""
        digest, _, number = row_id.partition(".")
        if digest == "invalid":
            return
        known = int(digest, 16)
        self._once.add(known)
        if number != "0":
            self._often[known] = max(self._often[known], int(number))
