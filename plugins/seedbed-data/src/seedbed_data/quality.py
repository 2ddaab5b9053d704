"""A step that rejects texts by rules of thumb: repetition, symbols, refusals and boilerplate."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from pydantic import Field, PositiveInt

from seedbed import Example, Reject, Row, Step
from seedbed.reading import is_refusal
from seedbed_data.words import text_of

_BOILERPLATE = [
    "as an ai language model",
    "as a large language model",
    "as an ai assistant",
    "as an artificial intelligence",
    "my knowledge cutoff",
    "my training data",
    "i hope this helps",
    "feel free to ask",
    "is there anything else i can",
    "lorem ipsum",
    "terms of use",
    "privacy policy",
    "cookie policy",
    "use of cookies",
    "enable javascript",
]
# Where a phrase begins a text; further on, it's quoted or told.
_BEGINNING = 200
_BULLETS = ("•", "-", "*", "‣", "▪", "\N{EN DASH}")
_ELLIPSES = ("...", "…")

# Chinese and Japanese, Thai and Lao, Burmese, Khmer: no spaces between words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")

Share = Annotated[float, Field(ge=0, le=1)]
Phrase = Annotated[str, Field(min_length=1)]

Reasons = Iterator[str]
"""The reasons against a text, in a fixed order; the first is the one that counts."""


class QualityHeuristics(Step):
    """Rejects texts by rules of thumb, each with a threshold that you can set, or turn off with null.

    QualityHeuristics(by=["answer"], duplicate_lines=0.2, refusals=False)

    The rules on words, symbols and repetition, and their thresholds, are those for Gopher's training data
    (Rae et al. 2021, arXiv 2112.11446, tables A1 and A2); some of the phrases of boilerplate are C4's (Raffel
    et al. 2019, arXiv 1910.10683, section 2.2). The boilerplate of assistants is ours, and in English;
    refusals are known in eight languages. Gopher's rules are for documents of 50 words and more: in a short
    answer, a share is chance. All of it is for prose: turn off the rules on words and symbols for code.
    """

    goals = ("cleaning",)
    keywords = ("Gopher", "C4", "repetition", "refusals")
    example = Example(
        rows=[
            {"text": "I'm sorry, but I can't help with that."},
            {"text": "The tide rises twice a day, as the Moon pulls the sea."},
        ]
    )

    keeps: ClassVar[bool] = True

    by: list[str] = Field(default=["text"], min_length=1, description="Columns with the text.")
    symbols: float | None = Field(default=0.1, ge=0, description="Most `#` and ellipses per word.")
    shortest_mean: float | None = Field(default=3, ge=0, description="Least mean length of words.")
    longest_mean: float | None = Field(default=10, ge=0, description="Greatest mean length of words.")
    with_letters: float | None = Field(
        default=0.8, ge=0, le=1, description="Least share of words with letters."
    )
    bullets: float | None = Field(default=0.9, ge=0, le=1, description="Most lines that begin with a bullet.")
    ellipses: float | None = Field(
        default=0.3, ge=0, le=1, description="Most lines that end with an ellipsis."
    )
    stop_words: int | None = Field(default=None, ge=0, description="Least English stop words; Gopher has 2.")
    shares_from: int = Field(default=20, ge=0, description="Words from which shares and means are judged.")
    repetition_from: int = Field(default=50, ge=0, description="Words from which repetition is judged.")
    duplicate_lines: float | None = Field(default=0.3, ge=0, le=1, description="Most lines that are copies.")
    duplicate_paragraphs: float | None = Field(
        default=0.3, ge=0, le=1, description="Most paragraphs that are copies."
    )
    top_runs: dict[PositiveInt, Share] = Field(
        default={2: 0.2, 3: 0.18, 4: 0.16},
        description="Most characters in the most frequent run of so many words: {words: share}.",
    )
    duplicate_runs: dict[PositiveInt, Share] = Field(
        default={5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1},
        description="Most characters in runs of so many words that occur twice: {words: share}.",
    )
    refusals: bool | list[Phrase] = Field(
        default=True, description="Whether refusals are rejected; or phrases that no text may begin with."
    )
    boilerplate: list[Phrase] = Field(default=_BOILERPLATE, description="Phrases that no text may have.")

    @property
    def inputs(self) -> list[str]:
        """The columns with the text."""
        return self.by

    def process(self, row: Row) -> Row:
        """Return the row, or reject it for the first rule that it breaks."""
        text = text_of(row, self.by)
        words = text.split()
        if not words:
            raise Reject("there is no word in it")
        if self.refusals is True and any(is_refusal(row[column]) for column in self.by):
            raise Reject("it refuses to do what was asked")
        for reason in self._reasons(text, words):
            raise Reject(reason)
        return row

    def _reasons(self, text: str, words: Sequence[str]) -> Reasons:
        yield from self._phrases(text)
        if len(words) >= self.shares_from:
            yield from self._words(text, words)
            yield from self._lines(text)
        if len(words) >= self.repetition_from:
            yield from self._repetition(text, words)

    def _phrases(self, text: str) -> Reasons:
        # Typographic apostrophes are how models and their keyboards write.
        lower = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        beginning, phrases = lower[:_BEGINNING], [] if isinstance(self.refusals, bool) else self.refusals
        yield from (f"it refuses: {one!r}" for one in phrases if one.lower() in beginning)
        yield from (f"it has boilerplate: {one!r}" for one in self.boilerplate if one.lower() in lower)

    def _words(self, text: str, words: Sequence[str]) -> Reasons:
        count = len(words)
        found = text.count("#") + text.count("...") + text.count("…")
        if self.symbols is not None and found > self.symbols * count:
            yield f"more than {self.symbols:g} symbols per word"
        if len(_UNSPACED.findall(text)) * 3 < len(text):
            mean = sum(map(len, words)) / count
            if self.shortest_mean is not None and mean < self.shortest_mean:
                yield f"words of fewer than {self.shortest_mean:g} characters on average"
            if self.longest_mean is not None and mean > self.longest_mean:
                yield f"words of more than {self.longest_mean:g} characters on average"
        lettered = sum(any(map(str.isalpha, word)) for word in words)
        if self.with_letters is not None and lettered < self.with_letters * count:
            yield f"fewer than {self.with_letters:.0%} of its words have letters"
        if self.stop_words is not None and _stop_words(words) < self.stop_words:
            yield f"fewer than {self.stop_words} English stop words"

    def _lines(self, text: str) -> Reasons:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        bullets = sum(line.startswith(_BULLETS) for line in lines)
        if self.bullets is not None and bullets > self.bullets * len(lines):
            yield f"more than {self.bullets:.0%} of its lines begin with a bullet"
        if self.ellipses is not None and sum(map(_trails_off, lines)) > self.ellipses * len(lines):
            yield f"more than {self.ellipses:.0%} of its lines end with an ellipsis"

    def _repetition(self, text: str, words: Sequence[str]) -> Reasons:
        for what, most, parts in (
            ("lines", self.duplicate_lines, re.split(r"\n+", text.strip())),
            ("paragraphs", self.duplicate_paragraphs, re.split(r"\n{2,}", text.strip())),
        ):
            if most is not None and len(parts) - len(set(parts)) > most * len(parts):
                yield f"more than {most:.0%} of its {what} are copies"
        for length, most in self.top_runs.items():
            if _most_frequent(words, length) > most * len(text):
                yield f"one run of {length} words makes more than {most:.0%} of it"
        for length, most in self.duplicate_runs.items():
            if _in_duplicates(words, length) > most * len(text):
                yield f"runs of {length} words that occur twice make more than {most:.0%} of it"


def _trails_off(line: str) -> bool:
    return line.endswith(_ELLIPSES)


def _stop_words(words: Sequence[str]) -> int:
    # The eight that Gopher's authors counted.
    return len({"the", "be", "to", "of", "and", "that", "have", "with"}.intersection(map(str.lower, words)))


def _runs(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(length)), strict=False)


def _most_frequent(words: Sequence[str], length: int) -> int:
    """Return how many characters the most frequent run takes, if it occurs twice."""
    run, count = max(Counter(_runs(words, length)).items(), key=lambda pair: pair[1], default=((), 0))
    return count * len(" ".join(run)) if count > 1 else 0


def _in_duplicates(words: Sequence[str], length: int) -> int:
    """Return how many characters are in runs that occurred before; none is counted twice."""
    seen: set[tuple[str, ...]] = set()
    total, free = 0, 0
    for start, run in enumerate(_runs(words, length)):
        if start >= free and run in seen:
            total += len("".join(run))
            free = start + length
        seen.add(run)
    return total
