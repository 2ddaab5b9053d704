"""Measures the quality of rows one after the other, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Set
from typing import Any

from seedbed.engine.quality.figures import Quality
from seedbed.engine.quality.near_rows import NearRows
from seedbed.engine.quality.sketch import Sketch, Sketcher
from seedbed.reading.refusals import is_refusal

WINDOW = 100
"""Rows of the latest window, and of the first one that lengths are compared with."""

_AT_EACH_END = 100
"""Characters of a longer text that are looked at, at its beginning and at its end: a row has little time."""
_REFUSES_WITHIN = 200
"""Characters in which a refusal is looked for: models begin with it."""
_ALL_UP_TO, _THEN_EVERY = 200, 8
"""Rows that are all checked for refusals, and then one of so many: it takes a third of a row's time."""
_COMPARED_PHRASES = 16
"""Phrases of a row that are looked for among those of earlier rows: a random choice of its phrases."""
_FEWEST_PHRASES = 3
"""Phrases that a row must have to count: a text of five words has three."""
_KEPT_PHRASES = 200_000
_KEPT_OPENINGS = 50_000
"""Digests that are remembered, of phrases and of openings: 20 MB in all."""


class QualityMeter:
    """Measures the texts of rows that come in order, except those in the columns `given`.

        meter = QualityMeter({"topic"})
        meter.add({"topic": "lakes", "question": "...", "answer": "..."})
        meter.quality()

    Rows with fewer than five words of text don't count: labels are alike.
    """

    def __init__(self, given: Set[str] = frozenset()) -> None:
        self._given = given
        self._sketcher = Sketcher()
        self._near_rows = NearRows()
        self._phrases = _Seen(_KEPT_PHRASES)
        self._openings = _Seen(_KEPT_OPENINGS)
        self._rows = self._near = self._repeated = 0
        self._checked_for_refusals = self._refused = 0
        self._items_asked = self._items_reasked = 0
        # Of the first window all lengths added up, of the latest one each: it moves on with each row.
        self._first_length = 0
        self._lengths: deque[int] = deque(maxlen=WINDOW)
        self._novelties: deque[float] = deque(maxlen=WINDOW)

    def add(self, row: Mapping[str, Any], sampled: Collection[str] = ()) -> None:
        """Measure a row; `sampled` are further columns that a model didn't write."""
        texts = [
            value
            for column, value in row.items()
            if isinstance(value, str) and value and column not in self._given and column not in sampled
        ]
        shown = "\n".join(map(_ends, texts))
        sketch, opening = self._sketcher.sketch_and_opening(shown)
        if len(sketch) < _FEWEST_PHRASES:
            return
        self._rows += 1
        length = sum(map(len, texts))
        self._lengths.append(length)
        if self._rows <= WINDOW:
            self._first_length += length
        self._near += not self._near_rows.add(sketch)
        self._novelties.append(self._phrases.share_of_new(sketch[:_COMPARED_PHRASES]))
        self._repeated += not self._openings.is_new(opening)
        if self._rows <= _ALL_UP_TO or self._rows % _THEN_EVERY == 0:
            self._checked_for_refusals += 1
            self._refused += any(is_refusal(text[:_REFUSES_WITHIN]) for text in texts)

    def note_asking(self, is_reasked: bool) -> None:
        """Count an item for which a model was asked in this session, and whether it was asked again."""
        self._items_asked += 1
        self._items_reasked += is_reasked

    def quality(self) -> Quality:
        """Return the figures so far."""
        rows = self._rows
        reasked = self._items_reasked / self._items_asked if self._items_asked else 0.0
        if not rows:
            return Quality(reasked=reasked)
        return Quality(
            rows=rows,
            near_duplicates=self._near / rows,
            repeated_openings=self._repeated / rows,
            refusals=self._refused / self._checked_for_refusals,
            novelty=sum(self._novelties) / len(self._novelties),
            length_drift=self._drift(),
            reasked=reasked,
        )

    def _drift(self) -> float:
        if self._rows < 2 * WINDOW:
            return 0.0
        return sum(self._lengths) / self._first_length - 1


def _ends(text: str) -> str:
    if len(text) <= 2 * _AT_EACH_END:
        return text
    return f"{text[:_AT_EACH_END]} {text[-_AT_EACH_END:]}"


class _Seen:
    """Remembers digests; of more than `most`, the oldest half is forgotten."""

    # Two sets, of which the older is dropped as a whole: forgetting one digest at a time took as long as
    # all else.

    def __init__(self, most: int) -> None:
        self._most = most // 2
        self._young: set[int] = set()
        self._old: set[int] = set()

    def share_of_new(self, digests: Sketch) -> float:
        """Remember digests; return which share of them is new."""
        new = set(digests) - self._young - self._old
        if new:
            self._young |= new
            self._forget()
        return len(new) / len(digests)

    def is_new(self, digest: int) -> bool:
        """Remember a digest; return whether it's new."""
        if digest in self._young or digest in self._old:
            return False
        self._young.add(digest)
        self._forget()
        return True

    def _forget(self) -> None:
        if len(self._young) > self._most:
            self._young, self._old = set(), self._young
