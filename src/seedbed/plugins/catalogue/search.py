"""Finds plugins by what they're for: by name, one-line description, goals, keywords and docstring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from seedbed.plugins.catalogue.catalogue import Listed
from seedbed.plugins.catalogue.synonyms import SYNONYMS
from seedbed.plugins.policy.eligibility import Entry
from seedbed.suggestions import did_you_mean

_WORD = re.compile(r"[^\W_]+")
_NAME, _GOAL, _KEYWORD, _DESCRIPTION, _TEXT = 8.0, 6.0, 5.0, 3.0, 1.0
# What a word's synonym, the beginning of a longer word, and a word spelt alike are worth.
_SYNONYM, _BEGINNING, _TYPO = 0.8, 0.6, 0.4
_SHORTEST_BEGINNING, _SHORTEST_TYPO = 3, 4
_ALIKE = 0.8
# What a plugin is for comes first among its goals.
_LATER_GOAL = 0.5
# A word that only a docstring has says little, if other plugins are for just that.
_LEAST_SHARE = 0.3
# "string" and "tree" are whole words.
_SHORTEST_ING, _SHORTEST_E = 7, 5
# "summarise" and "anonymisation", as the British write.
_BRITISH = re.compile(r"(?<=\w{5})is(?=(?:e|ed|er|es|ing|ation)$)")
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", ""))


# Words that say nothing of what is looked for.
_SMALL_WORDS = frozenset(
    (
        "a",
        "an",
        "and",
        "about",
        "by",
        "for",
        "from",
        "how",
        "in",
        "into",
        "make",
        "of",
        "on",
        "or",
        "the",
        "to",
    )
)


class SearchHit(NamedTuple):
    """A plugin that a search found, and how well it fits; the highest first."""

    entry: Entry
    score: float


def search(words: Sequence[str], known: Mapping[Entry, Listed]) -> list[SearchHit]:
    """Return the plugins that have all words, or if there are none those that have some; the best first.

    A word may be in the plural, one of `SYNONYMS`, the beginning of another, or misspelt. A word that no
    plugin has exactly is only then looked up by spelling. A word of a docstring counts as had only if no
    plugin has any of the words elsewhere: "remove duplicates" is for what removes duplicates, and not for the
    one task whose docstring happens to have both words.
    """
    indexed = {entry: _weights(entry, listed) for entry, listed in known.items()}
    wanted = _wanted(words)
    scores = {entry: [_score(stems, weights) for stems in wanted] for entry, weights in indexed.items()}
    is_known = any(_matched(each) for each in scores.values())
    for place, stems in enumerate(wanted):
        if not any(each[place] for each in scores.values()):
            near = _near(stems, indexed.values())
            for entry, weights in indexed.items():
                scores[entry][place] = _TYPO * max((weights.get(word, 0) for word in near), default=0)
    most = max((_matched(each) for each in scores.values()), default=0)
    if most < len(wanted) and not is_known:
        # "red team" isn't "stream": a guess at one word says nothing of the others.
        return []
    least = _TEXT if any(_matched(each, _TEXT) for each in scores.values()) else 0.0
    most = max((_matched(each, least) for each in scores.values()), default=0)
    found = [
        SearchHit(entry, sum(each))
        for entry, each in scores.items()
        if most and _matched(each, least) == most
    ]
    best = max((one.score for one in found), default=0.0)
    telling = (one for one in found if one.score >= best * _LEAST_SHARE)
    return sorted(telling, key=lambda one: (-one.score, one.entry.installed.name))


def _wanted(words: Sequence[str]) -> list[list[str]]:
    """Return the stems of the parts of each word, for the words that say something."""
    all_stems = [(word, stems) for text in words for word in text.split() if (stems := _stems(word))]
    telling = [stems for word, stems in all_stems if word.lower() not in _SMALL_WORDS]
    return telling or [stems for _, stems in all_stems]


def nearest(words: Iterable[str], known: Mapping[Entry, Listed]) -> tuple[str, ...]:
    """Return a line of advice for a search that finds nothing: the goal that's meant, or words like these."""
    vocabulary = {word for entry, listed in known.items() for word in _vocabulary(entry, listed)}
    for word in words:
        if goals := SYNONYMS.get(word.lower(), ()):
            return (f"{word!r} is taken for {' or '.join(goals)}, which no installed plugin is for",)
        if advice := did_you_mean(word, vocabulary):
            return advice
    return ()


def _weights(entry: Entry, listed: Listed) -> dict[str, float]:
    weights: dict[str, float] = {}
    for weight, text in (
        (_TEXT, listed.text),
        (_DESCRIPTION, listed.description),
        (_KEYWORD, " ".join(listed.keywords)),
        *((_GOAL - _LATER_GOAL * place, goal) for place, goal in reversed([*enumerate(listed.goals)])),
        (_NAME, f"{entry.installed.name} {entry.installed.kind.noun}"),
    ):
        weights.update(dict.fromkeys(map(_stem, _words(text)), weight))
    return weights


def _vocabulary(entry: Entry, listed: Listed) -> Iterator[str]:
    yield entry.installed.name
    yield from listed.goals
    yield from _words(f"{' '.join(listed.keywords)} {listed.description}")


def _score(stems: Sequence[str], weights: Mapping[str, float]) -> float:
    """Return how well a word fits a plugin; the parts of a word with a hyphen must all fit."""
    whole = "-".join(stems)
    meant = [goal for goal in _MEANT.get(whole, ()) if goal in weights]
    parts = [_score_of_part(stem, weights) for stem in stems]
    plain = min(parts)
    return max(plain, *(_SYNONYM * weights[goal] for goal in meant)) if meant else plain


def _score_of_part(stem: str, weights: Mapping[str, float]) -> float:
    if stem in weights:
        return weights[stem]
    if len(stem) < _SHORTEST_BEGINNING:
        return 0.0
    longer = (weight for word, weight in weights.items() if word.startswith(stem))
    return _BEGINNING * max(longer, default=0.0)


def _near(stems: Sequence[str], indexed: Iterable[Mapping[str, float]]) -> set[str]:
    """Return the words, and the goals of synonyms, that are spelt almost like the parts of a word."""
    vocabulary = {word for weights in indexed for word in weights}
    near: set[str] = set()
    for stem in stems:
        if len(stem) >= _SHORTEST_TYPO:
            near |= {*get_close_matches(stem, vocabulary, n=3, cutoff=_ALIKE)}
            for word in get_close_matches(stem, _MEANT, n=1, cutoff=_ALIKE):
                near |= {*_MEANT[word]}
    return near


def _matched(scores: Sequence[float], least: float = 0.0) -> int:
    return sum(score > least for score in scores)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _stems(word: str) -> list[str]:
    return [_stem(part) for part in _words(word)]


def _stem(word: str) -> str:
    """Return a word without the ending of a plural, "ing" and a last "e": "judg" of "judges", "judging"."""
    word = _BRITISH.sub("iz", word)
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2 and not word.endswith(("ss", "us", "is")):
            word = word.removesuffix(ending) + instead
            break
    if len(word) >= _SHORTEST_ING:
        word = word.removesuffix("ing")
    return word.removesuffix("e") if len(word) >= _SHORTEST_E else word


_MEANT: Mapping[str, tuple[str, ...]] = {
    "-".join(_stems(word)): tuple(map(_stem, goals)) for word, goals in SYNONYMS.items()
}
