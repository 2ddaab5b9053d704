"""An answer that does not fit its row is asked again, with the reason, and only so often."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Literal

import pytest
from pydantic import BaseModel, Field
from tests.support.scripted_llm import ALL, prompt, scripted

from seedbed import (
    Choice,
    ContentFilteredError,
    GeneratorTask,
    InvalidOutputError,
    InvalidRowError,
    Response,
    Task,
    UsageError,
    run,
)

GOOD = '{"colour": "red", "shades": 3}'


class Colour(Task):
    template: str = "Colour of {{ thing }}?"

    class Output(BaseModel):
        colour: Literal["red", "green"]
        shades: int = Field(ge=1)


def choice(text, finish_reason="stop"):
    return Response(choices=(Choice(text=text, finish_reason=finish_reason),))


def answering(*answers, **fields):
    left = list(answers)
    return scripted(lambda request: left.pop(0) if len(left) > 1 else left[0], **fields)


def colour(llm, **fields):
    return Colour(llm=llm, **fields).process({"thing": "a rose"})


def test_a_fitting_answer_is_a_row_at_the_first_asking():
    llm = answering(GOOD, offers=ALL)
    assert colour(llm) == [{"thing": "a rose", "colour": "red", "shades": 3, "model_name": "scripted"}]
    assert len(llm.requests) == 1
    assert llm.requests[0].schema["required"] == ["colour", "shades"]
    assert Colour().columns == ["colour", "shades", "model_name"]


UNFIT = {
    "no JSON": ("red, I think", "the answer is not JSON"),
    "half of it": ('{"colour": "red", ', "the answer is not JSON"),
    "a wrong value": ('{"colour": "blue", "shades": 3}', "colour: Input should be 'red' or 'green'"),
    "a wrong type": ('{"colour": "red", "shades": "many"}', "shades: Input should be a valid integer"),
    "out of range": ('{"colour": "red", "shades": 0}', "shades: Input should be greater than or equal to 1"),
    "a lack": ('{"colour": "red"}', "shades: Field required"),
    "a list": ("[1]", "answer: Input should be an object"),
    "cut": (choice(GOOD, "length"), "too long and broke off"),
    "empty": (choice("  "), "the model wrote no text"),
    "None": (choice(None), "the model wrote no text"),
    "cut before it began": (choice("", "length"), "too long and broke off"),
}


def test_an_answer_that_repeats_the_reminder_is_asked_for_again():
    class Said(GeneratorTask):
        template: str = "Say something."

        class Output(BaseModel):
            text: str

    echo = '{"text": "Your answer was too long and broke off. Answer again"}'
    llm = answering(choice('{"text": "a rose is a rose is', "length"), echo, '{"text": "A rose."}')
    (row,) = next(Said(llm=llm).process())
    assert row["text"] == "A rose."
    assert "repeats what it was told" in llm.requests[2].messages[-1]["content"]


@pytest.mark.parametrize("case", UNFIT)
def test_the_model_is_told_what_does_not_fit(case):
    bad, reason = UNFIT[case]
    llm = answering(bad, GOOD)
    assert colour(llm)[0]["shades"] == 3
    first, again = llm.requests
    assert again.messages[: len(first.messages)] == first.messages
    assert reason in again.messages[-1]["content"]
    quoted = [message["content"] for message in again.messages if message["role"] == "assistant"]
    text = bad if isinstance(bad, str) else bad.choices[0].text
    # What the user can do about it is no business of the model, which would only repeat it.
    assert "max_tokens" not in str(again.messages)
    # One that was cut is not shown again: it fills the context, and a loop in it goes on.
    assert quoted == ([text] if text and text.strip() and "cut" not in case else [])


@pytest.mark.parametrize("max_reasks", [0, 1, 3])
def test_asking_again_is_bounded_and_the_last_reason_is_the_rows(max_reasks):
    llm = answering("red")
    with pytest.raises(InvalidOutputError, match="the answer is not JSON") as caught:
        colour(llm, max_reasks=max_reasks)
    assert len(llm.requests) == 1 + max_reasks
    assert caught.value.text == "red"


@pytest.mark.parametrize("bad", ["red", choice(GOOD, "length"), choice(" ")], ids=["form", "cut", "empty"])
@pytest.mark.parametrize("by", ["llm", "generation"])
def test_at_temperature_0_no_two_asks_are_equal(bad, by):
    llm = answering(bad)
    if by == "llm":
        llm.temperature = 0.0
    with pytest.raises(InvalidOutputError):
        colour(llm, max_reasks=3, **({"generation": {"temperature": 0.0}} if by == "generation" else {}))
    asked = [request.messages for request in llm.requests]
    assert len(asked) == 4
    assert all(one != other for one, other in itertools.combinations(asked, 2))


def test_otherwise_the_same_fault_is_named_in_the_same_words():
    llm = answering("red")
    with pytest.raises(InvalidOutputError):
        colour(llm, max_reasks=2)
    _, second, third = (request.messages for request in llm.requests)
    assert second == third


def test_a_long_answer_is_quoted_in_part():
    llm = answering("red " * 5000, GOOD)
    colour(llm)
    assert len(llm.requests[1].messages[-2]["content"]) == 1000


def test_what_the_provider_declines_is_not_asked_again():
    llm = answering(choice("I won't", "content_filter"))
    with pytest.raises(ContentFilteredError, match="declined"):
        colour(llm)
    assert len(llm.requests) == 1


def test_an_authors_format_output_may_ask_again():
    class Even(Task):
        template: str = "{{ thing }}"

        def format_output(self, output, input):
            if int(json.loads(output)) % 2:
                raise InvalidOutputError("an odd number")
            return {"number": int(output)}

    llm = answering("3", "no json", "4")
    assert Even(llm=llm).process({"thing": "x"})[0]["number"] == 4
    assert "That cannot be used: an odd number. " in llm.requests[1].messages[-1]["content"]
    assert "the answer is not JSON" in llm.requests[2].messages[-1]["content"]


def test_a_mistake_in_format_output_fails_its_row_alone():
    class Author(Task):
        template: str = "{{ thing }}"

        def format_output(self, output, input):
            return {"number": {"a": 1}[output]}

    llm = scripted(prompt)
    done = run(Author(llm=llm), input=[{"thing": text} for text in "aba"])
    assert [row["number"] for row in done.rows()] == [1, 1]
    (failure,) = done.failures
    assert (failure.step, failure.kind) == ("author", "KeyError")
    assert len(llm.requests) == 3


def test_each_of_several_generations_is_asked_again_for_itself():
    llm = answering(GOOD, "bad", '{"colour": "green", "shades": 9}')
    rows = colour(llm, num_generations=2)
    assert [row["shades"] for row in rows] == [3, 9]
    assert len(llm.requests) == 3


def test_no_call_goes_on_after_its_row_has_failed():
    class Slow(Colour):
        def format_output(self, output, input):
            if output == "broken":
                raise KeyError("mine")
            return super().format_output(output, input)

    ended = []

    async def answer(request):
        if len(request.messages) == 1:
            return Response(choices=(Choice(text="unfit"), Choice(text="broken")))
        await asyncio.sleep(0.01)
        ended.append(request)
        return GOOD

    task = Slow(llm=scripted(answer, offers=ALL), num_generations=2)
    with pytest.raises(KeyError, match="mine"):
        task.process({"thing": "a rose"})
    assert len(ended) == 1


def test_ask_returns_the_text_and_refuses_none():
    class Asks(Task):
        async def generate_row(self, input):
            return {"text": await self.ask("hello", max_tokens=5)}

    llm = answering("hi")
    assert Asks(llm=llm).process({}) == [{"text": "hi", "model_name": "scripted"}]
    assert llm.requests[0].max_tokens == 5
    with pytest.raises(InvalidOutputError):
        Asks(llm=answering(choice(""))).process({})


def test_typed_rows_of_several_calls_do_not_put_the_schema_on_each_call():
    class Both(Colour):
        async def generate_row(self, input):
            return self.Output(colour="red", shades=len(await self.ask("hello")))

    llm = answering("four", offers=ALL)
    assert Both(llm=llm).process({"thing": "x"})[0]["shades"] == 4
    assert llm.requests[0].schema is None


def test_a_column_with_an_underscore_of_a_users_row_is_kept():
    assert Colour(llm=answering(GOOD)).process({"thing": "x", "_id": 7})[0]["_id"] == 7


def test_a_row_that_json_cannot_hold_is_named():
    with pytest.raises(InvalidRowError, match="column 'when'"):
        Colour(llm=answering(GOOD)).process({"thing": "x", "when": object()})


def test_a_blocking_call_on_the_loop_thread_names_its_twin():
    class Blocking(Task):
        async def generate_row(self, input):
            return {"text": self.llm.generate([[{"role": "user", "content": "x"}]])}

    with pytest.raises(UsageError, match=r"await agenerate\(\.\.\.\) here instead"):
        Blocking(llm=answering("x")).process({})


def test_a_class_has_its_schema_made_once_however_many_rows_it_types():
    made = []

    class Word(GeneratorTask):
        template: str = "A word."

        class Output(BaseModel):
            word: str

            @classmethod
            def __get_pydantic_json_schema__(cls, core_schema, handler):
                made.append(cls)
                return handler(core_schema)

    def generations(rows):
        before = len(made)
        assert run(Word(), rows, llm=scripted('{"word": "x"}', offers=ALL)).accepted == rows
        return len(made) - before

    generations(1)
    assert generations(30) == generations(1)
