"""What is counted of a column's texts: lengths, different words and refusals, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from seedbed.reading import is_refusal
from seedbed_report.distinct import DistinctWords
from seedbed_report.figures import Lengths
from seedbed_report.spread import Numbers

TokenCounter = Callable[[str], int]

_WORD = re.compile(r"\w+")
_LONG = 2**20
"""Characters from which the words of a text are counted one by one."""
_BYTES_PER_TOKEN = 4


def estimated_tokens(text: str) -> int:
    """Return a fourth of the bytes of UTF-8, rounded up: about what tokenizers make of English."""
    return -(-len(text.encode(errors="surrogatepass")) // _BYTES_PER_TOKEN)


class TextCounts:
    """Counts texts one by one; `tokenizer` is the name of what `count_tokens` counts."""

    def __init__(self, count_tokens: TokenCounter, tokenizer: str) -> None:
        self.count = 0
        self.refusals = 0
        self.distinct = DistinctWords()
        self._count_tokens = count_tokens
        self._tokenizer = tokenizer
        self._characters, self._words, self._tokens = Numbers(), Numbers(), Numbers()

    def add(self, text: str) -> None:
        """Count a text."""
        self.count += 1
        self._characters.add(len(text))
        count, first = _words_of(text, self.distinct.wanted)
        self._words.add(count)
        self._tokens.add(self._count_tokens(text))
        self.distinct.add([word.lower() for word in first])
        self.refusals += is_refusal(text)

    def lengths(self) -> Lengths:
        """Return how long the texts are; there has to be one."""
        spreads = [counted.spread() for counted in (self._characters, self._words, self._tokens)]
        characters, words, tokens = (spread for spread in spreads if spread is not None)
        return Lengths(characters=characters, words=words, tokens=tokens, tokenizer=self._tokenizer)


def _words_of(text: str, wanted: int) -> tuple[int, list[str]]:
    """Return how many words a text has, and the first ones, up to `wanted`."""
    if len(text) <= _LONG:
        words = _WORD.findall(text)
        return len(words), words[:wanted]
    # One by one: a list of ten million words takes 600 MB, and a file of 54 MB may be one text.
    found = _WORD.finditer(text)
    first = [match[0] for match in islice(found, wanted)]
    return len(first) + sum(1 for _ in found), first
