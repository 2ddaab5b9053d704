"""A step that rejects rows that share text with evaluation data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from seedbed import Example, Files, Reject, Row, Step, UsageError, read_rows, read_text
from seedbed_data.words import text_of, word_runs

# In GPT-3's own comparison no run was shorter. Otherwise a row that says "Paris" would be rejected because an
# exam has that as an answer.
_SHORTEST = 8
_TABLES = frozenset({".csv", ".tsv", ".parquet", ".arrow", ".feather"})
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst"})


class Decontaminate(Step):
    """Rejects rows that have a run of words in common with files of evaluation data.

    Decontaminate(against="benchmarks/*.jsonl", by=["question", "answer"])

    Of .jsonl, .json, .csv, .parquet and .arrow every text counts; any other file is plain text; all may be
    compressed. GPT-3's authors compared runs of 8 to 13 words (arXiv 2005.14165, appendix C): a text of fewer
    than `ngram` words is compared as a whole, and one of fewer than 8 not at all, unless `ngram` is less. If
    a file changes, a resumed run compares its rows again.
    """

    goals = ("cleaning", "evaluation")
    keywords = ("contamination", "leakage", "benchmarks", "n-grams")
    example = Example(
        rows=[{"text": "What is the capital city of France?"}, {"text": "Name a river in Peru."}],
        files={"test.jsonl": '{"text": "What is the capital city of France?"}\n'},
        parameters={"against": "test.jsonl", "ngram": 5},
    )

    keeps: ClassVar[bool] = True

    against: Files = Field(description="The files, by a pattern such as `benchmarks/*.jsonl`.")
    by: list[str] = Field(default=["text"], min_length=1, description="Columns with the text.")
    ngram: int = Field(default=13, ge=1, description="Words in a run that must not be shared.")

    _runs: dict[int, str] = PrivateAttr(default_factory=dict)

    @property
    def inputs(self) -> list[str]:
        """The columns with the text."""
        return self.by

    def load(self) -> None:
        """Read the files."""
        self._runs = {}
        for path in self.against.require():
            for run in self._runs_in(path):
                self._runs.setdefault(hash(run), path.name)
        if not self._runs:
            raise UsageError(
                f"there is no text of {min(self.ngram, _SHORTEST)} words in the files of '{self.against}'",
                "name files with longer texts, or lower `ngram`",
            )

    def process(self, row: Row) -> Row:
        """Return the row, or reject it and name the file."""
        for run in word_runs(text_of(row, self.by), self.ngram):
            if (name := self._runs.get(hash(run))) is not None:
                raise Reject(f"shares {len(run.split())} words in a row with '{name}'")
        return row

    def _runs_in(self, path: Path) -> Iterator[str]:
        least = min(self.ngram, _SHORTEST)
        for text in _texts(path):
            yield from (run for run in word_runs(text, self.ngram) if len(run.split()) >= least)


def _texts(path: Path) -> Iterator[str]:
    try:
        ending = next((end.lower() for end in reversed(path.suffixes) if end.lower() not in _PACKED), "")
        if ending in _TABLES:
            yield from (text for row in read_rows(path) for text in _texts_in(row))
            return
        content = read_text(path)
        if ending in (".jsonl", ".ndjson"):
            for line in content.split("\n"):
                if line.strip():
                    yield from _texts_in(json.loads(line))
        elif ending == ".json":
            yield from _texts_in(json.loads(content))
        else:
            yield content
    except (OSError, ValueError) as error:
        raise UsageError(f"the file '{path}' cannot be read: {error}") from error


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for item in value.values() for text in _texts_in(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in _texts_in(item))
