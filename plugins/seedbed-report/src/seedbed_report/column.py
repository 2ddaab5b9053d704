"""Profiles of columns: their kind, lengths, values and refusals, row by row in bounded memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from seedbed.reading import is_refusal
from seedbed_report.distinct import DistinctWords
from seedbed_report.figures import Column, Lengths, Share
from seedbed_report.spread import Numbers
from seedbed_report.values import columns_of, number_of, shown, text_of

MOST_VALUES = 50
"""Different values that a category has at most."""

_LONGEST_VALUE = 80
_WORD = re.compile(r"\w+")
_LONG = 2**20
_BYTES_PER_TOKEN = 4

TokenCounter = Callable[[str], int]


def estimated_tokens(text: str) -> int:
    """Return a fourth of the bytes of UTF-8, rounded up: about what tokenizers make of English."""
    return -(-len(text.encode(errors="surrogatepass")) // _BYTES_PER_TOKEN)


def _words_of(text: str, wanted: int) -> tuple[int, list[str]]:
    """Return how many words a text has, and the first ones, up to `wanted`."""
    if len(text) <= _LONG:
        words = _WORD.findall(text)
        return len(words), words[:wanted]
    # One by one: a list of ten million words takes 600 MB, and a file of 54 MB may be one text.
    found = _WORD.finditer(text)
    first = [match[0] for match in islice(found, wanted)]
    return len(first) + sum(1 for _ in found), first


class ColumnProfile:
    """What is counted of one column."""

    def __init__(self, name: str, count_tokens: TokenCounter, tokenizer: str) -> None:
        self.name = name
        self._count_tokens = count_tokens
        self._tokenizer = tokenizer
        self._values: Counter[str] | None = Counter()
        self._texts = 0
        self._flags = 0
        self._refusals = 0
        self._characters, self._words, self._tokens = Numbers(), Numbers(), Numbers()
        self._distinct = DistinctWords()
        self._numbers = Numbers()
        self._others = 0

    def add(self, value: Any) -> None:
        """Count a value that isn't None."""
        if isinstance(value, bool):
            self._flags += 1
            self._count_value(str(value).lower())
        elif (number := number_of(value)) is not None:
            self._numbers.add(number)
        elif (text := text_of(value)) is not None:
            self._add_text(text, is_plain=isinstance(value, str))
        else:
            self._others += 1

    @property
    def kind(self) -> str:
        """What most of the values are."""
        counts = {
            "text": self._texts,
            "flag": self._flags,
            "number": self._numbers.count,
            "other": self._others,
        }
        most = max(counts, key=lambda kind: counts[kind])
        if not counts[most]:
            return "empty"
        if most == "flag" or (most == "text" and self._is_category):
            return "category"
        return most

    @property
    def _is_category(self) -> bool:
        """Whether texts are labels: few, short, and each is there several times."""
        return self._values is not None and 2 * len(self._values) <= self._texts

    def _add_text(self, text: str, *, is_plain: bool) -> None:
        self._texts += 1
        self._characters.add(len(text))
        count, first = _words_of(text, self._distinct.wanted)
        self._words.add(count)
        self._tokens.add(self._count_tokens(text))
        self._distinct.add([word.lower() for word in first])
        self._refusals += is_refusal(text)
        if is_plain and len(text) <= _LONGEST_VALUE:
            self._count_value(text)
        else:
            self._values = None

    def _count_value(self, value: str) -> None:
        if self._values is not None:
            self._values[value] += 1
            if len(self._values) > MOST_VALUES:
                self._values = None

    def figures(self, rows: int) -> Column:
        """Return the figures of the column in a dataset of `rows` rows."""
        kind = self.kind
        counted = {
            "category": self._texts + self._flags,
            "text": self._texts,
            "number": self._numbers.count,
            "other": self._others,
        }
        there = self._texts + self._flags + self._numbers.count + self._others
        own = counted.get(kind, 0)
        is_text = kind == "text"
        return Column(
            name=self.name,
            kind=kind,  # type: ignore[arg-type]
            rows=own,
            missing=rows - there,
            odd=there - own,
            lengths=self._lengths() if is_text else None,
            distinct=self._distinct.figures() if is_text else None,
            refusals=self._refusals if is_text else None,
            values=list(self._shares(own)) if kind == "category" else None,
            numbers=self._numbers.spread() if kind == "number" else None,
        )

    def _lengths(self) -> Lengths:
        spreads = [counted.spread() for counted in (self._characters, self._words, self._tokens)]
        characters, words, tokens = (spread for spread in spreads if spread is not None)
        return Lengths(characters=characters, words=words, tokens=tokens, tokenizer=self._tokenizer)

    def _shares(self, rows: int) -> Iterator[Share]:
        for value, count in (self._values or Counter()).most_common():
            yield Share(value=shown(value), rows=count, share=count / rows)


class Profiles:
    """The profiles of all columns of a dataset, in the order in which they come."""

    MOST = 100
    """Columns that are looked at; more would be keys of a mapping, and no columns."""

    def __init__(self, count_tokens: TokenCounter, tokenizer: str) -> None:
        self._count_tokens = count_tokens
        self._tokenizer = tokenizer
        self._profiles: dict[str, ColumnProfile] = {}
        self.rows = 0
        self.left_out: set[str] = set()

    def add(self, row: dict[str, Any]) -> None:
        """Count the values of a row."""
        self.rows += 1
        for name, value in columns_of(row):
            profile = self._profiles.get(name)
            if profile is None:
                if len(self._profiles) >= self.MOST:
                    if len(self.left_out) < self.MOST:
                        self.left_out.add(name)
                    continue
                profile = self._profiles[name] = ColumnProfile(name, self._count_tokens, self._tokenizer)
            if value is not None:
                profile.add(value)

    def texts(self) -> list[str]:
        """Return the columns that hold texts."""
        return [name for name, profile in self._profiles.items() if profile.kind == "text"]

    def figures(self) -> list[Column]:
        """Return the figures of each column."""
        return [profile.figures(self.rows) for profile in self._profiles.values()]
