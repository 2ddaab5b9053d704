"""The base of steps that find something in texts, and mask it or reject its row."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from seedbed import InvalidRowError, Reject, Row, Step
from seedbed_data.texts import check_distinct


class Found(NamedTuple):
    """What kind of thing is at which characters of a text."""

    kind: str
    start: int
    end: int


class Scrubbing(Step):
    """Finds something in texts; a subclass says what. Lists and mappings are searched at any depth."""

    keeps: ClassVar[bool] = True

    by: list[str] = Field(default=["text"], min_length=1, description="Columns with texts, or messages.")
    action: Literal["mask", "reject", "find"] = Field(
        default="mask", description="Whether to mask what is found, reject its row, or list it in a column."
    )
    column: str = Field(default="found", min_length=1, description="Column for the list, with action: find.")

    @model_validator(mode="after")
    def _check_column(self) -> Scrubbing:
        if self.action == "find":
            check_distinct([*self.by, self.column])
        return self

    @abstractmethod
    def found_in(self, text: str) -> Iterable[Found]:
        """Return what is found in a text, in any order; two that overlap are one of the longer's kind."""

    @property
    def inputs(self) -> list[str]:
        """The columns with texts."""
        return self.by

    @property
    def outputs(self) -> list[str]:
        """The columns that are masked, or the one with the list."""
        return {"mask": self.by, "reject": [], "find": [self.column]}[self.action]

    def process(self, row: Row) -> Row:
        """Return the row masked or with what was found, or reject it."""
        try:
            return self._processed(row)
        except RecursionError as error:
            raise InvalidRowError("its lists and mappings are too deep to be searched") from error

    def _processed(self, row: Row) -> Row:
        if self.action == "mask":
            return {**row, **{column: self._masked(row[column]) for column in self.by}}
        found = [
            {"kind": one.kind, "column": column, "start": one.start, "end": one.end}
            for column in self.by
            for text in _texts(row[column])
            for one in self._apart(text)
        ]
        if self.action == "find":
            return {**row, self.column: found}
        if found:
            raise Reject(f"there is this in it: {', '.join(sorted({str(one['kind']) for one in found}))}")
        return row

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._masked_text(value)
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        return {key: self._masked(item) for key, item in value.items()} if isinstance(value, dict) else value

    def _masked_text(self, text: str) -> str:
        parts, end = [], 0
        for one in self._apart(text):
            parts += [text[end : one.start], f"[{one.kind.upper()}]"]
            end = one.end
        return "".join([*parts, text[end:]])

    def _apart(self, text: str) -> list[Found]:
        """Return what is found in a text, in order and without overlaps."""
        found = sorted(set(self.found_in(text)), key=lambda one: (one.start, -one.end, one.kind))
        kept: list[Found] = []
        for one in found:
            if not kept or one.start >= kept[-1].end:
                kept.append(one)
            else:
                kept[-1] = _joined(kept[-1], one)
        return kept


def _joined(first: Found, second: Found) -> Found:
    """Return two that overlap as one, of the longer one's kind: what only the shorter has is masked, too."""
    longer = second if second.end - second.start > first.end - first.start else first
    return Found(longer.kind, first.start, max(first.end, second.end))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
