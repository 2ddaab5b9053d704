"""Why a row wasn't made, as data that can be shown, stored and read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import orjson

from seedbed.errors import ContentFilteredError, GenerationError, LLMError, SeedbedError
from seedbed.llm.keys.redaction import redact, redact_message
from seedbed.plugins.authoring.class_errors import advice_on, text_of
from seedbed.store.row_names import row_name
from seedbed.tracebacks import where

# A context variable and no argument: reasons are made wherever an author's code may fail.
_hidden: ContextVar[Sequence[str]] = ContextVar("seedbed_hidden_in_reasons", default=())


@contextmanager
def hidden_in_reasons(secrets: Sequence[str]) -> Iterator[None]:
    """Keep the secrets of a run out of the reasons of rows that fail within: cards print them."""
    token = _hidden.set(secrets)
    try:
        yield
    finally:
        _hidden.reset(token)


class FailedElsewhere(Exception):
    """An exception of an author's code in another process: the name of its class, and the reason in words."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(kind, reason)
        self.kind = kind
        self.reason = reason

    @classmethod
    def of(cls, error: Exception) -> Exception:
        """Return an exception for a process that lacks the traceback, or even the class; ours as they are."""
        return error if isinstance(error, SeedbedError) else cls(type(error).__name__, _reason(error))


class Failure(NamedTuple):
    """A row that failed or was rejected: its id, the step, the kind of error, and the reason in words.

    `tries` counts how often the call was sent, `text` is the answer that couldn't be used. `answered` says
    that an answer was the cause, so only another answer can help; `rejected` that the row isn't wanted.
    `kept_as` is the name under which the run keeps the reason if no step's result has it. `source` is what
    people call the row that it comes from: `questions.jsonl, line 7`; empty for a generator's rows, which go
    by their index.
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
        """What people call the row."""
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
        """Return the failure of a row with this error."""
        if isinstance(error, FailedElsewhere):
            kind, reason = error.kind, error.reason
        else:
            kind, reason = type(error).__name__, _reason(error)
        if secrets := _hidden.get():
            # Whole ones only where rows are rejected: that may be every second one of millions.
            reason = redact(reason, secrets) if rejected else redact_message(reason, secrets)
        return cls(
            row,
            step,
            kind,
            reason,
            getattr(error, "tries", 1),
            getattr(error, "text", None),
            _is_answered(error),
            rejected,
            kept_as,
            source,
        )

    @classmethod
    def from_data(cls, row: str, step: str, data: dict[str, Any]) -> Failure:
        """Return the failure that `data` was made from."""
        return cls(row, step, **data)

    def data(self) -> dict[str, Any]:
        """Return the reason as JSON values, without the row, the step and where it's kept."""
        # Row and step are the result's key in the store: said twice, they could differ.
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
            # Models send halves of surrogate pairs, and one must not keep the reason from the store. Only
            # then are the texts gone through.
            clean = {key: _clean(value) for key, value in data.items()}
            return orjson.dumps(clean)


def _clean(value: Any) -> Any:
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _reason(error: BaseException) -> str:
    """Return the error in words; for an error of an author's code, with the line that raised it."""
    if isinstance(error, SeedbedError):
        return str(error)
    place = where(error)
    said = text_of(error)
    advice = advice_on(said.partition("\n")[0])
    notes = (line for note in getattr(error, "__notes__", ()) for line in str(note).splitlines())
    lines = (f"{type(error).__name__}: {said}", *((f"raised in {place}",) if place else ()), *advice, *notes)
    return "\n  ".join(lines)


def _is_answered(error: BaseException) -> bool:
    # Decides what `retry` buys: only the calls that were given up, or all calls of the row with other seeds.
    # A filter looks at the answer or the prompt, so the same call would be filtered again.
    if isinstance(error, GenerationError):
        return any(_is_answered(part) for part in error.errors.values())
    if isinstance(error, BaseExceptionGroup):
        return any(_is_answered(part) for part in error.exceptions)
    return not isinstance(error, LLMError) or isinstance(error, ContentFilteredError)
