"""Why a row was not made, as data: shown, stored and read back alike."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from seedbed.errors import ContentFilteredError, GenerationError, LLMError, SeedbedError
from seedbed.plugins.class_errors import advice_on, text_of
from seedbed.store.row_names import row_name
from seedbed.tracebacks import where


class Failure(NamedTuple):
    """A row that failed or was rejected: its id, the step, the kind of error, and the reason in words.

    `tries` counts how often the call was sent, `text` is the answer that could not be used.
    `answered` says that an answer was the cause, so that only another answer can help; `rejected` that the
    row was not wanted. `kept_as` is the step under whose name the run keeps it, where it is no step's result
    that says it. `source` is how people name the row that it comes from: `questions.jsonl, line 7`; empty
    for the rows of a generator, which are known by their index.
    """

    row: str
    step: str
    kind: str
    reason: str
    tries: int = 1
    text: str | None = None
    answered: bool = True
    rejected: bool = False
    kept_as: str = ""
    source: str = ""

    @property
    def place(self) -> str:
        """How people name the row."""
        return row_name(self.row, self.source)

    @classmethod
    def of(
        cls,
        row: str,
        step: str,
        error: BaseException,
        *,
        rejected: bool = False,
        kept_as: str = "",
        source: str = "",
    ) -> Failure:
        """Return what an error says of a row."""
        return cls(
            row,
            step,
            type(error).__name__,
            _reason(error),
            getattr(error, "tries", 1),
            getattr(error, "text", None),
            _is_answered(error),
            rejected,
            kept_as,
            source,
        )

    @classmethod
    def from_data(cls, row: str, step: str, data: dict[str, Any]) -> Failure:
        """Return the failure that `data` was made of."""
        return cls(row, step, **data)

    def data(self) -> dict[str, Any]:
        """Return why, as JSON values: all but where it is and where it is kept."""
        values = self._asdict()
        del values["row"], values["step"], values["kept_as"]
        if not self.source:
            del values["source"]
        return values

    def encoded(self) -> bytes:
        """Return the data as a JSON object; half of a surrogate pair becomes a question mark."""
        data = self.data()
        try:
            return orjson.dumps(data)
        except TypeError:
            clean = {key: _clean(value) for key, value in data.items()}
            return orjson.dumps(clean)


def _clean(value: Any) -> Any:
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _reason(error: BaseException) -> str:
    """Return the error in words, and for one of an author's own code the line that raised it."""
    if isinstance(error, SeedbedError):
        return str(error)
    place = where(error)
    said = text_of(error)
    advice = advice_on(said.partition("\n")[0])
    lines = (f"{type(error).__name__}: {said}", *((f"raised in {place}",) if place else ()), *advice)
    return "\n  ".join(lines)


def _is_answered(error: BaseException) -> bool:
    if isinstance(error, GenerationError):
        return any(_is_answered(part) for part in error.errors.values())
    if isinstance(error, BaseExceptionGroup):
        return any(_is_answered(part) for part in error.exceptions)
    return not isinstance(error, LLMError) or isinstance(error, ContentFilteredError)
