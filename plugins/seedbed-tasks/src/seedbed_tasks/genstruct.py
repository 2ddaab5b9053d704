"""Instructions with answers that are grounded in a raw document."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator, model_validator

from seedbed import Citation, Example, GenerationParameters, PromptTemplate, Row, Task, gather_rows
from seedbed_tasks.given_texts import text_in
from seedbed_tasks.text_task import is_same


class Pair(BaseModel):
    """A question and its answer."""

    instruction: str = Field(description="A question or task for an assistant, with the context it needs.")
    response: str = Field(description="The answer, reasoned and supported by the text.")

    @field_validator("instruction", "response")
    @classmethod
    def _has_text(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty")
        return value.strip()

    @model_validator(mode="after")
    def _check_differs(self) -> Pair:
        if is_same(self.instruction, self.response):
            raise ValueError("the response is the same as the instruction")
        return self


class Genstruct(Task):
    """Writes questions that need reasoning, with answers grounded in the text, from each raw document.

    Reads `text`, and `title` if there is one; makes `pairs` rows of each text, which add `instruction` and
    `response`. The questions stand on their own: they can be asked without the text. What is asked for is
    what the model Genstruct 7B (https://huggingface.co/NousResearch/Genstruct-7B) was trained for, which
    follows Cui and Wang, 2023 (https://arxiv.org/abs/2310.04484).

    Differences from the paper: any model is asked for it in a prompt, none is trained; the answers aren't
    written by another model.
    """

    explains_output = True
    goals = ("sft", "documents")
    keywords = ("grounded", "instructions", "question answering", "corpus", "Ada-Instruct")
    citation = Citation(
        "Ada-Instruct: Adapting Instruction Generators for Complex Reasoning",
        authors=("Wanyun Cui", "Qianle Wang"),
        year=2023,
        arxiv="2310.04484",
    )
    example = Example(
        {"generation": {"max_tokens": 200}},
        rows=[
            {"title": "Tides", "text": "The Moon's pull raises the sea, so most coasts have two tides a day."}
        ],
    )

    template: str = (
        "{% if title is defined and title %}Title: {{ title }}\n\n{% endif %}Text: {{ text }}\n\n"
        "Someone who knows what this text says, but won't see it, is tested. Write {% if pairs == 1 %}a "
        "question{% else %}question {{ number }} of {{ pairs }}, unlike the others,{% endif %} that takes "
        "several steps of thought to answer, with all the context it needs, and its answer, which follows "
        "from the text. Don't mention the text. Answer as JSON with `instruction` and `response`."
    )
    pairs: int = Field(default=1, ge=1, description="Rows to make of each text.")
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=1024),
        description="Sampling parameters; they override those of the LLM.",
    )

    @property
    def inputs(self) -> list[str]:
        """The columns needed."""
        return sorted({"text", *PromptTemplate(self.template).columns} - {"pairs", "number"})

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["instruction", "response"]

    async def generate_row(self, input: Row) -> list[Row]:
        """Write the pairs of one text, concurrently."""
        text = text_in(input, "text")
        prompts = [self._prompt({**input, "text": text}, number) for number in range(1, self.pairs + 1)]
        return await gather_rows(*map(self._pair, prompts))

    def _prompt(self, row: Row, number: int) -> str:
        return PromptTemplate(self.template).render({**row, "number": number, "pairs": self.pairs})

    async def _pair(self, prompt: str) -> list[Row]:
        return [(await self.ask(prompt, schema=Pair)).model_dump()]
