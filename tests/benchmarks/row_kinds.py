"""The kinds of rows whose cost is measured, with the calls that each makes of a server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel
from tests.benchmarks.prompt import LONG_TEMPLATE, TEMPLATE, follow_up, prompt

from seedbed import GeneratorTask
from seedbed.llm.schemas.structured import schema_of

Kind = Literal["plain", "typed", "dependent", "long"]
Ask = Callable[[Mapping[str, Any]], Awaitable[str]]
"""Sends what a call adds to a body, and returns the text of the answer."""


class Story(GeneratorTask):
    """A row of one call."""

    template: str = TEMPLATE

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Return the number of the story."""
        return {"number": index}


class TypedStory(Story):
    """A row of one call whose answer is validated."""

    class Output(BaseModel):
        """What the model writes."""

        title: str
        story: str
        words: int


_SCHEMA = schema_of(TypedStory.Output)


class StoryAndSequel(Story):
    """A row of two calls, of which the second needs the answer to the first."""

    async def generate_row(self, input: dict[str, Any]) -> dict[str, Any]:
        """Return the second answer."""
        first = await self.ask(self.format_input(input))
        return {"generation": await self.ask(follow_up(input["number"], first))}


class LongPrompt(Story):
    """A row of one call whose template has 4 kB."""

    template: str = LONG_TEMPLATE


class RowKind(NamedTuple):
    """One kind: the task that makes it, and the bare calls that the same row takes."""

    task: type[GeneratorTask]
    bare: Callable[[Ask, int], Coroutine[Any, Any, Mapping[str, Any]]]
    calls: int = 1


async def _plain(ask: Ask, number: int) -> Mapping[str, Any]:
    return {"generation": await ask(_messages(prompt(number)))}


async def _typed(ask: Ask, number: int) -> Mapping[str, Any]:
    schema = {"name": "answer", "schema": _SCHEMA, "strict": True}
    asked = {**_messages(prompt(number)), "response_format": {"type": "json_schema", "json_schema": schema}}
    # With pydantic, as anyone would who wants typed rows.
    return TypedStory.Output.model_validate_json(await ask(asked)).model_dump()


async def _dependent(ask: Ask, number: int) -> Mapping[str, Any]:
    first = await ask(_messages(prompt(number)))
    return {"generation": await ask(_messages(follow_up(number, first)))}


async def _long(ask: Ask, number: int) -> Mapping[str, Any]:
    return {"generation": await ask(_messages(prompt(number, LONG_TEMPLATE)))}


def _messages(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


KINDS: Mapping[Kind, RowKind] = {
    "plain": RowKind(Story, _plain),
    "typed": RowKind(TypedStory, _typed),
    "dependent": RowKind(StoryAndSequel, _dependent, calls=2),
    "long": RowKind(LongPrompt, _long),
}


def asked(kind: Kind) -> dict[str, Any]:
    """Return what the first call of a kind adds to a body."""
    first: list[Mapping[str, Any]] = []

    async def ask(given: Mapping[str, Any]) -> str:
        first.append(given)
        # A typed row reads it.
        return '{"title": "", "story": "", "words": 0}'

    asyncio.run(KINDS[kind].bare(ask, 0))
    return dict(first[0])
