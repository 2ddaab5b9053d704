"""GLAN: questions from a taxonomy of knowledge, by subjects, syllabuses, class sessions and key concepts."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, PrivateAttr, field_validator

from seedbed import (
    Citation,
    Example,
    GenerationParameters,
    GeneratorTask,
    InvalidOutputError,
    PromptTemplate,
    Row,
    SharedAnswers,
)
from seedbed.reading import read_json
from seedbed_tasks.evolving import read_evolved
from seedbed_tasks.glan_taxonomy import TAXONOMY
from seedbed_tasks.parallel_calls import together
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.text_task import is_same

T = TypeVar("T")

_MOST_CONCEPTS = 10
_LONGEST_NAME, _LONGEST_TITLE = 80, 120


class Disciplines(BaseModel):
    """The disciplines of a field."""

    disciplines: list[str] = Field(description="Names of disciplines.")


class Subject(BaseModel):
    """A subject that is taught."""

    name: str = Field(max_length=_LONGEST_NAME, description="Name of the subject.")
    level: str = Field(max_length=_LONGEST_NAME, description="For whom, such as 'first year' or 'advanced'.")


class Subjects(BaseModel):
    """The subjects of a discipline."""

    subjects: list[Subject] = Field(description="The subjects, from basic to advanced.")


class Session(BaseModel):
    """A class session, and what is learned in it."""

    title: str = Field(max_length=_LONGEST_TITLE, description="What the session is about.")
    key_concepts: list[str] = Field(
        max_length=_MOST_CONCEPTS, description="Concepts that students learn in it."
    )


class Syllabus(BaseModel):
    """The class sessions of a subject."""

    sessions: list[Session] = Field(description="The class sessions, in their order.")


class Glan(GeneratorTask):
    """Questions on all human knowledge, from a taxonomy by subjects, syllabuses, sessions and key concepts.

    Makes `field`, `discipline`, `subject`, `level`, `sessions` (list of titles: one, or two for a question
    that combines them), `key_concepts` (list, of these sessions) and `instruction`. Answer with
    `text-generation`. The taxonomy has 30 fields and 146 disciplines; give your own as `taxonomy`, where the
    model lists the disciplines of a field without any. It's expanded where rows need it, each list once: a
    row's path follows from its index, and a resumed run finds the lists that it has paid for. The method is
    that of Li et al., 2024 (https://arxiv.org/abs/2402.13064).

    Differences from the paper: the taxonomy is our own, and not checked by experts; lists are asked for as
    JSON, subjects without subtopics and sessions without descriptions; the subjects of a discipline are
    asked for once instead of ten times (`subject_lists`); answers aren't written here.
    """

    explains_output = True
    goals = ("sft", "evaluation")
    keywords = ("taxonomy", "curriculum", "coverage", "knowledge", "homework", "instructions", "from scratch")
    citation = Citation(
        "Synthetic Data (Almost) from Scratch: Generalized Instruction Tuning for Language Models",
        authors=("Haoran Li", "Qingxiu Dong", "Zhengyang Tang", "Chaojun Wang", "Xingxing Zhang", "others"),
        year=2024,
        arxiv="2402.13064",
    )
    example = Example(
        {
            "taxonomy": {"crafts and trades": ["baking"]},
            "most_subjects": 2,
            "most_sessions": 2,
            "generation": {"max_tokens": 300},
        }
    )
    sampled = ("field",)
    unique = ("instruction",)

    template: Annotated[
        str,
        prompt_with("field", "discipline", "subject", "level", "sessions", "key_concepts"),
    ] = (
        "You teach {{ subject }} ({{ level }}), which belongs to {{ discipline }}. Your students have been "
        "in {% if sessions | length > 1 %}these class sessions{% else %}this class session{% endif %}:\n"
        "{% for session in sessions %}- {{ session }}\n{% endfor %}\n"
        "Write one homework question that needs {% if sessions | length > 1 %}what they learned in both of "
        "them, and {% endif %}these concepts:\n"
        "{% for concept in key_concepts %}- {{ concept }}\n{% endfor %}\n"
        "It's complete in itself, with all that's needed to answer it, and doesn't mention the class. Write "
        "the question only."
    )
    disciplines_template: Annotated[str, prompt_with("field", "most")] = Field(
        default="List the disciplines of this field of human knowledge and capabilities: {{ field }}. Name "
        'at most {{ most }}.\n\nAnswer in JSON: {"disciplines": ["..."]}',
        description="Prompt for the disciplines of a field that has none, with field and most.",
    )
    subjects_template: Annotated[str, prompt_with("field", "discipline", "most")] = Field(
        default="You're an expert on education. List the subjects that students learn in {{ discipline }} "
        "({{ field }}), from basic to advanced, at most {{ most }}, each with its level.\n\n"
        'Answer in JSON: {"subjects": [{"name": "...", "level": "..."}]}',
        description="Prompt for the subjects of a discipline, with discipline, field and most.",
    )
    syllabus_template: Annotated[str, prompt_with("field", "discipline", "subject", "level", "most")] = Field(
        default="You teach {{ subject }} ({{ level }}), which belongs to {{ discipline }}. Write the "
        "syllabus: at most {{ most }} class sessions in their order, each with the key concepts that students"
        ' learn in it.\n\nAnswer in JSON: {"sessions": [{"title": "...", "key_concepts": ["..."]}]}',
        description="Prompt for the syllabus of a subject, with subject, level, discipline and most.",
    )
    taxonomy: dict[str, list[str]] = Field(
        default=TAXONOMY,
        min_length=1,
        description="Fields with their disciplines; {field: []} has them listed.",
    )
    subject_lists: int = Field(
        default=1, ge=1, le=50, description="How often to ask for the subjects of a discipline."
    )
    most_disciplines: int = Field(
        default=12, ge=1, le=100, description="Disciplines of a field that are listed."
    )
    most_subjects: int = Field(default=20, ge=1, le=100, description="Subjects in a list.")
    most_sessions: int = Field(default=15, ge=1, le=100, description="Class sessions of a syllabus.")
    most_concepts: int = Field(default=5, ge=1, le=50, description="Key concepts of a question.")
    combined: float = Field(
        default=0.5, ge=0, le=1, description="Share of the questions that combine two sessions."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=1.0, max_tokens=2048),
        description="Sampling parameters; they override those of the LLM.",
    )

    _nodes: SharedAnswers = PrivateAttr(default_factory=SharedAnswers)

    @field_validator("taxonomy")
    @classmethod
    def _check_taxonomy(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        if not all(name.strip() for field, disciplines in value.items() for name in (field, *disciplines)):
            raise ValueError("a field or discipline has no name")
        return value

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["field", "discipline", "subject", "level", "sessions", "key_concepts", "instruction"]

    def load(self) -> None:
        """Load the LLM, and begin without any lists."""
        super().load()
        self._nodes = SharedAnswers()

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw the path of one row; how long the lists are isn't known yet, so places are shares of them."""
        given = [(field, name) for field, names in self.taxonomy.items() for name in names or [""]]
        field, discipline = rng.choice(given)
        return {
            "field": field,
            "_discipline": discipline,
            "_discipline_place": rng.random(),
            "_subject_place": rng.random(),
            "_is_combined": rng.random() < self.combined,
            # The rest is drawn once the syllabus is known.
            "_rng_seed": rng.getrandbits(64),
        }

    async def generate_row(self, input: Row) -> Row:
        """Return a question on key concepts of one or two sessions of a subject."""
        field = input["field"]
        discipline = input["_discipline"] or _at(
            input["_discipline_place"], await self._nodes.get(_key(field), lambda: self._disciplines(field))
        )
        about = {"field": field, "discipline": discipline}
        subjects = await self._nodes.get(_key(field, discipline), lambda: self._subjects(about))
        subject = _at(input["_subject_place"], subjects)
        about |= {"subject": subject.name, "level": subject.level}
        key = _key(field, discipline, subject.name)
        sessions = await self._nodes.get(key, lambda: self._sessions(about))
        row = {**about, **self._drawn(sessions, random.Random(input["_rng_seed"]), input["_is_combined"])}
        question = await self.ask(self.format_input(row), read=lambda text: read_evolved(text, "question"))
        return {**row, "instruction": question}

    def _drawn(self, sessions: Sequence[Session], rng: random.Random, is_combined: bool) -> Row:
        """Return the sessions and key concepts of a question, in the order of the syllabus."""
        count = min(2 if is_combined else 1, len(sessions))
        chosen = [sessions[place] for place in sorted(rng.sample(range(len(sessions)), count))]
        # One of each session, and others of any.
        first = [rng.choice(session.key_concepts) for session in chosen]
        others = [name for session in chosen for name in session.key_concepts if name not in first]
        more = rng.randint(0, max(0, min(self.most_concepts - len(first), len(others))))
        concepts = [*first, *rng.sample(others, more)]
        return {
            "sessions": [session.title for session in chosen],
            "key_concepts": concepts[: self.most_concepts],
        }

    async def _disciplines(self, field: str) -> list[str]:
        values = {"field": field, "most": self.most_disciplines}
        listed = await self._listed(self.disciplines_template, values, Disciplines, "disciplines")
        return _named(listed, self.most_disciplines)

    async def _subjects(self, about: dict[str, str]) -> list[Subject]:
        values = {**about, "most": self.most_subjects}
        asked = (
            self._listed(self.subjects_template, values, Subjects, "subjects")
            for _ in range(self.subject_lists)
        )
        subjects: list[Subject] = []
        for subject in [one for listed in await together(*asked) for one in listed]:
            if not any(is_same(subject.name, other.name) for other in subjects):
                subjects.append(subject)
        return subjects

    async def _sessions(self, about: dict[str, str]) -> list[Session]:
        values = {**about, "most": self.most_sessions}
        sessions: list[Session] = await self._listed(self.syllabus_template, values, Syllabus, "sessions")
        return sessions

    async def _listed(
        self, template: str, values: dict[str, Any], kind: type[BaseModel], name: str
    ) -> list[Any]:
        """Return a list that the model writes, without empty items; one that has none is asked for again."""
        schema = kind.model_json_schema()
        schema["properties"][name] |= {"minItems": 1, "maxItems": values["most"]}

        def read(text: str) -> list[Any]:
            made = [item for item in map(_clean, getattr(read_json(text, kind), name)) if item]
            if not made:
                raise InvalidOutputError(f"the list of {name} is empty", text=text)
            return made[: values["most"]]

        prompt = PromptTemplate(template).render(values)
        listed: list[Any] = await self.ask(prompt, schema=schema, read=read)
        return listed


def _key(*path: str) -> str:
    # As JSON, since a name may hold any separator.
    return json.dumps(path, ensure_ascii=False)


def _at(place: float, items: Sequence[T]) -> T:
    return items[int(place * len(items))]


def _named(names: Sequence[str], most: int) -> list[str]:
    made: list[str] = []
    for name in names:
        if not any(is_same(name, other) for other in made):
            made.append(name)
    return made[:most]


def _clean(item: Any) -> Any:
    """Return an item of a list with its names trimmed; None if one is missing, or only dots."""
    if isinstance(item, str):
        name = " ".join(item.split())
        return name if any(map(str.isalnum, name)) else None
    if isinstance(item, Subject):
        name = _clean(item.name)
        return name and Subject(name=name, level=_clean(item.level) or "basic")
    title = _clean(item.title)
    concepts = _named([concept for concept in map(_clean, item.key_concepts) if concept], _MOST_CONCEPTS)
    return Session(title=title, key_concepts=concepts) if title and concepts else None
