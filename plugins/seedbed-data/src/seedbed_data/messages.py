"""A step that makes a conversation of columns, and columns of a conversation."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from seedbed import Example, InvalidRowError, Row, Step
from seedbed_data.texts import check_distinct
from seedbed_data.words import type_name


class Messages(Step):
    """Makes a list of chat messages of columns, in the form of OpenAI's chat completions, or the reverse.

    Messages(system="persona", user="question", assistant="answer")

    With `to="columns"` the messages become columns again. With `turns="many"` the columns of user and
    assistant hold lists, one text for each turn; the last turn may lack an answer.
    """

    goals = ("shaping", "conversation", "sft")
    keywords = ("chat", "ChatML", "roles")
    example = Example(
        rows=[{"instruction": "Name a river.", "generation": "The Seine."}],
        parameters={"assistant": "generation"},
    )

    keeps: ClassVar[bool] = True

    column: str = Field(default="messages", min_length=1, description="Column with the messages.")
    system: str | None = Field(
        default=None, min_length=1, description="Column with the system message; some rows may have none."
    )
    user: str = Field(default="instruction", min_length=1, description="Column with what the user says.")
    assistant: str | None = Field(
        default=None, min_length=1, description="Column with the answer, if there is one."
    )
    to: Literal["messages", "columns"] = Field(default="messages", description="What is made.")
    turns: Literal["one", "many"] = Field(default="one", description="Whether user and assistant have lists.")

    @model_validator(mode="after")
    def _check_names(self) -> Messages:
        check_distinct(self._columns)
        return self

    @property
    def inputs(self) -> list[str]:
        """What is read: the columns, or the messages."""
        return self._columns if self.to == "messages" else [self.column]

    @property
    def outputs(self) -> list[str]:
        """What is made: the messages, or the columns."""
        return [self.column] if self.to == "messages" else self._columns

    def process(self, row: Row) -> Row:
        """Return the row with the messages, or with their columns."""
        if self.to == "messages":
            return {**row, self.column: self._messages(row)}
        return {**row, **self._row(row[self.column])}

    @property
    def _columns(self) -> list[str]:
        return [column for column in (self.system, self.user, self.assistant) if column is not None]

    def _messages(self, row: Row) -> list[dict[str, str]]:
        said = self._texts(row, self.user)
        answers = self._texts(row, self.assistant) if self.assistant is not None else []
        if self.assistant is not None and len(said) - len(answers) not in (0, 1):
            raise InvalidRowError(
                f"there are {len(said)} of '{self.user}' and {len(answers)} of '{self.assistant}'"
            )
        made = [_message("system", text) for text in self._system_texts(row)]
        for number, text in enumerate(said):
            made.append(_message("user", text))
            made += [_message("assistant", answer) for answer in answers[number : number + 1]]
        return made

    def _system_texts(self, row: Row) -> list[str]:
        """Return the system message; none where the column has nothing to say, as in some rows of a table."""
        if self.system is None or row[self.system] is None:
            return []
        text = _text(row[self.system], self.system)
        return [text] if text.strip() else []

    def _texts(self, row: Row, column: str) -> list[str]:
        value = row[column]
        if self.turns == "one":
            return [_text(value, column)]
        if not isinstance(value, list):
            raise InvalidRowError(f"'{column}' is {type_name(value)}, not a list of texts")
        return [_text(item, column) for item in value]

    def _row(self, messages: Any) -> Row:
        said = _by_role(messages, self.column)
        made: Row = {} if self.system is None else {self.system: "\n\n".join(said["system"])}
        if self.system is None and said["system"]:
            raise InvalidRowError(
                f"'{self.column}' has a system message", "name a column for it with `system`, or remove it"
            )
        for role, column in (("user", self.user), ("assistant", self.assistant)):
            if column is None and said[role]:
                raise InvalidRowError(
                    f"'{self.column}' has an answer", "name a column for it with `assistant`"
                )
            if column is not None:
                made[column] = said[role] if self.turns == "many" else self._one(said[role], role)
        return made

    def _one(self, texts: list[str], role: str) -> str:
        if len(texts) != 1:
            raise InvalidRowError(
                f"'{self.column}' has {len(texts)} messages of the {role}, not one",
                "set turns: many for conversations of several turns",
            )
        return texts[0]


def _by_role(messages: Any, column: str) -> dict[str, list[str]]:
    """Return the texts of each role, of a conversation whose roles take turns."""
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise InvalidRowError(f"'{column}' is not a list of messages")
    said: dict[str, list[str]] = {"system": [], "user": [], "assistant": []}
    for message in messages:
        role = message.get("role")
        if role not in said:
            raise InvalidRowError(f"'{column}' has a message of the role {role!r}", "it has no column")
        expected = "assistant" if len(said["user"]) > len(said["assistant"]) else "user"
        if role != expected and (role != "system" or said["user"]):
            raise InvalidRowError(f"'{column}' has a message of the {role} where the {expected} speaks")
        said[role].append(_text(message.get("content"), column))
    return said


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _text(value: Any, column: str) -> str:
    if not isinstance(value, str):
        raise InvalidRowError(f"'{column}' is {type_name(value)}, not text")
    return value
