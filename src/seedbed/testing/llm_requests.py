"""The contract of a backend, first part: what is asked arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedbed.errors import UsageError
from seedbed.llm.llm import LLM
from seedbed.llm.messages import Message, image_part
from seedbed.llm.response import Choice, Response
from seedbed.testing.llm_facts import (
    ANSWER,
    KEY,
    QUESTION,
    LLMFacts,
    ask,
    check_arrived,
    only,
    text_of,
    texts,
)
from seedbed.testing.scripted_server import ScriptedServer

SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string"}},
    "required": ["colour"],
    "additionalProperties": False,
}
TOOL = {
    "type": "function",
    "function": {"name": "paint", "description": "Paints in a colour.", "parameters": SCHEMA},
}
PICTURE = image_part(b"\x89PNG picture")
CALL = {"id": "call_1", "type": "function", "function": {"name": "paint", "arguments": '{"colour": "red"}'}}
TALK: list[Message] = [
    *QUESTION,
    {"role": "assistant", "content": "Blau oder grün?"},
    {"role": "user", "content": "In English,\nplease."},
]


class LLMRequestContract(LLMFacts):
    """What a backend is asked arrives at the server, and nothing else does."""

    def test_the_conversation_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """User's and assistant's messages arrive in their order, with their text unchanged.

        A row is the answer to its prompt: to another prompt it would be the wrong row.
        """
        ask(llm, TALK)
        arrived = only(server, self.protocol).request.messages
        assert [pair for pair in texts(arrived) if pair[0] != "system"] == texts(TALK)

    def test_the_system_prompt_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """A leading system message arrives, before all others.

        Tasks put there what holds for all rows; without it, every row is plausible and wrong.
        """
        ask(llm, [{"role": "system", "content": "Be a painter."}, *QUESTION])
        arrived = texts(only(server, self.protocol).request.messages)
        assert arrived[:1] == [("system", "Be a painter.")]

    def test_the_model_and_the_key_arrive(self, llm: LLM, server: ScriptedServer) -> None:
        """The request names the model of the instance, and carries its key.

        Otherwise the server asks whatever model it likes, at somebody's cost.
        """
        ask(llm)
        arrived = only(server, self.protocol)
        assert (arrived.model, arrived.key) == (llm.model, KEY)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("temperature", 0.25), ("top_p", 0.5), ("max_tokens", 77), ("stop", ("END",))],
        ids=["temperature", "top_p", "max_tokens", "stop"],
    )
    def test_a_parameter_arrives_or_is_refused(
        self, llm: LLM, server: ScriptedServer, name: str, value: Any
    ) -> None:
        """A parameter of sampling arrives as it was given, or is a UsageError before anything is sent.

        One that is left out in silence makes a dataset other than the one that was asked for.
        """
        try:
            ask(llm, **{name: value})
        except UsageError:
            assert server.count == 0, "the parameter was refused after the request had been sent"
        else:
            remedy = "pass it on, or raise UnsupportedError"
            check_arrived(only(server, self.protocol), name, value, remedy)

    def test_what_was_not_asked_for_does_not_arrive(self, llm: LLM, server: ScriptedServer) -> None:
        """A request without parameters arrives without them; only `max_tokens` may be there all the same.

        What the provider does by default is the provider's to say, and changes with the model.
        """
        ask(llm)
        arrived = only(server, self.protocol).request
        names = ("n", "temperature", "top_p", "stop", "seed", "schema", "tools", "tool_choice", "logprobs")
        assert [getattr(arrived, name) for name in names] == [1, None, None, (), None, None, (), None, None]

    def test_extra_fields_arrive(self, llm: LLM, server: ScriptedServer) -> None:
        """What stands in `extra` arrives in the body as it is.

        It is the way to whatever the provider offers and Seedbed has no word for.
        """
        ask(llm, extra={"contract_extra": [1, {"a": None}]})
        assert only(server, self.protocol).request.extra.get("contract_extra") == [1, {"a": None}]

    def test_a_seed_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'seed' is declared, the seed of a call arrives, zero too.

        Rows get seeds of their own so that they differ, and so that the same run gives the same rows.
        """
        self.skip_undeclared("seed", llm.capabilities.seed)
        ask(llm, seed=0)
        check_arrived(only(server, self.protocol), "seed", 0, _undeclare("seed"))

    def test_several_answers_are_one_request(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'n' is declared, n answers are asked for in one request, and all of them are given.

        That is what declaring it is for: the prompt is paid for once.
        """
        self.skip_undeclared("n", llm.capabilities.n)
        choices = tuple(Choice(text=f"Colour {number}.") for number in range(3))
        server.answer_with(self.protocol.answer(Response(choices=choices)))
        answered = ask(llm, n=3)
        check_arrived(only(server, self.protocol), "n", 3, _undeclare("n"))
        assert [choice.text for choice in answered.choices] == [choice.text for choice in choices]

    def test_a_schema_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'structured_output' is declared, a JSON Schema arrives by the provider's own means.

        A backend that cannot hold the model to it must not declare it: then the prompt says it.
        """
        self.skip_undeclared("structured_output", llm.capabilities.structured_output)
        ask(llm, schema=SCHEMA)
        check_arrived(only(server, self.protocol), "schema", SCHEMA, _undeclare("structured_output"))

    def test_tools_arrive(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'tools' is declared, their definitions and the choice among them arrive.

        A tool that lost its parameters on the way is called with the wrong ones.
        """
        self.skip_undeclared("tools", llm.capabilities.tools)
        choice = {"type": "function", "function": {"name": "paint"}}
        ask(llm, tools=[TOOL], tool_choice=choice)
        arrived = only(server, self.protocol)
        check_arrived(arrived, "tools", (TOOL,), _undeclare("tools"))
        check_arrived(arrived, "tool_choice", choice, _undeclare("tools"))

    def test_calls_of_tools_and_their_results_arrive(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'tools' is declared, a conversation with a call of one and its result arrives whole.

        Training data for tools is made of such conversations.
        """
        self.skip_undeclared("tools", llm.capabilities.tools)
        result = {"role": "tool", "tool_call_id": "call_1", "content": "It is red."}
        ask(
            llm,
            [*QUESTION, {"role": "assistant", "content": None, "tool_calls": [CALL]}, result],
            tools=[TOOL],
        )
        arrived = only(server, self.protocol).request.messages
        calls = [call for message in arrived for call in message.get("tool_calls") or ()]
        results = [message for message in arrived if message["role"] == "tool"]
        assert [_plain(call) for call in calls] == [_plain(CALL)]
        assert [(found["tool_call_id"], text_of(found)) for found in results] == [("call_1", "It is red.")]

    def test_an_image_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'images' is declared, an image arrives beside the text of its message.

        Without it the model describes what it cannot see, and sounds sure of it.
        """
        self.skip_undeclared("images", llm.capabilities.images)
        ask(llm, [{"role": "user", "content": [{"type": "text", "text": "Which colour?"}, PICTURE]}])
        (message,) = only(server, self.protocol).request.messages
        urls = [part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url"]
        assert urls == [PICTURE["image_url"]["url"]]
        assert text_of(message) == "Which colour?"

    def test_a_raw_prompt_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'raw_prompt' is declared, the text of a raw prompt arrives as it is, and as no chat.

        In a chat template a base model, or a method that needs a prompt's last line end, gets another text.
        """
        self.skip_undeclared("raw_prompt", llm.capabilities.raw_prompt)
        ask(llm, [{"role": "user", "content": " Once\n"}], raw_prompt=True)
        arrived = only(server, self.protocol)
        check_arrived(arrived, "raw_prompt", True, _undeclare("raw_prompt"))
        assert text_of(arrived.request.messages[0]) == " Once\n"

    def test_log_probabilities_are_asked_for(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'logprobs' is declared, they are asked for with as many alternatives as were wanted.

        They cannot be had afterwards.
        """
        self.skip_undeclared("logprobs", llm.capabilities.logprobs)
        ask(llm, logprobs=2)
        check_arrived(only(server, self.protocol), "logprobs", 2, _undeclare("logprobs"))

    def test_two_instances_share_nothing(self, server: ScriptedServer) -> None:
        """Two instances with different models and keys each send their own, whichever asks last.

        A pipeline may have a strong and a cheap model of one backend, in one process.
        """
        strong, cheap = self.llm_at(server), self.llm_at(server, key="sk-another", model="another-model")
        server.answer_with(self.protocol.answer(ANSWER))
        for llm in (strong, cheap, strong):
            ask(llm)
        arrived = [self.protocol.read(received) for received in server.received]
        first, other, again = ((asked.model, asked.key) for asked in arrived)
        assert first == again, "the second instance changed what the first one sends"
        assert first[0] != other[0]
        assert first[1] != other[1]


def _undeclare(capability: str) -> str:
    return f"pass it on, or do not declare '{capability}'"


def _plain(call: dict[str, Any]) -> tuple[str, str, Any]:
    function = call["function"]
    return call["id"], function["name"], json.loads(function["arguments"])
