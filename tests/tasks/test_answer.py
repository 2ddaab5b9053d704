"""An answer without text says why there is none, and which parameter leaves room for one."""

from __future__ import annotations

from typing import ClassVar

import pytest
from tests.support.scripted_llm import scripted

from seedbed import LLM, Choice, InvalidOutputError, Response, Task, Usage
from seedbed.tasks.answer import answer_text


class Thinking(LLM):
    reasoning_fields: ClassVar[tuple[str, ...]] = ("effort", "budget")

    async def respond(self, request):
        raise NotImplementedError


SPENT = {
    "reasoning in the answer": (Choice(text=None, reasoning="Hm.", finish_reason="length"), Usage()),
    "reasoning that is only counted": (Choice(text="", finish_reason="length"), Usage(9, 64, 0, 64)),
    "a thought that never closed": (Choice(text="<think>\nHm, a rose", finish_reason="length"), Usage()),
    "Mistral's marks": (Choice(text="[THINK]Hm", finish_reason="length"), Usage()),
    "a server that counts nothing": (Choice(text=" ", finish_reason="length"), Usage()),
    "reasoning and no more": (Choice(text=None, reasoning="Red."), Usage()),
}


@pytest.mark.parametrize(("choice", "usage"), SPENT.values(), ids=SPENT)
def test_tokens_that_went_into_reasoning_name_the_parameters(choice, usage):
    with pytest.raises(InvalidOutputError) as caught:
        answer_text(choice, usage, Thinking(model="m"))
    advice = " ".join(caught.value.advice)
    assert all(name in advice for name in ("llm.max_tokens", "llm.effort", "llm.budget"))
    assert ("reasoning" in caught.value.fact) == (choice.text != " ")


@pytest.mark.parametrize(
    "choice",
    [
        Choice(text="Red."),
        Choice(text="Red and so", finish_reason="length"),
        Choice(text="<think>Hm</think>Red and so", finish_reason="length"),
        Choice(text="[THINK]Hm[/THINK]\nRed", finish_reason="length"),
        Choice(text="<think> is a tag", reasoning="Hm."),
    ],
)
def test_text_after_the_reasoning_is_the_answer(choice):
    assert answer_text(choice, Usage(9, 64, 0, 60), None) == choice.text


def test_an_answer_that_is_empty_for_no_known_reason_blames_no_parameter():
    with pytest.raises(InvalidOutputError) as caught:
        answer_text(Choice(text=None), Usage(9, 0), Thinking(model="m"))
    assert caught.value.advice == ()


class Asking(Task):
    template: str = "Colour of {{ thing }}?"


class AskingTwice(Asking):
    async def generate_row(self, input):
        return {"generation": await self.ask("What colour is it?")}


@pytest.mark.parametrize("task", [Asking, AskingTwice])
def test_each_way_to_ask_says_so(task):
    answer = Response(choices=(Choice(text="", finish_reason="length"),), usage=Usage(9, 64, 0, 64))
    llm = scripted(lambda request: answer)
    with pytest.raises(InvalidOutputError, match="reasoning") as caught:
        task(llm=llm, max_reasks=1).process({"thing": "a rose"})
    assert "llm.max_tokens" in str(caught.value)
