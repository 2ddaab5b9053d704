"""Tasks over the text of one column."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from seedbed import InvalidOutputError, InvalidRowError, Message, Reject, Row, Task
from seedbed.reading import is_refusal


class TextTask(Task):
    """A task over the text of one column, which its template sees as `_text`.

    What else the template needs from parameters is in `prompt_values`, under names that begin with `_`, so
    that a column of the row never takes the place of a parameter.
    """

    column: str = Field(default="text", min_length=1, description="Column with the text.")

    @property
    def inputs(self) -> list[str]:
        """The column of the text, and those that the template reads besides."""
        read = {name for name in super().inputs if not name.startswith("_")}
        return sorted(read | {self.column})

    def format_input(self, input: Row) -> list[Message]:
        """Return the prompt for the text of a row; a row without text is rejected."""
        return super().format_input({**input, **self.prompt_values(), "_text": text_of(input, self.column)})

    def prompt_values(self) -> dict[str, Any]:
        """Return what the template needs from the parameters."""
        return {}


def text_of(row: Row, column: str) -> str:
    """Return the text of a column, also of a number; raise Reject if it's empty.

    Raises InvalidRowError for a list or an object.
    """
    value = row.get(column)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Reject(f"column '{column}' is empty")
    if isinstance(value, dict | list):
        kind = "an object" if isinstance(value, dict) else "a list"
        raise InvalidRowError(
            f"column '{column}' holds {kind}, not text",
            "name the column with the text: --set column=... (column='...' in Python)",
        )
    return str(value)


def written(output: str | None) -> str:
    """Return the text that a model wrote; an empty one, and a refusal, aren't usable."""
    text = (output or "").strip()
    if not text:
        raise InvalidOutputError("the model wrote no text")
    if is_refusal(text):
        raise InvalidOutputError("the answer is a refusal", text=text)
    return text


def is_same(one: str, other: str) -> bool:
    """Whether two texts have the same words, whatever their case, spaces and punctuation."""
    return _words(one) == _words(other)


def is_part(one: str, other: str) -> bool:
    """Whether the words of one text are part of the other, whatever their case, spaces and punctuation."""
    return _words(one) in _words(other)


def is_equal(one: str, other: str) -> bool:
    """Whether two texts are the same but for spaces; unlike `is_same`, a sign or an operator counts."""
    return one.split() == other.split()


def _words(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
