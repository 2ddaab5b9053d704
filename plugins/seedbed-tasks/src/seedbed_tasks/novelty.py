"""Instructions that are unlike all earlier ones, as self-instruct requires.

How alike two instructions are is their ROUGE-L (F1): twice the length of the longest common subsequence of
their words, divided by the sum of their lengths. Wang et al., 2023 (https://arxiv.org/abs/2212.10560) keep an
instruction whose likeness to every earlier one is below 0.7.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import Indel

# Thai, Japanese and Chinese are written without spaces, so each character counts as a word.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_ROUNDING = 1e-9


class Alike(NamedTuple):
    """An earlier instruction, and how much another one is like it, from 0 to 1."""

    instruction: str
    likeness: float


class Instructions:
    """A growing collection that tells whether another instruction is new to it.

    It's deterministic: the same instructions, added in the same order, give the same answers. Only one thread
    at a time may use it.
    """

    def __init__(self, instructions: Iterable[str] = (), *, threshold: float = 0.7) -> None:
        self._threshold = threshold
        self._instructions: list[str] = []
        self._words: list[list[str]] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for instruction in instructions:
            self.add(instruction)

    def __len__(self) -> int:
        return len(self._instructions)

    def add(self, instruction: str) -> None:
        """Add an instruction, whether it is new or not."""
        words = _words_of(instruction)
        for word in set(words):
            self._places[word].append(len(self._words))
        self._words.append(words)
        self._instructions.append(instruction)

    def find_alike(self, instruction: str) -> Alike | None:
        """Return the instruction that is most alike, the first among equals; None below the threshold."""
        words = _words_of(instruction)
        places = sorted(self._candidates(words))
        # ROUGE-L is the share of words that need no insertion or deletion.
        found = process.extractOne(
            words,
            [self._words[place] for place in places],
            scorer=Indel.normalized_similarity,
            score_cutoff=self._threshold,
        )
        return Alike(self._instructions[places[found[2]]], found[1]) if found else None

    def _candidates(self, words: list[str]) -> set[int]:
        """Return the places of all instructions that can reach the threshold, and of few others.

        Such an instruction has at least `shared` of the words. So it has at least one of any
        `len(words) - shared + 1` of them, and the rarest ones are in the fewest places. Comparing with every
        earlier instruction would make each row slower than the last.
        """
        # Minus the rounding error: a share of exactly the threshold must not be missed.
        shared = math.ceil(len(words) * self._threshold / (2 - self._threshold) - _ROUNDING)
        rarest = sorted(words, key=lambda word: len(self._places.get(word, ())))
        return {place for word in rarest[: len(words) - shared + 1] for place in self._places.get(word, ())}


def _words_of(instruction: str) -> list[str]:
    return _WORD.findall(instruction.lower())
