"""Columns that a model writes, and the plainest of them: text."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import AfterValidator, Field

from seedbed import (
    GenerationParameters,
    InvalidOutputError,
    Message,
    PromptTemplate,
    Row,
    UsageError,
)
from seedbed_tasks.table.column import Column
from seedbed_tasks.table.written_as import Model


class Ask(Protocol):
    """Asks the model of a column; see `BaseTask.ask`."""

    async def __call__(self, messages: list[Message], **parameters: Any) -> Any:
        """Return the answer's text, or what `read` makes of it."""


def _template(text: str) -> str:
    try:
        PromptTemplate(text)
    except UsageError as error:
        raise ValueError(error.fact) from error
    return text


Template = Annotated[str, AfterValidator(_template)]
"""A Jinja2 template over the columns of a row."""


class Written(Column):
    """A column that a model writes, from a prompt that may name any other column."""

    fixed: ClassVar[frozenset[str]] = frozenset({"llm"})

    system_prompt: Template = Field(default="", description="System prompt; also a template.")
    llm: Model | None = Field(
        default=None, description="The model that writes the column; that of the table if unset."
    )
    generation: GenerationParameters = Field(
        default_factory=GenerationParameters, description="Sampling parameters of this column."
    )

    @property
    @abstractmethod
    def template(self) -> str:
        """The template of the prompt."""

    @property
    def own(self) -> Row:
        """What the template may show besides columns."""
        return {}

    @property
    def reads(self) -> frozenset[str]:
        """The columns that the prompts name."""
        read = PromptTemplate(self.template).columns | PromptTemplate(self.system_prompt).columns
        return read - self.own.keys()

    @abstractmethod
    async def write(self, row: Row, ask: Ask) -> Any:
        """Return the value for a row, in which the columns that this one reads are made."""

    def shown(self, row: Row) -> Row:
        """Return what the templates see for a row."""
        return {**row, **self.own}

    def messages(self, row: Row) -> list[Message]:
        """Return the prompt for a row."""
        values = self.shown(row)
        user = {"role": "user", "content": PromptTemplate(self.template).render(values)}
        if not self.system_prompt:
            return [user]
        return [{"role": "system", "content": PromptTemplate(self.system_prompt).render(values)}, user]


class Text(Written):
    """Text that a model writes.

    Text(prompt="Write a review of {{ product }} in the voice of {{ author }}.")
    """

    kind: Literal["text"] = "text"
    prompt: Template = Field(min_length=1, description="Template of the prompt, over any other columns.")

    @property
    def template(self) -> str:
        """The template of the prompt."""
        return self.prompt

    async def write(self, row: Row, ask: Ask) -> str:
        """Return the answer, without spaces around it."""
        text: str = await ask(self.messages(row))
        return text.strip()


def not_fitting(problem: str, text: str) -> InvalidOutputError:
    """Return the error that asks the model again."""
    return InvalidOutputError(f"the answer does not fit ({problem})", text=text)
