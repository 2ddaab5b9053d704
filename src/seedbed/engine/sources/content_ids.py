"""Ids of rows by their content, for rows whose order may change."""

from __future__ import annotations

import hashlib
from collections import Counter

from seedbed.engine.sources.digest_set import DigestSet


def row_digest(encoded: bytes) -> bytes:
    """Return the digest of a row (8 bytes), with which its id begins."""
    return hashlib.blake2b(encoded, digest_size=8).digest()


class ContentIds:
    """Ids of rows whose order may change: the digest of a row, and how many equal rows came before."""

    def __init__(self) -> None:
        # Few bytes for each row, and a count only for those that come again: an input may have millions.
        self._once = DigestSet()
        self._often: Counter[int] = Counter()

    def of(self, encoded: bytes) -> str:
        """Return the id of the next row."""
        digest = row_digest(encoded)
        known = int.from_bytes(digest, "big")
        if self._once.add(known):
            return f"{digest.hex()}.0"
        self._often[known] += 1
        return f"{digest.hex()}.{self._often[known]}"

    def see(self, row_id: str) -> None:
        """Take the id of a row of an earlier session, which was given by `of`."""
        digest, _, number = row_id.partition(".")
        if digest == "invalid":
            return
        known = int(digest, 16)
        self._once.add(known)
        if number != "0":
            self._often[known] = max(self._often[known], int(number))
