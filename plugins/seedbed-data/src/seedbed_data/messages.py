"""A step that makes a conversation of columns."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from seedbed import InvalidRowError, Row, Step


class Messages(Step):
    """Makes a list of chat messages of columns, in the form of OpenAI's chat completions.

    Messages(system="persona", user="question", assistant="answer")
    """

    keeps: ClassVar[bool] = True

    column: str = Field(default="messages", min_length=1, description="Column that is made.")
    system: str | None = Field(default=None, description="Column with the system message, if there is one.")
    user: str = Field(default="instruction", description="Column with what the user says.")
    assistant: str | None = Field(default=None, description="Column with the answer, if there is one.")

    @property
    def inputs(self) -> list[str]:
        """The columns that the messages are made of."""
        return [column for _, column in self._roles]

    @property
    def outputs(self) -> list[str]:
        """The column with the messages."""
        return [self.column]

    def process(self, row: Row) -> Row:
        """Return the row with the messages."""
        for _, column in self._roles:
            if not isinstance(row[column], str):
                raise InvalidRowError(f"'{column}' is {type(row[column]).__name__}, not text")
        return {**row, self.column: [{"role": role, "content": row[name]} for role, name in self._roles]}

    @property
    def _roles(self) -> list[tuple[str, str]]:
        given = (("system", self.system), ("user", self.user), ("assistant", self.assistant))
        return [(role, column) for role, column in given if column is not None]
