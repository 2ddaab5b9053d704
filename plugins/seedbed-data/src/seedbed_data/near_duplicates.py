"""A step that rejects texts that are nearly copies of earlier ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar

from pydantic import Field, PrivateAttr
from rensa import RMinHash, RMinHashLSH

from seedbed import Example, Reject, Row, Step, row_id
from seedbed_data.earlier_rows import like_row
from seedbed_data.words import text_of, word_runs

_PERMUTATIONS = 128
_CERTAIN = 0.999


class DedupNear(Step):
    """Rejects rows whose text shares most of its runs of words with that of an earlier row.

    DedupNear(by=["question", "answer"], threshold=0.8)

    Texts are compared by the Jaccard similarity of their word runs. MinHash with locality-sensitive hashing
    (the package rensa) finds the candidates, which are then compared exactly: none is rejected by chance.
    Rejected rows of a generator upstream are replaced.
    """

    goals = ("cleaning",)
    keywords = ("duplicates", "deduplication", "MinHash", "LSH")
    example = Example(
        rows=[
            {"text": "Name a river that flows through the city of Paris."},
            {"text": "Name a river that flows through the city of Paris!"},
            {"text": "Name a lake."},
        ]
    )

    # A row is compared with those before it, so what's first is kept whatever the timing.
    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    by: list[str] = Field(default=["text"], min_length=1, description="Columns with the text.")
    threshold: float = Field(default=0.8, ge=0.5, le=1, description="Similarity at which a row is rejected.")
    ngram: int = Field(default=3, ge=1, description="Words in a run.")

    _seen: NearDuplicates | None = PrivateAttr(default=None)

    @property
    def inputs(self) -> list[str]:
        """The columns with the text."""
        return self.by

    def load(self) -> None:
        """Begin with no rows."""
        self._seen = NearDuplicates(self.threshold, self.ngram)

    def process(self, row: Row) -> Row:
        """Return the row, or reject it."""
        # Reading a private attribute of pydantic's takes a tenth of what comparing a text takes.
        assert self.__pydantic_private__ is not None
        seen: NearDuplicates | None = self.__pydantic_private__["_seen"]
        if seen is None:
            seen = self._seen = NearDuplicates(self.threshold, self.ngram)
        found = seen.add_or_find(text_of(row, self.by), row_id() or "")
        if found is not None:
            raise Reject("nearly a copy of an earlier row", like_row(*found))
        return row


class NearDuplicates:
    """The texts so far, and the index that finds those that may resemble another.

        texts = NearDuplicates(threshold=0.8, length=3)
        texts.add("Name a river that flows through Paris.")    # True
        texts.add("Name a river that flows through Paris!")    # False: nearly a copy

    Two texts are near duplicates if the Jaccard similarity of their runs of `length` words is at least
    `threshold`.
    """

    # An object of its own: pydantic takes 3 us to read a private attribute of a step.

    def __init__(self, threshold: float = 0.8, length: int = 3) -> None:
        self._threshold = threshold
        self._length = length
        bands = bands_for(threshold)
        self._index = RMinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS, num_bands=bands)
        # A text takes no more memory than the hashes of its runs would, and few texts are ever compared:
        # hashing the runs of all of them took a quarter of the time.
        self._texts: list[bytes] = []
        self._names: list[str] = []

    def add(self, text: str) -> bool:
        """Add a text; return False, and add nothing, if it's nearly a copy of an earlier one."""
        return self.add_or_find(text) is None

    def add_or_find(self, text: str, name: str = "") -> tuple[str, str] | None:
        """Add a text; or return name and text of the one that it's nearly a copy of, and add nothing."""
        # As a list: most texts have no candidate, and making a set of the runs takes a third of their time.
        runs = [*word_runs(text, self._length)]
        sketch = RMinHash(num_perm=_PERMUTATIONS, seed=1)
        sketch.update(runs)
        encoded = text.encode(errors="surrogatepass")
        if candidates := self._index.query(sketch):
            found = self._near(set(runs), encoded, candidates)
            if found is not None:
                return self._names[found], self._texts[found].decode(errors="surrogatepass")
        self._index.insert(len(self._texts), sketch)
        self._texts.append(encoded)
        self._names.append(name)
        return None

    def _near(self, runs: set[str], text: bytes, candidates: Iterable[int]) -> int | None:
        """Return the number of the first candidate that a text is nearly a copy of; None if there's none."""
        for number in candidates:
            other = self._texts[number]
            if other == text or _are_similar(runs, _runs_of(other, self._length), self._threshold):
                return number
        return None


def bands_for(threshold: float) -> int:
    """Return how many bands find a pair at the threshold almost certainly: the fewest, as each costs time."""
    for bands in (8, 16, 32, 64):
        missed = (1 - threshold ** (_PERMUTATIONS // bands)) ** bands
        if 1 - missed >= _CERTAIN:
            return bands
    return 64


# A text that many others resemble is compared with each of them.
@lru_cache(maxsize=256)
def _runs_of(text: bytes, length: int) -> tuple[str, ...]:
    return (*word_runs(text.decode(errors="surrogatepass"), length),)


def _are_similar(one: set[str], other: Sequence[str], threshold: float) -> bool:
    shared = len(one.intersection(other))
    # Half of the candidates share too few, whatever else they have: no set is made of their runs.
    return shared / len(one) >= threshold and shared / (len(one) + len({*other}) - shared) >= threshold
