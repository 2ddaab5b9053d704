"""A backend that keeps the contract with a model inside the process, which writes words by chance."""

from __future__ import annotations

import json
import random

from seedbed import LLM, Capabilities, Choice, Request, Response, TokenLogprob, UnsupportedError, Usage

COLOURS = ("blue", "green", "red", "yellow")


class PlainModel(LLM):
    """Writes four colours, or as many as it may, and has no temperature."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(structured_output=True, logprobs=True, seed=True, n=True)

    async def respond(self, request: Request) -> Response:
        if request.temperature is not None:
            raise UnsupportedError("colours have no temperature")
        chance = random.Random(request.seed)
        choices = tuple(self.choice(request, chance) for _ in range(request.n))
        written = sum(len(str(choice.text).split()) for choice in choices)
        return Response(choices=choices, usage=Usage(3, written))

    def choice(self, request: Request, chance: random.Random) -> Choice:
        if request.schema is not None:
            return Choice(text=json.dumps({"colour": chance.choice(COLOURS)}))
        words = [chance.choice(COLOURS) for _ in range(min(4, request.max_tokens or 4))]
        tokens = tuple(TokenLogprob(word, -1.5) for word in words)
        return Choice(text=" ".join(words), logprobs=None if request.logprobs is None else tokens)
