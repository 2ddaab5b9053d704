"""Whose sampling parameter is sent: what a user sets beats what an author set."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field

from seedbed import LLM, GenerationParameters, GeneratorTask, Request, Response, run


class NotedLLM(LLM):
    """Keeps the parameters of its requests in `sent`; its author wants 30 tokens unless a user says else."""

    max_tokens: int | None = 30
    sent: list[Any] = Field(default_factory=list)

    async def respond(self, request: Request) -> Response:
        self.sent.append((request.max_tokens, request.temperature))
        return Response.of_text("x")


class PlainTask(GeneratorTask):
    template: str = "Say {{ i }}."

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"i": index}


class LongTask(PlainTask):
    """Its author wants 512 tokens and some warmth."""

    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=512, temperature=0.7)
    )


class CallingTask(LongTask):
    """Its author says in a call how long the answer may be."""

    async def generate_row(self, input: Any) -> Any:
        return {"text": await self.ask("x", max_tokens=3)}


USER_LLM = {"max_tokens": 7}
USER_TASK = {"max_tokens": 9}


@pytest.mark.parametrize(
    ("task", "of_task", "of_llm", "sent"),
    [
        (PlainTask, {}, {}, (30, None)),
        (LongTask, {}, {}, (512, 0.7)),
        (LongTask, {}, USER_LLM, (7, 0.7)),
        (LongTask, USER_TASK, USER_LLM, (9, 0.7)),
        (LongTask, USER_TASK, {}, (9, 0.7)),
        (LongTask, {"temperature": 0}, USER_LLM, (7, 0)),
        (LongTask, {"max_tokens": 512}, USER_LLM, (512, 0.7)),
        (LongTask, {"max_tokens": None}, USER_LLM, (7, 0.7)),
        (LongTask, {"max_tokens": None}, {}, (30, 0.7)),
        (LongTask, {}, {"max_tokens": None}, (512, 0.7)),
        (CallingTask, USER_TASK, USER_LLM, (3, 0.7)),
        (CallingTask, {"temperature": 0.1}, {"temperature": 0.2}, (3, 0.1)),
        (CallingTask, {}, {"temperature": 0.2}, (3, 0.2)),
    ],
)
@pytest.mark.parametrize("given_as", [dict, GenerationParameters])
def test_call_then_user_then_author(task: Any, of_task: Any, of_llm: Any, sent: Any, given_as: Any) -> None:
    llm = NotedLLM(model="m", **of_llm)
    fields = {"generation": given_as(**of_task)} if of_task else {}
    run(task(**fields), n=1, llm=llm)
    assert llm.sent == [sent]
    # A copy, as a run makes one of each step, knows no less of who set what.
    llm.sent.clear()
    next(task(**fields, llm=llm).model_copy().process())
    assert llm.sent == [sent]


def test_what_is_sent_decides_whether_finished_rows_are_made_again() -> None:
    def asked(name: str, generation: dict[str, Any], **of_llm: Any) -> int:
        llm = NotedLLM(model="m", **of_llm)
        run(LongTask(generation=generation) if generation else LongTask(), n=2, llm=llm, name=name)
        return len(llm.sent)

    assert asked("a", {}, max_tokens=7) == 2
    assert asked("a", {}, max_tokens=7) == 0
    # The same value as its author's, but now it is the user's: the LLM's 7 no longer beats it.
    assert asked("a", {"max_tokens": 512}, max_tokens=7) == 2
    assert asked("a", {"max_tokens": 512}, max_tokens=7) == 0
