"""Which of given labels an answer chooses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from seedbed.errors import InvalidOutputError, UsageError
from seedbed.reading.json_value import read_json
from seedbed.reading.malformed import malformed
from seedbed.reading.plain_text import unwrapped
from seedbed.reading.thinking import split_reasoning

_OPEN = r"[*_`\[\"'(“<\s]{0,6}"
_CLOSE = r"[*_`\]\"')”>]{0,6}"
_ANSWER = (
    r"(?:answer|choice|verdict|label|class|classification|category|prediction|decision|result|"
    r"winner|judg(?:e?)ment|"
    r"sentiment|conclusion|output|preference|option|response|rating|antwort|réponse|respuesta|答案)"
)
_NEGATED = re.compile(
    r"\b(?:not|isn't|n't|never|neither|nor|than|rather than|instead of|nicht|pas|no)\s+(?:an?\s+|the\s+)?$"
)


def read_choice(text: str, labels: Iterable[str]) -> str:
    """Return the label that an answer chooses, as it's written in `labels`.

        read_choice("I'd say **Positive**.", ["positive", "negative"])    # "positive"
        read_choice("Both are fine. [[B]]", ["A", "B", "C"])              # "B"

    Reads a label alone, in double brackets, after "Answer:" and the like, in bold, at the beginning of the
    answer ("B) Paris") or of its last line, or the only label in the text. A label of one letter counts in
    the text only where it's marked. Upper and lower case are the same. Raises InvalidOutputError if there's
    none, or if there are several.
    """
    patterns = _patterns((labels,) if isinstance(labels, str) else tuple(labels))
    answer = split_reasoning(text).answer.strip()
    if (whole := patterns.named(unwrapped(answer).rstrip(".!,;:"))) is not None:
        return whole
    for found in patterns.kinds(answer):
        chosen = list(dict.fromkeys(found))
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            raise InvalidOutputError(
                f"the answer has several choices ({', '.join(chosen[:5])}): give one", text=text
            )
    raise malformed(f"the answer has none of {', '.join(patterns.labels)}", answer)


def read_choices(text: str, labels: Iterable[str]) -> list[str]:
    """Return the labels that an answer lists, as they're written in `labels`, in the answer's order.

        read_choices("Topics: sport, Politics", ["politics", "sport", "art"])    # ["sport", "politics"]

    The answer is a JSON list, or labels between commas or one per line, after "...:" or alone. "none" is an
    empty list. Raises InvalidOutputError for anything else, such as a word that isn't a label.
    """
    patterns = _patterns((labels,) if isinstance(labels, str) else tuple(labels))
    answer = split_reasoning(text).answer.strip()
    made: list[str] = []
    for part in _parts(answer):
        plain = unwrapped(part.strip()).rstrip(".;!")
        if not plain:
            continue
        label = patterns.named(plain)
        if label is None and plain.lower() in (
            "none",
            "none of them",
            "none of the above",
            "n/a",
            "keine",
            "nothing",
        ):
            continue
        if label is None:
            raise malformed(f"{plain[:60]!r} is none of {', '.join(patterns.labels)}", answer)
        made.append(label)
    if not answer:
        raise malformed("", answer)
    return list(dict.fromkeys(made))


def _parts(answer: str) -> list[str]:
    if "[" in answer and '"' in answer:
        value = read_json(answer)
        if isinstance(value, dict) and len(value) == 1:
            (value,) = value.values()
        return [str(one) for one in value] if isinstance(value, list) else [str(value)]
    head, colon, rest = answer.partition(":")
    # "The labels are: a, b"; a label may have a colon of its own.
    listed = rest if colon and "\n" not in head and rest.strip() else answer
    return re.split(r"[,;\n、]|\band\b", re.sub(r"(?m)^[ \t]{0,20}(?:[-*+•]|\d{1,3}[.)])[ \t]", "", listed))


class _Patterns:
    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = labels
        self._by_key = {_key(label): label for label in labels}
        if len(self._by_key) < len(labels):
            raise UsageError(f"two of the labels are the same but for case: {', '.join(labels)}")
        # The longest first: "not relevant" is more than "relevant".
        ordered = sorted(labels, key=len, reverse=True)
        one = rf"(?P<label>{'|'.join(map(_flexible, ordered))})(?!\w)"
        words = [label for label in ordered if len(label) > 1]
        self._sure = [
            re.compile(pattern, re.IGNORECASE | re.MULTILINE)
            for pattern in (
                rf"\[\[\s?{one}\s?\]\]|"
                rf"\\boxed\{{\s?(?:\\text\{{)?{one.replace('?P<label>', '?P<boxed>')}\s?\}}",
                rf"<{_ANSWER}>{_OPEN}{one}{_CLOSE}\s{{0,20}}</",
                rf"\b(?:final|overall|my)\s(?:\w{{1,20}}\s)?{_ANSWER}{_CLOSE}\s{{0,3}}(?:is|:|"
                rf"\uff1a|=)+\s{{0,3}}(?:option\s)?{_OPEN}{one}",
                rf"(?<!\w){_ANSWER}{_CLOSE}\s{{0,3}}(?:is|would be|:|\uff1a|=)+\s{{0,3}}"
                rf"(?:option\s)?{_OPEN}{one}",
                rf"\A{_OPEN}{one}{_CLOSE}\s{{0,3}}(?:[-\u2013—:.,)(;]|\n|$)",
                rf"(?:\*\*|__|`){_OPEN}{one}{_CLOSE}",
                rf"\n\s{{0,20}}{_OPEN}{one}{_CLOSE}\s{{0,3}}[.!]?\s{{0,20}}\Z",
            )
        ]
        self._marked = re.compile(rf"(?:\((?=[^()\n]{{1,60}}\))|\boption\s){one}", re.IGNORECASE)
        anywhere = "|".join(map(_flexible, words))
        self._anywhere = re.compile(rf"(?<!\w)(?P<label>{anywhere})(?!\w)", re.IGNORECASE) if words else None

    def named(self, text: str) -> str | None:
        return self._by_key.get(_key(text))

    def kinds(self, answer: str) -> Iterator[list[str]]:
        """Yield the labels in each kind of place, the surest first."""
        for pattern in self._sure:
            yield [self._label(found) for found in pattern.finditer(answer)]
        yield [self._label(found) for found in self._marked.finditer(answer)]
        if self._anywhere is not None:
            yield [
                self._label(found)
                for found in self._anywhere.finditer(answer)
                if not _NEGATED.search(answer[max(0, found.start() - 20) : found.start()].lower())
            ]

    def _label(self, found: re.Match[str]) -> str:
        groups = found.groupdict()
        return self._by_key[_key(next(value for value in groups.values() if value))]


def _key(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).strip().casefold()


def _flexible(label: str) -> str:
    """Return the pattern of a label; words of it may have a space, a hyphen or an underscore between them."""
    return r"[\s_-]".join(map(re.escape, re.split(r"[\s_-]+", label.strip())))


@lru_cache(maxsize=256)
def _patterns(labels: tuple[str, ...]) -> _Patterns:
    if not labels or not all(isinstance(label, str) and label.strip() for label in labels):
        raise UsageError(f"{labels!r} aren't labels to choose from", "read_choice(text, ['yes', 'no'])")
    return _Patterns(labels)
