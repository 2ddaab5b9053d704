"""A raw prompt goes to the model as the task's template makes it, or nothing is sent at all."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, ClassVar

import orjson
import pytest
from pydantic import BaseModel
from tests.support.scripted_llm import ALL, prompt, scripted, user

from seedbed import GeneratorTask, Task, UnsupportedError, UsageError, run
from seedbed.llm.calling.request_digest import request_digest

RAW = replace(ALL, raw_prompt=True)
PRE_QUERY = "<|im_start|>user\n"


class Magpie(GeneratorTask):
    """A pre-query template: what the model writes after it is an instruction."""

    template: str = PRE_QUERY
    raw_prompt: bool = True


def test_the_rendered_template_is_the_prompt_to_its_last_line_end() -> None:
    llm = scripted("An instruction.", offers=RAW)
    (row,) = run(Magpie(), 1, llm=llm).rows()
    assert row["generation"] == "An instruction."
    (request,) = llm.requests
    assert request.raw_prompt
    assert request.prompt == PRE_QUERY


@pytest.mark.parametrize(
    ("fields", "error"),
    [({}, UnsupportedError), ({"system_prompt": "Be brief.", "offers": RAW}, UsageError)],
)
def test_what_cannot_be_sent_raw_stops_the_run_before_an_earlier_step_is_paid_for(
    fields: dict[str, Any], error: type[Exception]
) -> None:
    class First(GeneratorTask):
        template: str = "x"

    class Continued(Task):
        template: str = "{{ generation }}"
        raw_prompt: bool = True
        outputs: ClassVar[list[str]] = ["more"]

    first, second = scripted("x"), scripted("y", offers=fields.get("offers", ALL), place="other")
    continued = Continued(llm=second, system_prompt=fields.get("system_prompt", ""))
    with pytest.raises(error):
        run(First(llm=first) >> continued, 3)
    assert not first.requests + second.requests


def test_a_call_may_be_raw_where_its_task_is_not_and_the_other_way_round() -> None:
    class Both(Magpie):
        outputs: ClassVar[list[str]] = ["instruction", "answer"]

        async def generate_row(self, input: dict[str, Any]) -> Any:
            instruction = await self.ask(PRE_QUERY)
            return {"instruction": instruction, "answer": await self.ask(instruction, raw_prompt=False)}

    llm = scripted(lambda request: "Sing." if request.raw_prompt else prompt(request), offers=RAW)
    (row,) = run(Both(), 1, llm=llm).rows()
    assert (row["instruction"], row["answer"]) == ("Sing.", "Sing.")
    assert [request.raw_prompt for request in llm.requests] == [True, False]
    chat = scripted("x", offers=RAW)
    assert chat.complete(user("x"), raw_prompt=True).choices[0].text == "x"
    assert chat.requests[0].raw_prompt


@pytest.mark.parametrize(
    ("messages", "parameters"),
    [
        ([{"role": "system", "content": "x"}, *user("y")], {}),
        ([{"role": "assistant", "content": "x"}], {}),
        ([{"role": "user", "content": [{"type": "text", "text": "x"}]}], {}),
        (user("x"), {"tools": ({"type": "function"},)}),
    ],
)
def test_what_needs_a_chat_is_refused_in_a_raw_prompt(messages: Any, parameters: dict[str, Any]) -> None:
    llm = scripted("x", offers=RAW)
    with pytest.raises(UsageError):
        llm.complete(messages, raw_prompt=True, **parameters)
    assert not llm.requests


def test_a_backend_that_does_not_declare_it_is_asked_nothing() -> None:
    llm = scripted("x", offers=ALL)
    with pytest.raises(UnsupportedError):
        llm.complete(user("x"), raw_prompt=True)
    assert not llm.requests


class Typed(Magpie):
    max_reasks: int = 3

    class Output(BaseModel):
        size: int


@pytest.mark.parametrize("offers", [RAW, replace(RAW, structured_output=False)])
def test_a_typed_row_is_validated_and_the_same_prompt_asked_again_with_another_seed(offers: Any) -> None:
    answers = ["no", '{"size": "much"}', '{"size": 3}']
    llm = scripted(lambda _: answers.pop(0), offers=offers)
    (row,) = run(Typed(), 1, llm=llm).rows()
    assert row["size"] == 3
    assert [(request.prompt, request.schema) for request in llm.requests] == [(PRE_QUERY, None)] * 3
    assert len({request.seed for request in llm.requests}) == 3


def test_calls_that_are_not_raw_are_known_by_what_they_were_known_by_before() -> None:
    llm = scripted()
    request = llm.request(user("x"), temperature=0.5)
    known = orjson.dumps([7, list(request)[:12]], default=dict, option=orjson.OPT_SORT_KEYS)
    assert request_digest(llm, request, 7) == hashlib.blake2b(llm.identity + known, digest_size=16).digest()
    raw = request._replace(raw_prompt=True)
    assert request_digest(llm, raw, 7) != request_digest(llm, request, 7)
