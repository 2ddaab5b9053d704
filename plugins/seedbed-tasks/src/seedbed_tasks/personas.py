"""Personas from texts, and from other personas."""

from __future__ import annotations

import random
from typing import Annotated, Any

from pydantic import Field, FilePath, PrivateAttr, model_validator

from seedbed import (
    Citation,
    ContentFilteredError,
    Example,
    GenerationParameters,
    GeneratorTask,
    InvalidOutputError,
    PromptTemplate,
    Reject,
    Row,
    RowError,
)
from seedbed.reading import is_refusal
from seedbed_tasks.given_texts import check_column, texts_of_file
from seedbed_tasks.persona_relations import READERS, RELATIONS
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.topics import TOPICS

PERSONA_HUB = Citation(
    "Scaling Synthetic Data Creation with 1,000,000,000 Personas",
    authors=("Tao Ge", "Xin Chan", "Xiaoyang Wang", "Dian Yu", "Haitao Mi", "Dong Yu"),
    year=2024,
    arxiv="2406.20094",
)
TEXT_TO_PERSONA = (
    "Who is likely to {{ verb }} a text like this? Describe one such person in one or two sentences, as "
    "specifically as the text allows: what they do, know, want or struggle with. Begin with 'A' or 'An', "
    "give no name, and write the description only.\n\nText: {{ text }}"
)


def read_persona(text: str) -> str:
    """Return the description in an answer, its first paragraph; reject a refusal."""
    if is_refusal(text):
        raise Reject("the model refused")
    persona = " ".join(text.strip().split("\n\n")[0].split()).strip('"*').removeprefix("Persona:").strip()
    if len(persona.split()) < 3:
        raise InvalidOutputError("the description of the person has less than three words", text=text)
    return persona


class Personas(GeneratorTask):
    """Descriptions of people, from what they'd read or write and from who is close to them.

    Text-to-persona asks who is likely to read, write, like, ... a text; persona-to-persona asks who is in a
    close relationship with a person, `hops` times, each time from the last one. Each persona is a row with
    `persona`, `method` (text-to-persona or persona-to-persona), `relation` (the verb, or who it is) and
    `origin`, the text or persona that it follows from. Without texts of yours, the texts are 56 topics. The
    method is that of Ge et al., 2024 (https://arxiv.org/abs/2406.20094).

    Differences from the paper: two hops instead of six by default; duplicates are removed by steps such as
    `dedup-near`.
    """

    goals = ("sft", "conversation")
    keywords = ("people", "profiles", "characters", "diversity", "Persona Hub")
    citation = PERSONA_HUB
    example = Example({"texts": ["ocean tides"], "hops": 1, "generation": {"max_tokens": 60}}, n=2)
    sampled = ()

    template: str = TEXT_TO_PERSONA
    relation_template: Annotated[str, prompt_with("persona", "relation")] = Field(
        default="Here is a person: {{ persona }}\n\nDescribe {{ relation }} of this person in one or two "
        "sentences: what they do, know, want or struggle with. Begin with 'A' or 'An', give no name, and "
        "write the description only; it makes sense without the first one.",
        description="Prompt of persona-to-persona.",
    )
    texts: list[str] = Field(default=list(TOPICS), min_length=1, description="Texts or topics to begin with.")
    file: FilePath | None = Field(default=None, description="A file with the texts to begin with.")
    column: str = Field(default="text", description="The column of `file` to read.")
    hops: int = Field(default=2, ge=0, description="Personas that follow from one another, after the first.")
    verbs: list[str] = Field(default=list(READERS), min_length=1, description="What people do with a text.")
    relations: list[str] = Field(default=list(RELATIONS), min_length=1, description="Who may be close.")
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=1.0, max_tokens=200),
        description="Sampling parameters; they override those of the LLM.",
    )

    _given: list[str] = PrivateAttr(default_factory=list)

    @model_validator(mode="after")
    def _check_column(self) -> Personas:
        check_column(self)
        return self

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["persona", "method", "relation", "origin"]

    def load(self) -> None:
        """Read the texts, and load the LLM."""
        self._read()
        super().load()

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Take the next text, and draw a verb and a relation for each hop."""
        texts = self._read()
        return {
            "_text": texts[index % len(texts)],
            "_verb": rng.choice(self.verbs),
            "_relations": [rng.choice(self.relations) for _ in range(self.hops)],
        }

    async def generate_row(self, input: Row) -> list[Row]:
        """Make a persona of the text, and others from it; those before a hop that fails are kept."""
        text, verb = input["_text"], input["_verb"]
        prompt = PromptTemplate(self.template).render({"text": text, "verb": verb})
        persona = await self.ask(prompt, read=read_persona)
        rows = [{"persona": persona, "method": "text-to-persona", "relation": verb, "origin": text}]
        for relation in input["_relations"]:
            origin = rows[-1]["persona"]
            values = {"persona": origin, "relation": relation}
            try:
                other = await self.ask(
                    PromptTemplate(self.relation_template).render(values), read=read_persona
                )
            except (RowError, ContentFilteredError):
                break
            if other == origin:
                break
            made = {"persona": other, "method": "persona-to-persona", "relation": relation, "origin": origin}
            rows.append(made)
        return rows

    def _read(self) -> list[str]:
        if not self._given:
            self._given = texts_of_file(self.file, self.column) if self.file else self.texts
        return self._given
