"""Profiles of columns: their kind, and what is counted of their values, row by row in bounded memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from seedbed_report.figures import Column, Share
from seedbed_report.spread import Numbers
from seedbed_report.text_counts import TextCounts, TokenCounter
from seedbed_report.values import columns_of, number_of, shown, text_of

MOST_VALUES = 50
"""Different values that a category has at most."""

_LONGEST_VALUE = 80
"""Characters of a value of a category at most."""

# A word of another script may be a sentence, and one without a digit a short answer.
_IDENTIFIER = re.compile(rf"(?=[^0-9]*[0-9])[!-~]{{1,{_LONGEST_VALUE}}}")


class ColumnProfile:
    """What is counted of one column."""

    def __init__(self, name: str, count_tokens: TokenCounter, tokenizer: str) -> None:
        self.name = name
        self._texts = TextCounts(count_tokens, tokenizer)
        self._numbers = Numbers()
        self._flags = 0
        self._others = 0
        self._has_prose = False
        # How often each value of a category is there; None if the column can't be one.
        self._values: Counter[str] | None = Counter()

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
            "text": self._texts.count,
            "flag": self._flags,
            "number": self._numbers.count,
            "other": self._others,
        }
        most = max(counts, key=lambda kind: counts[kind])
        if not counts[most]:
            return "empty"
        if most == "flag" or (most == "text" and self._is_category):
            return "category"
        return "identifier" if most == "text" and not self._has_prose else most

    @property
    def _is_category(self) -> bool:
        """Whether texts are labels: few, short, and each is there several times."""
        return self._values is not None and 2 * len(self._values) <= self._texts.count

    def _add_text(self, text: str, *, is_plain: bool) -> None:
        self._texts.add(text)
        self._has_prose = self._has_prose or not (is_plain and _IDENTIFIER.fullmatch(text))
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
            "category": self._texts.count + self._flags,
            "text": self._texts.count,
            "identifier": self._texts.count,
            "number": self._numbers.count,
            "other": self._others,
        }
        there = self._texts.count + self._flags + self._numbers.count + self._others
        own = counted.get(kind, 0)
        is_text = kind == "text"
        return Column(
            name=self.name,
            kind=kind,  # type: ignore[arg-type]
            rows=own,
            missing=rows - there,
            odd=there - own,
            lengths=self._texts.lengths() if is_text else None,
            distinct=self._texts.distinct.figures() if is_text else None,
            refusals=self._texts.refusals if is_text else None,
            values=list(self._shares(own)) if kind == "category" else None,
            numbers=self._numbers.spread() if kind == "number" else None,
        )

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
