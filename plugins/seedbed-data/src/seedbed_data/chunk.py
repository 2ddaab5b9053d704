"""A step that cuts documents into passages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field, PrivateAttr, model_validator
from semchunk.semchunk import chunkerify

from seedbed import Example, Reject, Row, Step
from seedbed_data.markdown import sections
from seedbed_data.packing import Packing
from seedbed_data.sentences import Span, sentences, trimmed
from seedbed_data.texts import check_distinct
from seedbed_data.token_counting import is_file, token_counter
from seedbed_data.words import count_words, text_of

Unit = Literal["words", "characters", "tokens", "sentences"]


class _Passage(NamedTuple):
    span: Span
    headings: tuple[str, ...] = ()


class Chunk(Step):
    """Makes a row of each passage of a text, cut where paragraphs and sentences end if that's possible.

    Chunk(column="document", size=200, overlap=20)
    Chunk(column="document", size=512, tokenizer="o200k_base", markdown=True)

    `start` and `end` say where the passage is in the text, in characters; `part` numbers it, from 0. Other
    columns are repeated, and the text itself is left out unless `into` names its column.

    In a language without spaces each character counts as a word.

    With `markdown` a passage ends where a heading begins, and `headings` lists those above it. Code and
    tables are cut only if they are longer than a passage. The package semchunk cuts what isn't cut at
    sentences.
    """

    goals = ("shaping", "documents", "retrieval")
    keywords = ("passages", "splitting", "tokens", "RAG")
    example = Example(
        rows=[{"text": "Tides rise twice a day. The Moon pulls the sea. The Sun helps a little."}],
        parameters={"size": 8},
    )

    keeps: ClassVar[bool] = True

    column: str = Field(default="text", min_length=1, description="Column with the text.")
    into: str = Field(default="chunk", min_length=1, description="Column for the passage.")
    size: int = Field(default=300, ge=1, description="Longest passage.")
    overlap: int = Field(default=0, ge=0, description="How much a passage has in common with the one before.")
    unit: Unit = Field(default="words", description="What is counted; `tokens` if a tokenizer is given.")
    tokenizer: str | None = Field(
        default=None,
        min_length=1,
        description="What counts tokens: an encoding of tiktoken, or a tokenizer.json or a folder with one.",
    )
    markdown: bool = Field(default=False, description="Whether headings, code and tables are respected.")

    _counter: Any = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _fits_together(self) -> Chunk:
        if self.overlap >= self.size:
            raise ValueError(f"the overlap ({self.overlap}) is not less than the size ({self.size})")
        if self.tokenizer is not None and "unit" not in self.model_fields_set:
            self.unit = "tokens"
        if (self.unit == "tokens") != (self.tokenizer is not None):
            raise ValueError("unit=tokens and a tokenizer, such as o200k_base, go together")
        check_distinct(self.outputs)
        return self

    @property
    def inputs(self) -> list[str]:
        """The column with the text."""
        return [self.column]

    @property
    def outputs(self) -> list[str]:
        """The passage, and where it is in the text."""
        return [self.into, "part", "start", "end", *(["headings"] if self.markdown else [])]

    @property
    def removes(self) -> list[str]:
        """The text, which its passages replace."""
        return [] if self.column == self.into else [self.column]

    @property
    def needed_packages(self) -> dict[str, str]:
        """What counts tokens."""
        if self.tokenizer is None:
            return {}
        return {"tokenizers" if is_file(self.tokenizer) else "tiktoken": "seedbed-data[tokens]"}

    def load(self) -> None:
        """Load the tokenizer; raises UsageError if that can't be done."""
        super().load()
        self._counter = self._new_counter()

    def process(self, row: Row) -> list[Row]:
        """Return one row per passage."""
        text = text_of(row, [self.column])
        rest = {column: value for column, value in row.items() if column != self.column}
        made = []
        for part, ((start, end), headings) in enumerate(self._passages(text)):
            where: Row = {"part": part, "start": start, "end": end}
            above = {"headings": [*headings]} if self.markdown else {}
            made.append({**rest, self.into: text[start:end], **where, **above})
        if not made:
            raise Reject(f"'{self.column}' is empty")
        return made

    def _passages(self, text: str) -> Iterator[_Passage]:
        if self.markdown:
            for headings, blocks in sections(text):
                pieces = [piece for span, is_whole in blocks for piece in self._pieces(text, span, is_whole)]
                yield from (_Passage(span, headings) for span in self._packing().passages(text, pieces))
        elif self.unit == "sentences":
            yield from map(_Passage, self._packing().passages(text, [*sentences(text)]))
        else:
            yield from map(_Passage, self._spans(text))

    def _spans(self, text: str) -> Iterator[Span]:
        if not self.overlap:
            yield from self._parts(text, 0, len(text), self.size)
            return
        # semchunk's own overlap makes passages that are longer than the size: it adds up the sizes of parts,
        # without the space between them.
        part = min(self.overlap, self.size - self.overlap)
        yield from self._packing().passages(text, self._parts(text, 0, len(text), part))

    def _pieces(self, text: str, block: Span, is_whole: bool) -> Iterator[Span]:
        """Yield what passages are made of: a whole block, sentences, or parts of what's too long."""
        found = trimmed(text, *block) if is_whole else sentences(text, *block)
        for start, end in found:
            if self._count(text[start:end]) <= self.size:
                yield start, end
            elif self.unit == "sentences":
                yield from sentences(text, start, end)
            else:
                yield from self._parts(text, start, end, self.size)

    def _parts(self, text: str, start: int, end: int, size: int) -> list[Span]:
        # Remembering each piece of every document would take memory without end.
        cut: Any = chunkerify(self._count, size, memoize=False)
        _, offsets = cut(text[start:end], offsets=True)
        return [(start + first, start + last) for first, last in offsets]

    def _packing(self) -> Packing:
        return Packing(self._count, self.size, self.overlap)

    def _count(self, text: str) -> int:
        if self._counter is None:
            self._counter = self._new_counter()
        count: int = self._counter(text)
        return count

    def _new_counter(self) -> Callable[[str], int]:
        if self.tokenizer is not None:
            return token_counter(self.tokenizer)
        counters: dict[str, Callable[[str], int]] = {"characters": len, "sentences": _sentences}
        return counters.get(self.unit, count_words)


def _sentences(text: str) -> int:
    return sum(1 for _ in sentences(text))
