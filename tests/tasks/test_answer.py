"""An answer without text says why there is none, and which parameter leaves room for one."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import BaseModel
from tests.support.scripted_llm import scripted

from seedbed import LLM, Choice, InvalidOutputError, Response, Task, Usage
from seedbed.tasks.answers.answer import answer_text, reasoning_apart


class Thinking(LLM):
    reasoning_fields: ClassVar[tuple[str, ...]] = ("effort", "budget")

    async def respond(self, request):
        raise NotImplementedError


SPENT = {
    "reasoning in the answer": (Choice(text=None, reasoning="Hm.", finish_reason="length"), Usage()),
    "reasoning that is only counted": (Choice(text="", finish_reason="length"), Usage(9, 64, 0, 64)),
    "a thought that never closed": (Choice(text="<think>\nHm, a rose", finish_reason="length"), Usage()),
    "Mistral's marks": (Choice(text="[THINK]Hm", finish_reason="length"), Usage()),
    "a thought that ends the answer": (Choice(text="<think>Red.</think>"), Usage()),
    "a server that counts nothing": (Choice(text=" ", finish_reason="length"), Usage()),
    "reasoning and no more": (Choice(text=None, reasoning="Red."), Usage()),
}


@pytest.mark.parametrize(("choice", "usage"), SPENT.values(), ids=SPENT)
def test_tokens_that_went_into_reasoning_name_the_parameters(choice, usage):
    (choice,) = reasoning_apart(Response(choices=(choice,)), ()).choices
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
        Choice(text="<think> is a tag", reasoning="Hm."),
    ],
)
def test_text_that_a_server_keeps_apart_is_the_answer(choice):
    (apart,) = reasoning_apart(Response(choices=(choice,)), ()).choices
    assert apart is choice
    assert answer_text(choice, Usage(9, 64, 0, 60), None) == choice.text


@pytest.mark.parametrize("text", ["<think>Hm</think>Red", "[THINK]Hm[/THINK]\nRed", "Hm\n</think>\n\nRed"])
def test_text_after_the_reasoning_is_the_answer(text):
    (apart,) = reasoning_apart(Response(choices=(Choice(text=text),)), ()).choices
    assert (apart.text, apart.reasoning) == ("Red", "Hm")


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


class Answered(Task):
    template: str = "Colour of {{ thing }}?"
    outputs: ClassVar[list[str]] = ["generation"]

    def format_output(self, output, input):
        return {"generation": output}


@pytest.mark.parametrize("task", [Asking, Answered, AskingTwice])
def test_no_task_gets_the_reasoning_as_its_answer(task):
    llm = scripted(lambda request: Response.of_text("<think>Blue? No.</think>\n\nRed."))
    assert [row["generation"] for row in task(llm=llm).process({"thing": "a rose"})] == ["Red."]


def test_a_task_can_have_the_answer_with_its_reasoning():
    text = "<think>Blue? No.</think>\n\nRed."
    llm = scripted(lambda request: Response.of_text(text))
    (row,) = Asking(llm=llm, split_reasoning=False).process({"thing": "a rose"})
    assert row["generation"] == text


@pytest.mark.parametrize("role", ["template", "system_prompt"])
def test_a_tag_that_the_prompt_asks_for_belongs_to_the_answer(role):
    text = "<reasoning>Blue? No.</reasoning>\n<answer>Red.</answer>"
    llm = scripted(lambda request: Response.of_text(f"<think>Hm.</think>{text}"))
    prompt = {"template": "Colour of {{ thing }}?", role: "Use <reasoning> and <answer>. {{ thing }}"}
    (row,) = Asking(llm=llm, **prompt).process({"thing": "a rose"})
    assert row["generation"] == text


def test_the_model_does_not_see_its_reasoning_again_when_it_is_asked_again():
    class Coloured(Asking):
        class Output(BaseModel):
            colour: str

    answers = iter(['<think>{"colour": "blue"}</think>red', '{"colour": "red"}'])
    llm = scripted(lambda request: Response.of_text(next(answers)))
    (row,) = Coloured(llm=llm).process({"thing": "a rose"})
    assert row["colour"] == "red"
    assert [message["content"] for message in llm.requests[1].messages if message["role"] == "assistant"] == [
        "red"
    ]
