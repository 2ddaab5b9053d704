"""A default stands in the LLM, a task's value beats it, and a call's value beats both."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from tests.support.scripted_llm import ALL, scripted, user

from seedbed import GenerationParameters, ParameterError, Task, UsageError


class Question(Task):
    template: str = "{{ question }}"
    generation: GenerationParameters = GenerationParameters(temperature=0.7, top_p=0.5)


def test_a_call_beats_the_llm_and_leaves_the_rest():
    llm = scripted(temperature=0.1, max_tokens=9, stop=("END",))
    llm.generate([user("a")], temperature=0)
    (sent,) = llm.requests
    assert (sent.temperature, sent.max_tokens, sent.stop, sent.top_p) == (0, 9, ("END",), None)


def test_what_a_user_sets_for_the_llm_beats_the_tasks_defaults_and_a_call_beats_both():
    llm = scripted(temperature=0.1, top_p=0.1, max_tokens=9)

    class Asks(Question):
        async def generate_row(self, input):
            return {"answer": await self.ask("a", temperature=0.2)}

    Question(llm=llm).process({"question": "?"})
    Asks(llm=llm).process({"question": "?"})
    sampled = [(sent.temperature, sent.top_p, sent.max_tokens) for sent in llm.requests]
    # The LLM's are a user's, and those of the task its author's.
    assert sampled == [(0.1, 0.1, 9), (0.2, 0.1, 9)]


def test_what_a_user_sets_joins_what_the_author_chose():
    assert Question(generation={"top_p": 1}).generation.given() == {"temperature": 0.7, "top_p": 1}


def test_none_in_a_call_means_not_given():
    llm = scripted(temperature=0.1)
    llm.generate([user("a")], temperature=None)
    assert llm.requests[0].temperature == 0.1


def test_one_stop_text_is_a_list_of_one():
    assert scripted().request(user("a"), stop="END").stop == ("END",)


def test_a_schema_may_be_a_class():
    class Output(BaseModel):
        colour: str

    request = scripted(offers=ALL).request(user("a"), schema=Output)
    assert request.schema is not None
    assert request.schema["required"] == ["colour"]
    assert request.schema["additionalProperties"] is False


def test_an_unknown_parameter_of_a_call_is_an_error_with_a_suggestion():
    llm = scripted()
    with pytest.raises(UsageError, match="did you mean 'temperature'"):
        llm.generate([user("a")], temprature=1)
    with pytest.raises(UsageError, match="cannot make 0 generations"):
        llm.generate([user("a")], num_generations=0)
    assert llm.requests == []


@pytest.mark.parametrize("field", [{"temperature": -1}, {"top_p": 0}, {"max_tokens": 0}, {"temprature": 1}])
def test_a_field_out_of_range_is_refused(field):
    with pytest.raises(ParameterError):
        scripted(**field)
