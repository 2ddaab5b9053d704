"""Suggestions for words that were probably mistyped."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

_CUTOFF = 0.6
# Names almost as near as the best one may be what was meant.
_MARGIN = 0.12
_MOST = 3
_SHORTEST_PART = 3
_SHORT = 4


def did_you_mean(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return a line of advice with the known words nearest to `word`, or nothing."""
    # A step that reads a misspelt column may ask for each of a million rows, most with the same columns.
    return _nearest(word, tuple(known))


def similar_files(path: Path) -> tuple[str, ...]:
    """Return a line of advice with the files next to a missing one whose names are nearest, or nothing."""
    with suppress(OSError):
        return did_you_mean(path.name, (entry.name for entry in path.parent.iterdir()))
    return ()


@lru_cache(maxsize=64)
def _nearest(word: str, known: tuple[str, ...]) -> tuple[str, ...]:
    # A table that came without names may have numbers for columns.
    by_lower = {str(name).lower(): name for name in known}
    ranked = sorted(((-_likeness(word.lower(), lower), name) for lower, name in by_lower.items()))
    best = -ranked[0][0] if ranked else 0.0
    near = [repr(name) for minus, name in ranked if -minus >= max(_CUTOFF, best - _MARGIN)]
    return (f"did you mean {' or '.join(near[:_MOST])}?",) if near else ()


def _likeness(word: str, other: str) -> float:
    # Imported only for a mistyped word: every command would pay for it otherwise.
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, word, other, autojunk=False)
    if matcher.quick_ratio() < _CUTOFF or (likeness := matcher.ratio()) < _CUTOFF:
        return 0.0
    # Short words have half of their letters in common by chance: 'nope' and 'openai', 'rows' and 'words'.
    is_part = len(word) >= _SHORTEST_PART and (word in other or other in word)
    return likeness if is_part or _slips(word, other) <= _most_slips(word, other) else 0.0


def _most_slips(word: str, other: str) -> int:
    # The marks before a word don't count: two slips make anything of '--wat' or '.sh'.
    longest = max(len(word.lstrip("-.")), len(other.lstrip("-.")))
    return 1 if longest < _SHORT else max(2, longest // 3)


def _slips(word: str, other: str) -> int:
    """Return how many slips make one word of the other: a letter more, less, another, or two swapped."""
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        last, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
