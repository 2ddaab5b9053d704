"""Steps of the three kinds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import PrivateAttr

from seedbed import GeneratorOutput, GeneratorStep, GlobalStep, Reject, Row, Step


class Source(GeneratorStep):
    """Makes questions."""

    finite: ClassVar[bool] = True
    questions: list[str] = ["two words", "dull", "forbidden", "one", "two words", "three more words", "skip"]

    @property
    def outputs(self) -> list[str]:
        return ["question"]

    def process(self, offset: int = 0) -> GeneratorOutput:
        for question in self.questions[offset:]:
            yield {"question": question}

    def admit(self, row: Row, accepted: Sequence[Row]) -> None:
        if row["question"] in [other["question"] for other in accepted]:
            raise Reject("asked before")


class Split(Step):
    """One row for each word of an answer."""

    ordered: ClassVar[bool] = True

    @property
    def inputs(self) -> list[str]:
        return ["answer"]

    @property
    def outputs(self) -> list[str]:
        return ["question", "word"]

    def process(self, row: Row) -> list[Row] | None:
        if row["answer"] == "SKIP":
            return None
        if not row["answer"]:
            raise Reject("nothing to split")
        return [{"question": row["question"], "word": word} for word in row["answer"].split()]


class Rank(GlobalStep):
    """Orders all rows by their word."""

    inputs: ClassVar[list[str]] = ["word"]
    outputs: ClassVar[list[str]] = ["question", "word", "rank"]

    _loads: int = PrivateAttr(default=0)

    def load(self) -> None:
        self._loads += 1

    def unload(self) -> None:
        self._loads -= 1

    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        assert self._loads == 1
        ordered = sorted(rows, key=lambda row: row["word"])
        return [{**row, "rank": rank} for rank, row in enumerate(ordered, start=1)]
