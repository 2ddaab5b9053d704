"""Magpie: a chat model makes up the user's messages, as it goes on after the text that precedes one."""

from __future__ import annotations

import random
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from seedbed import (
    LLM,
    Citation,
    Example,
    GenerationParameters,
    GeneratorTask,
    Message,
    Reject,
    Row,
    UsageError,
    did_you_mean,
)
from seedbed.reading import is_refusal
from seedbed_tasks.chat_formats import CHAT_FORMATS, ChatFormat, default_system_prompt, guess_format
from seedbed_tasks.raw_prompts import check_takes_raw

_MOST_STOPS = 4


class Magpie(GeneratorTask):
    """Instructions or whole chats that an aligned model makes up by itself, given only its chat format.

    The model gets a chat up to where the user's message begins, as raw text, and goes on with a message that
    a user might write; then it answers. Makes the columns `instruction` and `response`, the first of each,
    and `messages`, the chat of all `turns`. With `system_prompts`, which steer what the instructions are
    about, `system_prompt` says which one was drawn. The backend must take raw prompts, such as llamacpp, or
    openai with a server that has `/completions`. The method is that of Xu et al., 2024
    (https://arxiv.org/abs/2406.08464).

    Differences from the paper: its filters (length, difficulty, quality, likeness of instructions) are steps
    of their own, such as `dedup-near`; only an instruction that's empty, cut, a refusal, or runs on into the
    next message is rejected here.
    """

    goals = ("sft", "conversation")
    keywords = ("instructions", "prompts", "multi-turn", "self-synthesis", "pre-query template")
    citation = Citation(
        "Magpie: Alignment Data Synthesis from Scratch by Prompting Aligned LLMs with Nothing",
        authors=(
            "Zhangchen Xu",
            "Fengqing Jiang",
            "Luyao Niu",
            "Yuntian Deng",
            "Radha Poovendran",
            "Yejin Choi",
            "Bill Yuchen Lin",
        ),
        year=2024,
        arxiv="2406.08464",
    )
    example = Example(
        {"generation": {"max_tokens": 80}, "response_generation": {"max_tokens": 120, "temperature": 0}}, n=2
    )

    chat_format: str | ChatFormat = Field(
        default="",
        description=f"The model's chat format: {', '.join(CHAT_FORMATS)}, or its parts. Empty: guessed from "
        "the model's name.",
    )
    system_prompts: list[str] = Field(
        default=[],
        description="System prompts, one drawn for each row. Empty: that of the model's own template.",
    )
    keep_system_prompt: bool = Field(
        default=False,
        description="Whether the drawn system prompt is part of `messages`, and known to who answers.",
    )
    turns: int = Field(default=1, ge=1, description="Instructions with answers in a chat.")
    answers: Literal["chat", "raw", "none"] = Field(
        default="chat",
        description="How answers are asked for: as a chat, as raw text in the same format, or not at all.",
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=1.0, top_p=1.0, max_tokens=512),
        description="Sampling parameters of instructions; they override those of the LLM.",
    )
    response_generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=0.0, max_tokens=2048),
        description="Sampling parameters of answers.",
    )

    @field_validator("chat_format")
    @classmethod
    def _known(cls, value: str | ChatFormat) -> str | ChatFormat:
        if isinstance(value, str) and value and value not in CHAT_FORMATS:
            hints = did_you_mean(value, CHAT_FORMATS) or [f"known are {', '.join(CHAT_FORMATS)}"]
            raise ValueError(f"there is no chat format '{value}'; {hints[0]}")
        return value

    @model_validator(mode="after")
    def _answers_turns(self) -> Magpie:
        if self.turns > 1 and self.answers == "none":
            raise ValueError(f"a chat of {self.turns} turns needs answers, so answers can't be 'none'")
        if self.system_prompt:
            raise ValueError("the system prompts that instructions are made with go into `system_prompts`")
        return self

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        drawn = ["system_prompt"] if self.system_prompts else []
        return (
            [*drawn, "instruction"]
            if self.answers == "none"
            else [*drawn, "instruction", "response", "messages"]
        )

    def load(self) -> None:
        """Check that the model takes raw prompts and that its chat format is known, and load it."""
        llm = self.require_llm()
        check_takes_raw(self.name, llm, "has to leave the user's message open")
        self._format_of(llm)
        super().load()

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw the system prompt of one row."""
        return {"system_prompt": rng.choice(self.system_prompts)} if self.system_prompts else {}

    async def generate_row(self, input: Row) -> list[Row]:
        """Make a chat, turn by turn."""
        form, drawn = self._format_of(self.require_llm()), input.get("system_prompt")
        hidden = _system(drawn or self._system_of_template)
        shown = _system(drawn) if self.keep_system_prompt else []
        turns: list[Message] = []
        for _ in range(self.turns):
            instruction = await self._instruction(form, form.before_user([*hidden, *turns]))
            turns.append({"role": "user", "content": instruction})
            if self.answers == "none":
                return [{"instruction": instruction}]
            turns.append({"role": "assistant", "content": await self._answer(form, shown, turns)})
        first = {"instruction": turns[0]["content"], "response": turns[1]["content"]}
        return [{**first, "messages": [*shown, *turns]}]

    @property
    def _system_of_template(self) -> str | None:
        return default_system_prompt(self.require_llm().model_name)

    def _format_of(self, llm: LLM) -> ChatFormat:
        if isinstance(self.chat_format, ChatFormat):
            return self.chat_format
        name = self.chat_format or guess_format(llm.model_name)
        if name is None:
            raise UsageError(
                f"the name '{llm.model_name}' doesn't tell the model's chat format",
                f"give it: chat_format={'|'.join(CHAT_FORMATS)}",
                "or its parts: {user_before: ..., user_after: ..., assistant_before: ..., stop: [...]}",
            )
        return CHAT_FORMATS[name]

    async def _instruction(self, form: ChatFormat, prompt: str) -> str:
        parameters = self.sampling_parameters()
        stop = (*parameters.pop("stop", ()), *form.stop)[:_MOST_STOPS]
        message = {"role": "user", "content": prompt}
        response = await self.require_llm().acomplete([message], raw_prompt=True, stop=stop, **parameters)
        choice = response.choices[0]
        text = (choice.text or "").strip()
        if not text:
            raise Reject("the model made up no instruction")
        if choice.finish_reason == "length":
            raise Reject("the instruction was cut at its maximum length")
        if any(marker in text for marker in form.markers):
            raise Reject("the instruction runs on into the next message")
        if is_refusal(text):
            raise Reject("the instruction is a refusal")
        return text

    async def _answer(self, form: ChatFormat, shown: list[Message], turns: list[Message]) -> str:
        parameters = self.response_generation.given()
        if self.answers == "chat":
            answer: str = await self.ask([*shown, *turns], **parameters)
            return answer.strip()
        stop = (*parameters.pop("stop", ()), *form.stop)[:_MOST_STOPS]
        # The server would add the template's own system prompt to a chat without one; here it's ours to add.
        chat = [*(shown or _system(self._system_of_template)), *turns]
        text: str = await self.ask(form.before_assistant(chat), raw_prompt=True, stop=stop, **parameters)
        return text.strip()


def _system(prompt: str | None) -> list[Message]:
    return [{"role": "system", "content": prompt}] if prompt else []
