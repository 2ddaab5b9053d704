"""A text as a given person would write it."""

from __future__ import annotations

from pydantic import Field

from seedbed import Example, GenerationParameters, PromptTemplate, Reject, Row, Task
from seedbed_tasks.evolving import read_evolved
from seedbed_tasks.given_texts import text_in
from seedbed_tasks.personas import PERSONA_HUB
from seedbed_tasks.text_task import is_same


class PersonaRewrite(Task):
    """Rewrites each row's text as the row's persona would write it.

    Reads `text` and `persona`; adds `rewritten`. A text that comes back unchanged is rejected. Personas are
    those of Ge et al., 2024 (https://arxiv.org/abs/2406.20094); `personas` makes them.

    Differences from the paper: it writes new texts for personas, and doesn't rewrite any.
    """

    goals = ("sft",)
    keywords = ("style", "paraphrase", "voice", "augmentation", "Persona Hub")
    citation = PERSONA_HUB
    example = Example(
        {"generation": {"max_tokens": 80}},
        rows=[
            {
                "text": "How do I keep bread fresh?",
                "persona": "A sailor who is at sea for weeks and bakes on board.",
            }
        ],
    )

    template: str = (
        "Rewrite this text as the person described would write it: with their concerns, words and knowledge. "
        "Keep what it says or asks. Write the new text only.\n\nThe person: {{ persona }}\n\nText: {{ text }}"
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=1024),
        description="Sampling parameters; they override those of the LLM.",
    )

    @property
    def inputs(self) -> list[str]:
        """The columns needed."""
        return sorted({"text", "persona", *PromptTemplate(self.template).columns})

    @property
    def outputs(self) -> list[str]:
        """The column made."""
        return ["rewritten"]

    async def generate_row(self, input: Row) -> list[Row]:
        """Rewrite the text."""
        values = {**input, "text": text_in(input, "text"), "persona": text_in(input, "persona")}
        prompt = PromptTemplate(self.template).render(values)
        # Without the text: one that comes back unchanged is rejected, not asked for again.
        given = prompt.replace(values["text"], "")
        rewritten = await self.ask(prompt, read=lambda text: read_evolved(text, "rewriting", given))
        if is_same(rewritten, values["text"]):
            raise Reject("the text came back unchanged")
        return [{"rewritten": rewritten}]
