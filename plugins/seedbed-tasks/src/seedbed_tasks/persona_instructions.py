"""Instructions and problems that a given person would come up with."""

from __future__ import annotations

import random
from typing import Annotated, Any

from pydantic import Field, FilePath, PrivateAttr, model_validator

from seedbed import Example, GenerationParameters, GeneratorTask, PromptTemplate, Row
from seedbed_tasks.evolving import read_evolved
from seedbed_tasks.given_texts import check_column, texts_of_file
from seedbed_tasks.persona_relations import READERS
from seedbed_tasks.personas import PERSONA_HUB, TEXT_TO_PERSONA, read_persona
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.topics import TOPICS

KINDS = {
    "instruction": "an instruction or question that this person would give to an AI assistant",
    "math": "a mathematical problem that fits this person's life or work and has one answer",
    "reasoning": "a logical puzzle that fits this person's life or work and can be solved from what it says",
    "knowledge": "a question that takes the special knowledge of this person to answer well",
}


class PersonaInstructions(GeneratorTask):
    """Instructions, math problems, puzzles and questions that a person would come up with.

    Makes the columns `persona`, `kind` and `instruction`. Personas come from `personas` or from a file, such
    as one that the task `personas` wrote; without either, a person is first described for a topic. Answer
    with `text-generation`. The method is that of Ge et al., 2024 (https://arxiv.org/abs/2406.20094).

    Differences from the paper: prompts have no examples (its zero-shot way); game characters and tools aren't
    among the kinds, though `kinds` takes any.
    """

    goals = ("sft", "math")
    keywords = ("prompts", "word problems", "diversity", "Persona Hub")
    citation = PERSONA_HUB
    example = Example(
        {"personas": ["A beekeeper who sells honey at a market."], "generation": {"max_tokens": 80}}, n=2
    )
    sampled = ("kind",)

    template: Annotated[str, prompt_with("persona", "kind")] = (
        "Write {{ kind }}.\n\nThe person: {{ persona }}\n\nIt stands on its own, and doesn't mention the "
        "description. Write it only; don't answer it."
    )
    persona_template: Annotated[str, prompt_with("text", "verb")] = Field(
        default=TEXT_TO_PERSONA, description="Prompt that describes a person, if no personas are given."
    )
    personas: list[str] = Field(default=[], description="Descriptions of people.")
    file: FilePath | None = Field(default=None, description="A file with descriptions of people.")
    column: str = Field(default="persona", description="The column of `file` to read.")
    kinds: dict[str, str] = Field(default=KINDS, min_length=1, description="What to write, by kind.")
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=1.0, max_tokens=1024),
        description="Sampling parameters; they override those of the LLM.",
    )

    _given: list[str] = PrivateAttr(default_factory=list)

    @model_validator(mode="after")
    def _check_column(self) -> PersonaInstructions:
        check_column(self)
        return self

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["persona", "kind", "instruction"]

    def load(self) -> None:
        """Read the personas, and load the LLM."""
        self._read()
        super().load()

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Take the next persona, or draw a topic for one, and draw the kind."""
        given = self._read()
        persona = given[index % len(given)] if given else None
        drawn = {"_topic": rng.choice(TOPICS), "_verb": rng.choice(READERS), "_persona": persona}
        return {"kind": rng.choice(list(self.kinds)), **drawn}

    async def generate_row(self, input: Row) -> list[Row]:
        """Describe a person unless one is given, and write what this person would."""
        persona = input["_persona"]
        if persona is None:
            values = {"text": input["_topic"], "verb": input["_verb"]}
            persona = await self.ask(PromptTemplate(self.persona_template).render(values), read=read_persona)
        values = {"persona": persona, "kind": self.kinds[input["kind"]]}
        prompt = PromptTemplate(self.template).render(values)
        instruction = await self.ask(prompt, read=lambda text: read_evolved(text, "writing", prompt))
        return [{"persona": persona, "instruction": instruction}]

    def _read(self) -> list[str]:
        if not self._given:
            self._given = texts_of_file(self.file, self.column) if self.file else self.personas
        return self._given
