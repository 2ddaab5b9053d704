"""Models inside the process with one fault each, and the contract test that is to name it."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.testing.broken_backends import fails
from tests.testing.plain_model import PlainModel

from seedbed import Choice, Request


@fails("test_a_prompt_is_answered")
class EndsForReasonsOfItsOwn(PlainModel):
    def choice(self, request: Request, chance: random.Random) -> Choice:
        found = super().choice(request, chance)
        return replace(found, finish_reason="done") if found.finish_reason == "stop" else found


@fails("test_max_tokens_bounds_what_a_model_writes")
class WritesAsMuchAsItLikes(PlainModel):
    def choice(self, request: Request, chance: random.Random) -> Choice:
        return super().choice(request._replace(max_tokens=None), chance)


@fails("test_the_same_seed_gives_the_same_answer")
class HasSeedsOfItsOwn(PlainModel):
    def choice(self, request: Request, chance: random.Random) -> Choice:
        found = super().choice(request, chance)
        return found if request.schema else replace(found, text=f"{random.random()}")


@fails("test_a_model_writes_what_a_schema_allows")
class WritesAroundTheSchema(PlainModel):
    def choice(self, request: Request, chance: random.Random) -> Choice:
        found = super().choice(request, chance)
        return replace(found, text=f"Here it is: {found.text}") if request.schema else found


@fails("test_a_model_gives_as_many_answers_as_were_asked_for")
class AnswersOnce(PlainModel):
    async def respond(self, request: Request):
        return await super().respond(request._replace(n=1))


@fails("test_a_model_gives_log_probabilities")
class GivesLikelihoods(PlainModel):
    def choice(self, request: Request, chance: random.Random) -> Choice:
        found = super().choice(request, chance)
        tokens = found.logprobs and tuple(token._replace(logprob=0.2) for token in found.logprobs)
        return replace(found, logprobs=tokens)
