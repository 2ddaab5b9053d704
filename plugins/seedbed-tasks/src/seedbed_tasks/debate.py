"""Debates: two or more sides argue about a topic for some rounds, and a judge decides."""

from __future__ import annotations

import random
from typing import Annotated, Any

from pydantic import Field, FilePath, PrivateAttr, field_validator, model_validator

from seedbed import LLM, Citation, Example, GenerationParameters, GeneratorTask, PromptTemplate, Reject, Row
from seedbed.reading import is_refusal
from seedbed_tasks.debate_speeches import (
    SPEECH,
    TIE,
    TOPIC,
    VERDICT,
    Speech,
    as_chat,
    read_topic,
    verdict_type,
)
from seedbed_tasks.given_texts import check_column, texts_of_file
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.text_task import is_same
from seedbed_tasks.topics import TOPICS

REFUSED = "a debater refused"
REPEATED = "a debater repeats an earlier speech"


class Debate(GeneratorTask):
    """Debates on a topic: two or more sides argue for some rounds, and a judge says who won and why.

    Makes the columns `topic`, `messages` (the debate as a chat: a system message with the topic, then the
    speeches; the side that begins is the user), `transcript` (list of `round`, `side`, `model` and `text`),
    `winner` (a side, or "tie") and `reason`. Topics come from `topics` or from a file; without either, the
    model writes one on a drawn subject. Which side begins is drawn. `debaters` are the models of the sides,
    in their order, and `judge` is that of the judge; without them, `llm` speaks for all. The method is that
    of Liang et al., 2023 (https://arxiv.org/abs/2305.19118).

    Differences from the paper: topics are open instead of problems with an answer; there may be more than two
    sides; the judge decides at the end, and after each round as in the paper only with `stops_early`; a
    debater who refuses, or repeats a speech, rejects the row.
    """

    goals = ("conversation", "sft", "preference")
    keywords = ("multi-agent debate", "MAD", "argument", "persuasion", "motion", "pro and contra", "judge")
    citation = Citation(
        "Encouraging Divergent Thinking in Large Language Models through Multi-Agent Debate",
        authors=("Tian Liang", "Zhiwei He", "Wenxiang Jiao", "Xing Wang", "others"),
        year=2023,
        arxiv="2305.19118",
    )
    example = Example(
        {
            "topics": ["Schools should start later in the day."],
            "rounds": 1,
            "words": 40,
            "generation": {"max_tokens": 80},
            "judge_generation": {"max_tokens": 120},
        },
        n=1,
    )

    template: str = SPEECH
    topic_template: Annotated[str, prompt_with("_subject")] = Field(
        default=TOPIC, description="Prompt for a topic, with _subject, if none are given."
    )
    judge_template: Annotated[str, prompt_with("topic", "_sides", "_speeches")] = Field(
        default=VERDICT, description="Prompt to the judge, with topic, _sides and _speeches."
    )
    topics: list[str] = Field(default=[], description="Topics, one after the other, and then again.")
    file: FilePath | None = Field(default=None, description="A file with topics.")
    column: str = Field(default="topic", description="The column of `file` to read.")
    sides: list[str] = Field(
        default=["for", "against"], min_length=2, max_length=10, description="What each debater argues for."
    )
    rounds: int = Field(default=2, ge=1, le=20, description="Speeches of each side.")
    stops_early: bool = Field(
        default=False, description="Have the judge decide after each round, and end the debate if a side won."
    )
    words: int = Field(default=150, ge=10, description="The most words of a speech; the prompt says so.")
    debaters: list[LLM] = Field(
        default_factory=list, description="Models of the sides, in their order; without any, `llm` debates."
    )
    judge: LLM | None = Field(default=None, description="The model that judges; without one, `llm` does.")
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=0.8, max_tokens=1024),
        description="Sampling parameters of speeches and topics; they override those of the LLMs.",
    )
    judge_generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=0, max_tokens=512),
        description="Sampling parameters of the judge; they override those of the LLM.",
    )

    _given: list[str] = PrivateAttr(default_factory=list)

    @field_validator("topics")
    @classmethod
    def _check_topics(cls, value: list[str]) -> list[str]:
        if not all(topic.strip() for topic in value):
            raise ValueError("a topic is empty")
        return value

    @field_validator("sides")
    @classmethod
    def _check_sides(cls, value: list[str]) -> list[str]:
        if len({side.strip().casefold() for side in value} - {"", TIE}) < len(value):
            raise ValueError(f"are different texts, none of them empty or '{TIE}'")
        return value

    @model_validator(mode="after")
    def _check_debaters(self) -> Debate:
        if self.debaters and len(self.debaters) != len(self.sides):
            raise ValueError(
                f"there are {len(self.debaters)} debaters for {len(self.sides)} sides: give one for each"
            )
        if self.topics and self.file:
            raise ValueError("give `topics` or a `file` of them, not both")
        check_column(self)
        return self

    @property
    def needs_llm(self) -> bool:
        """Whether `llm` writes topics, debates or judges, since no others do."""
        return not (self.debaters and self.judge and (self.topics or self.file))

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["topic", "messages", "transcript", "winner", "reason"]

    def load(self) -> None:
        """Read the topics, and load the LLM."""
        self._read()
        super().load()

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Take the next topic, or draw a subject for one, and draw who speaks after whom."""
        given = self._read()
        order = rng.sample(range(len(self.sides)), len(self.sides))
        subject = rng.choice(TOPICS)
        return {"_topic": given[index % len(given)] if given else None, "_subject": subject, "_order": order}

    async def generate_row(self, input: Row) -> Row:
        """Hold one debate, and have it judged."""
        topic = input["_topic"] or await self._new_topic(input["_subject"])
        speeches: list[Speech] = []
        verdict: Any = None
        for number in range(1, self.rounds + 1):
            for place in input["_order"]:
                speeches.append(await self._speech(topic, number, place, speeches))
            if self.stops_early or number == self.rounds:
                verdict = await self._judged(topic, speeches)
                if verdict.winner != TIE:
                    break
        return {
            "topic": topic,
            "messages": as_chat(topic, speeches),
            "transcript": [one._asdict() for one in speeches],
            "winner": verdict.winner,
            "reason": verdict.reason.strip(),
        }

    async def _new_topic(self, subject: str) -> str:
        prompt = PromptTemplate(self.topic_template).render({"_subject": subject})
        topic: str = await self.ask(prompt, read=read_topic)
        return topic

    async def _speech(self, topic: str, number: int, place: int, speeches: list[Speech]) -> Speech:
        llm = self.debaters[place] if self.debaters else self.require_llm()
        side = self.sides[place]
        variables = {
            "topic": topic,
            "_side": side,
            "_others": [other for other in self.sides if other != side],
            "_speeches": [one._asdict() for one in speeches],
            "_round": number,
            "_rounds": self.rounds,
            "_words": self.words,
        }
        text = (await self.ask(self.format_input(variables), llm=llm)).strip()
        if is_refusal(text):
            raise Reject(REFUSED, text=text)
        if any(is_same(text, one.text) for one in speeches):
            raise Reject(REPEATED, text=text)
        return Speech(number, side, llm.model_name, text)

    async def _judged(self, topic: str, speeches: list[Speech]) -> Any:
        variables = {
            "topic": topic,
            "_sides": self.sides,
            "_speeches": [one._asdict() for one in speeches],
        }
        prompt = PromptTemplate(self.judge_template).render(variables)
        judge = self.judge or self.require_llm()
        return await self.ask(
            prompt, schema=verdict_type(self.sides), llm=judge, generation="judge_generation"
        )

    def _read(self) -> list[str]:
        if not self._given:
            self._given = texts_of_file(self.file, self.column) if self.file else self.topics
        return self._given
