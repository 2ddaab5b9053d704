"""A step that rejects texts that are nearly copies of earlier ones."""

from __future__ import annotations

from array import array
from collections.abc import Set
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr
from rensa import RMinHash, RMinHashLSH

from seedbed import Example, Reject, Row, Step
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

    _index: Any = PrivateAttr(default=None)
    _runs: list[array[int]] = PrivateAttr(default_factory=list)

    @property
    def inputs(self) -> list[str]:
        """The columns with the text."""
        return self.by

    def load(self) -> None:
        """Begin with no rows."""
        bands = bands_for(self.threshold)
        self._index = RMinHashLSH(threshold=self.threshold, num_perm=_PERMUTATIONS, num_bands=bands)
        self._runs = []

    def process(self, row: Row) -> Row:
        """Return the row, or reject it."""
        if self._index is None:
            self.load()
        runs = set(word_runs(text_of(row, self.by), self.ngram))
        sketch = RMinHash(num_perm=_PERMUTATIONS, seed=1)
        sketch.update(list(runs))
        # Within a process, hashes of texts stand for them; as numbers they take a tenth of the memory.
        hashes = {hash(run) for run in runs}
        for number in self._index.query(sketch):
            if _similarity(hashes, set(self._runs[number])) >= self.threshold:
                raise Reject("nearly a copy of an earlier row")
        self._index.insert(len(self._runs), sketch)
        self._runs.append(array("q", hashes))
        return row


def bands_for(threshold: float) -> int:
    """Return how many bands find a pair at the threshold almost certainly: the fewest, as each costs time."""
    for bands in (8, 16, 32, 64):
        missed = (1 - threshold ** (_PERMUTATIONS // bands)) ** bands
        if 1 - missed >= _CERTAIN:
            return bands
    return 64


def _similarity(one: Set[int], other: Set[int]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
