"""Answers to conversations."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from seedbed import Example, InvalidRowError, Message, PromptTemplate, Row, Task
from seedbed_tasks.text_task import written


class Chat(Task):
    """Answers the last message of each conversation, and appends the answer to it.

    Reads `column`, a list of messages `{role, content}` that ends with one of the user (or of a tool); adds
    `generation` (text), and the answer as the last message of the conversation. `system_prompt` goes before a
    conversation that has none, also in the row. What is in the messages is never taken for a template.
    """

    goals = ("sft", "conversation")
    keywords = ("messages", "dialogue", "multi-turn", "assistant", "answers", "responses")
    example = Example(rows=[{"messages": [{"role": "user", "content": "Name three things that float."}]}])
    refuses_cut: ClassVar[bool] = True

    column: str = Field(default="messages", min_length=1, description="Column with the conversation.")

    @property
    def inputs(self) -> list[str]:
        """The column of the conversation, and those that the system prompt reads."""
        return sorted({*super().inputs, self.column})

    @property
    def outputs(self) -> list[str]:
        """The conversation with its answer, and the answer alone."""
        return [self.column, "generation"]

    def format_input(self, input: Row) -> list[Message]:
        """Return the conversation, with the system prompt before it if it has none."""
        messages = _conversation(input.get(self.column), self.column)
        if not self.system_prompt or messages[0]["role"] in ("system", "developer"):
            return messages
        prompt = PromptTemplate(self.system_prompt).render(input)
        return [{"role": "system", "content": prompt}, *messages]

    def format_output(self, output: str | None, input: Row | None) -> Row:
        """Return the conversation with the answer."""
        answer = written(output)
        messages = self.format_input(input or {})
        return {
            self.column: [*messages, {"role": "assistant", "content": answer}],
            "generation": answer,
        }


def _conversation(value: Any, column: str) -> list[Message]:
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise InvalidRowError(
            f"column '{column}' is not a conversation", 'give [{"role": "user", "content": "..."}, ...]'
        )
    if value[-1].get("role") not in ("user", "tool"):
        raise InvalidRowError(f"the conversation in '{column}' does not end with a message of the user")
    return value
