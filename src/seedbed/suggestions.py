"""Suggestions for words that were probably mistyped."""

from __future__ import annotations

from collections.abc import Iterable

_CUTOFF = 0.6
# Names almost as near as the best one may be what was meant.
_MARGIN = 0.12
_MOST = 3


def did_you_mean(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return a line of advice with the known words nearest to `word`, or nothing."""
    by_lower = {name.lower(): name for name in known}
    ranked = sorted(((-_likeness(word.lower(), lower), name) for lower, name in by_lower.items()))
    best = -ranked[0][0] if ranked else 0.0
    near = [repr(name) for minus, name in ranked if -minus >= max(_CUTOFF, best - _MARGIN)]
    return (f"did you mean {' or '.join(near[:_MOST])}?",) if near else ()


def _likeness(word: str, other: str) -> float:
    # Imported only for a mistyped word: every command would pay for it otherwise.
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, word, other, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= _CUTOFF else 0.0
