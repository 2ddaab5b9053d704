"""What one request to an embedder may hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class BatchBounds(NamedTuple):
    """The most texts in one request, and the most bytes of UTF-8 if a server limits those.

    A text that is longer than that is a request of its own.
    """

    texts: int
    bytes: int | None = None

    def fit(self, texts: int, size: int) -> bool:
        """Whether so many texts with so many bytes may be one request."""
        return texts <= self.texts and (self.bytes is None or size <= self.bytes)

    def size_of(self, texts: Sequence[str]) -> int:
        """Return the bytes of texts; 0 if they aren't limited."""
        return 0 if self.bytes is None else sum(map(bytes_of, texts))


def bytes_of(text: str) -> int:
    """Return the bytes of a text in UTF-8, also if it has half of a surrogate pair."""
    return len(text.encode(errors="surrogatepass"))
