"""distinct-n: which share of the runs of n words in a column's texts are different (Li et al., 2016)."""

from __future__ import annotations

from seedbed_report.figures import Distinct

WORDS = 100_000
"""Words looked at: the figure falls as texts get longer, so it's comparable only at an equal number."""


class DistinctWords:
    """Counts different runs of one, two and three words of the first texts, up to `WORDS` words."""

    def __init__(self) -> None:
        self._words = 0
        self._seen: tuple[set[int], ...] = (set(), set(), set())
        self._runs = [0, 0, 0]
        self._different: list[int] | None = None

    @property
    def wanted(self) -> int:
        """How many words of the next text count at most."""
        return WORDS - self._words

    def add(self, words: list[str]) -> None:
        """Count the runs of a text's words; runs don't go from one text to the next."""
        if self._different is not None:
            return
        words = words[: self.wanted]
        self._words += len(words)
        for place, seen in enumerate(self._seen):
            runs = list(zip(*(words[start:] for start in range(place + 1)), strict=False))
            self._runs[place] += len(runs)
            # Hashes of 64 bits take a tenth of the memory of the words.
            seen.update(map(hash, runs))
        if self._words >= WORDS:
            self._different = [len(seen) for seen in self._seen]
            self._seen = ()

    def figures(self) -> Distinct:
        """Return the shares; None where there's no run."""
        different = self._different or [len(seen) for seen in self._seen]
        one, two, three = (
            found / runs if runs else None for found, runs in zip(different, self._runs, strict=True)
        )
        return Distinct(words=self._words, distinct_1=one, distinct_2=two, distinct_3=three)
