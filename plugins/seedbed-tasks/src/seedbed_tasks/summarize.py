"""Summaries of texts."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from seedbed import Example, InvalidOutputError, Row
from seedbed_tasks.text_task import TextTask, text_of, written

_TOLERANCE = 1.5


class Summarize(TextTask):
    """Summarizes each text in a given length and style.

    Reads `column`; adds `summary` (text). A summary that is longer than one and a half times `words`, that
    isn't shorter than its text, or that was cut is asked for again.
    """

    goals = ("documents", "sft")
    keywords = ("summary", "abstract", "tl;dr", "headline", "shorten", "condense")
    example = Example(
        rows=[
            {
                "text": "The ferry between the two islands was out of service for most of the week, because "
                "a storm had damaged the pier on Monday. Repairs ended on Saturday, and the first boat left "
                "on Sunday morning with forty passengers."
            }
        ],
        parameters={"words": 20},
    )
    refuses_cut: ClassVar[bool] = True

    template: str = (
        "Text:\n{{ _text }}\n\nSummarize the text in at most {{ _words }} words. Style: {{ _style }}. Say "
        "only what the text says. Write the summary and nothing else."
    )
    words: int = Field(default=60, ge=3, description="How many words a summary has at most, roughly.")
    style: str = Field(
        default="neutral prose", min_length=1, description="Style, such as 'a headline' or 'bullet points'."
    )

    @property
    def outputs(self) -> list[str]:
        """The column made."""
        return ["summary"]

    def prompt_values(self) -> dict[str, Any]:
        """Return length and style."""
        return {"_words": self.words, "_style": self.style}

    def format_output(self, output: str | None, input: Row | None) -> Row:
        """Return the summary, if it's short enough."""
        summary = written(output)
        if len(summary) >= len(text_of(input or {}, self.column).strip()):
            raise InvalidOutputError("the summary isn't shorter than the text", text=summary)
        if len(summary.split()) > _TOLERANCE * self.words:
            raise InvalidOutputError(f"the summary is much longer than {self.words} words", text=summary)
        return {"summary": summary}
