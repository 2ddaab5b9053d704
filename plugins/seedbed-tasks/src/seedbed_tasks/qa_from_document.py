"""Questions about documents, whose answers are grounded in a quote that is checked."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from seedbed import Example, GenerationParameters, InvalidOutputError, Row
from seedbed.reading import read_json
from seedbed_tasks.quotes import find_quote
from seedbed_tasks.text_task import TextTask, is_same, text_of

_SHORTEST = 8
"""Characters of a quote; a shorter one, such as "the", is in every document."""


class GroundedPair(BaseModel):
    """A question, the words of the document that answer it, and the answer."""

    question: str = Field(description="A question that the document answers, complete in itself.")
    quote: str = Field(description="Words of the document that the answer follows from, copied exactly.")
    answer: str = Field(description="The answer, from the document alone.")


class GroundedPairs(BaseModel):
    """Several of them."""

    pairs: list[GroundedPair] = Field(description="The questions.")


class QAFromDocument(TextTask):
    """Writes questions about each document, with answers grounded in a quote that is checked to be there.

    Reads `column`; adds `question`, `answer`, `quote` (texts), `quote_start` and `quote_end` (integers: where
    the quote is in the document). With `questions`, there's a row for each. Line breaks, spaces and the
    kinds of quotation marks may differ in the model's quote; the row has the document's own words. A question
    whose quote isn't in the document makes no row; if none is left, the model is asked again.
    """

    explains_output = True
    goals = ("documents", "retrieval", "evaluation")
    keywords = ("question answering", "reading comprehension", "rag", "citations", "grounding", "extractive")
    example = Example(
        rows=[{"text": "Rome is the capital of Italy. It has three million inhabitants."}],
        parameters={"generation": {"max_tokens": 120, "temperature": 0.4}},
    )

    template: str = (
        "{{ _text }}\n\n"
        "Write {% if _questions > 1 %}{{ _questions }} different questions about the text above, as JSON: a "
        "list `pairs`, each with{% else %}one question about the text above, as JSON with{% endif %}\n"
        "- `question`: a question that is clear without the text\n"
        "- `quote`: the sentence of the text that answers it, copied word for word\n"
        "- `answer`: a short answer, from the text alone"
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=2048),
        description="Sampling parameters; they override those of the LLM.",
    )
    questions: int = Field(default=1, ge=1, le=50, description="Questions about each document.")

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["question", "answer", "quote", "quote_start", "quote_end"]

    @property
    def answer_schema(self) -> type[BaseModel]:
        """One pair, or a list of them."""
        return GroundedPair if self.questions == 1 else GroundedPairs

    def prompt_values(self) -> dict[str, Any]:
        """Return the number of questions."""
        return {"_questions": self.questions}

    def format_output(self, output: str | None, input: Row | None) -> list[Row]:
        """Return a row for each question whose quote is in the document."""
        document = text_of(input or {}, self.column)
        pairs = self._pairs(output or "")
        rows: list[Row] = []
        reason = "there are no questions"
        for pair in pairs:
            try:
                row = _grounded(pair, document)
            except InvalidOutputError as error:
                reason = error.fact
                continue
            if not any(is_same(row["question"], other["question"]) for other in rows):
                rows.append(row)
        if not rows:
            raise InvalidOutputError(reason, text=output)
        return rows[: self.questions]

    def _pairs(self, text: str) -> list[GroundedPair]:
        if self.questions == 1:
            return [read_json(text, GroundedPair)]
        return read_json(text, GroundedPairs).pairs


def _grounded(pair: GroundedPair, document: str) -> Row:
    question, answer = pair.question.strip(), pair.answer.strip()
    if not question or not answer:
        raise InvalidOutputError("the question or the answer is empty")
    if len(pair.quote.strip()) < min(_SHORTEST, len(document.strip())):
        raise InvalidOutputError("the quote is too short")
    span = find_quote(document, pair.quote)
    if span is None:
        raise InvalidOutputError("the quote isn't in the document")
    if is_same(question, document) or is_same(question, pair.quote) or _is_statement_of(document, question):
        raise InvalidOutputError("the question is a copy of the document")
    quote = document[span.start : span.end]
    return {
        "question": question,
        "answer": answer,
        "quote": quote,
        "quote_start": span.start,
        "quote_end": span.end,
    }


def _is_statement_of(document: str, question: str) -> bool:
    """Whether a question is words of the document, and not a question that stands there."""
    return not question.endswith(("?", "\uff1f", "\u061f")) and find_quote(document, question) is not None
