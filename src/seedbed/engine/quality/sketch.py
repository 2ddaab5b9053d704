"""Sketches of texts: a few digests that two texts share if they share most of their words."""

from __future__ import annotations

from typing import TypeAlias
from zlib import crc32

Sketch: TypeAlias = tuple[int, ...]
"""The smallest digests of a text's phrases of three words, ascending; at most `SIZE`."""

SIZE = 32
_PHRASE = 3
"""Words of a phrase."""
_OPENING = 5
"""Words with which texts are compared for how they begin."""
_KNOWN_WORDS = 50_000
"""Words whose digests are remembered: 6 MB."""


class Sketcher:
    """Makes sketches; it remembers the digests of words, which is faster than computing them again."""

    # Bottom-k sketches (Broder, 1997) instead of MinHash: a text is hashed once and not 128 times, which
    # takes 17 us for 60 words. `hash` of whole numbers is the same in each process, unlike that of text.

    def __init__(self) -> None:
        self._numbers = _Numbers()

    def sketch(self, text: str) -> Sketch:
        """Return the sketch of a text; one of fewer than three words is a single phrase."""
        return self.sketch_and_opening(text)[0]

    def sketch_and_opening(self, text: str) -> tuple[Sketch, int]:
        """Return the sketch of a text, and the digest of its first five words.

        Upper and lower case are the same; punctuation belongs to its word.
        """
        words = text.lower().split()
        if len(words) * 12 < len(text):
            # Chinese, Japanese or Thai: without spaces, each character counts as a word.
            words = [character for word in words for character in word]
        numbers = [*map(self._numbers.__getitem__, words)]
        opening = hash(tuple(numbers[:_OPENING]))
        if len(numbers) < _PHRASE:
            return (opening,), opening
        phrases = set(map(hash, zip(numbers, numbers[1:], numbers[2:], strict=False)))
        return tuple(sorted(phrases)[:SIZE]), opening


class _Numbers(dict[str, int]):
    """The digests of words; those of the first words are remembered."""

    # A dictionary, so that a known word takes no code in Python.
    def __missing__(self, word: str) -> int:
        number = crc32(word.encode(errors="surrogatepass"))
        if len(self) < _KNOWN_WORDS:
            self[word] = number
        return number


def similarity(one: Sketch, other: Sketch) -> float:
    """Estimate the Jaccard similarity of the phrases of two texts; exact if `SIZE` of them are all."""
    first, second = set(one), set(other)
    smallest = sorted(first | second)[:SIZE]
    shared = first & second
    return sum(value in shared for value in smallest) / len(smallest)
