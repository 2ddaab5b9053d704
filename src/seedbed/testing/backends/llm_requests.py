"""The contract of a backend, part one: requests arrive at the server complete."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedbed.errors import UsageError
from seedbed.llm.llm import LLM
from seedbed.llm.messages import Message, image_part
from seedbed.llm.response import Choice, Response
from seedbed.testing.backends.llm_facts import (
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
from seedbed.testing.servers.scripted_server import ScriptedServer

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
    """Everything in a request arrives at the server, and nothing else does."""

    def test_the_conversation_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """Messages of the user and the assistant arrive in order, with their text unchanged.

        A row is the answer to its prompt. The answer to another prompt would be the wrong row.
        """
        ask(llm, TALK)
        arrived = only(server, self.protocol).request.messages
        assert [pair for pair in texts(arrived) if pair[0] != "system"] == texts(TALK), (
            "the messages changed on the way: send all of `request.messages`, in order"
        )

    def test_the_system_prompt_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """A system message at the start arrives, before all others.

        Tasks write instructions for all rows there; without it, every row is plausible and wrong.
        """
        ask(llm, [{"role": "system", "content": "Be a painter."}, *QUESTION])
        arrived = texts(only(server, self.protocol).request.messages)
        assert arrived[:1] == [("system", "Be a painter.")], "the system prompt did not arrive: send it first"

    def test_the_model_and_the_key_arrive(self, llm: LLM, server: ScriptedServer) -> None:
        """The request has the model and the key of the instance.

        Otherwise the server would use some other model, or charge someone else.
        """
        ask(llm)
        arrived = only(server, self.protocol)
        assert (arrived.model, arrived.key) == (llm.model, KEY), "send `self.model` and `self.resolve_key()`"

    @pytest.mark.parametrize(
        ("name", "value"),
        [("temperature", 0.25), ("top_p", 0.5), ("max_tokens", 77), ("stop", ("END",))],
        ids=["temperature", "top_p", "max_tokens", "stop"],
    )
    def test_a_parameter_arrives_or_is_refused(
        self, llm: LLM, server: ScriptedServer, name: str, value: Any
    ) -> None:
        """A sampling parameter arrives unchanged, or raises UsageError before anything is sent.

        If it's left out silently, users get another dataset than the one they asked for.
        """
        try:
            ask(llm, **{name: value})
        except UsageError:
            assert server.count == 0, "the parameter was refused after sending: raise before the request"
        else:
            remedy = "pass it on, or raise UnsupportedError"
            check_arrived(only(server, self.protocol), name, value, remedy)

    def test_what_was_not_asked_for_does_not_arrive(self, llm: LLM, server: ScriptedServer) -> None:
        """A request without parameters arrives without them; only `max_tokens` may be added.

        Defaults are the provider's to choose, and they differ between models.
        """
        ask(llm)
        arrived = only(server, self.protocol).request
        names = ("n", "temperature", "top_p", "stop", "seed", "schema", "tools", "tool_choice", "logprobs")
        assert [getattr(arrived, name) for name in names] == [
            1,
            None,
            None,
            (),
            None,
            None,
            (),
            None,
            None,
        ], f"a parameter arrived that was not in the call: leave out what is not set, of {names}"

    def test_extra_fields_arrive(self, llm: LLM, server: ScriptedServer) -> None:
        """The fields in `extra` arrive in the body, unchanged.

        With them users reach whatever the provider offers and Seedbed has no parameter for.
        """
        ask(llm, extra={"contract_extra": [1, {"a": None}]})
        arrived = only(server, self.protocol).request.extra.get("contract_extra")
        assert arrived == [1, {"a": None}], "the extra field did not arrive: add `request.extra` to the body"

    def test_a_seed_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'seed' is declared, the seed of a call arrives, even if it's zero.

        Each row has its own seed, so that rows differ and the same run makes the same rows.
        """
        self.skip_undeclared("seed", llm.capabilities.seed)
        ask(llm, seed=0)
        check_arrived(only(server, self.protocol), "seed", 0, _undeclare("seed"))

    def test_several_answers_are_one_request(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'n' is declared, one request asks for n answers, and all of them are returned.

        That's the point of declaring it: the prompt is paid for once.
        """
        self.skip_undeclared("n", llm.capabilities.n)
        choices = tuple(Choice(text=f"Colour {number}.") for number in range(3))
        server.answer_with(self.protocol.answer(Response(choices=choices)))
        answered = ask(llm, n=3)
        check_arrived(only(server, self.protocol), "n", 3, _undeclare("n"))
        assert [choice.text for choice in answered.choices] == [choice.text for choice in choices], (
            "the choices differ from the server's: return them all, in order"
        )

    def test_a_schema_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'structured_output' is declared, a JSON Schema arrives in the provider's own field for it.

        If the provider can't enforce a schema, don't declare it: Seedbed then describes it in the prompt.
        """
        self.skip_undeclared("structured_output", llm.capabilities.structured_output)
        ask(llm, schema=SCHEMA)
        check_arrived(only(server, self.protocol), "schema", SCHEMA, _undeclare("structured_output"))

    def test_tools_arrive(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'tools' is declared, the tools' definitions and `tool_choice` arrive.

        If a tool's parameters are lost on the way, the model calls it with wrong ones.
        """
        self.skip_undeclared("tools", llm.capabilities.tools)
        choice = {"type": "function", "function": {"name": "paint"}}
        ask(llm, tools=[TOOL], tool_choice=choice)
        arrived = only(server, self.protocol)
        check_arrived(arrived, "tools", (TOOL,), _undeclare("tools"))
        check_arrived(arrived, "tool_choice", choice, _undeclare("tools"))

    def test_calls_of_tools_and_their_results_arrive(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'tools' is declared, a conversation with a tool call and its result arrives complete.

        Training data for tool use consists of such conversations.
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
        assert [_plain(call) for call in calls] == [_plain(CALL)], (
            "the tool call did not arrive: send `tool_calls` of the assistant's message"
        )
        assert [(found["tool_call_id"], text_of(found)) for found in results] == [("call_1", "It is red.")], (
            "the tool's result did not arrive: send messages whose role is 'tool'"
        )

    def test_an_image_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'images' is declared, an image arrives along with the text of its message.

        Without it the model describes an image that it can't see, and sounds sure of it.
        """
        self.skip_undeclared("images", llm.capabilities.images)
        ask(llm, [{"role": "user", "content": [{"type": "text", "text": "Which colour?"}, PICTURE]}])
        (message,) = only(server, self.protocol).request.messages
        urls = [part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url"]
        assert urls == [PICTURE["image_url"]["url"]], f"the image did not arrive: {_undeclare('images')}"
        assert text_of(message) == "Which colour?", "the text next to the image did not arrive"

    def test_a_raw_prompt_arrives(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'raw_prompt' is declared, the text of a raw prompt arrives unchanged, without a chat template.

        A chat template would change the text, which matters for base models and for a final newline.
        """
        self.skip_undeclared("raw_prompt", llm.capabilities.raw_prompt)
        ask(llm, [{"role": "user", "content": " Once\n"}], raw_prompt=True)
        arrived = only(server, self.protocol)
        check_arrived(arrived, "raw_prompt", True, _undeclare("raw_prompt"))
        assert text_of(arrived.request.messages[0]) == " Once\n", "the raw prompt's text was changed"

    def test_log_probabilities_are_asked_for(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'logprobs' is declared, the request asks for them, with the given number of alternatives.

        Nobody can get them afterwards.
        """
        self.skip_undeclared("logprobs", llm.capabilities.logprobs)
        ask(llm, logprobs=2)
        check_arrived(only(server, self.protocol), "logprobs", 2, _undeclare("logprobs"))

    def test_two_instances_share_nothing(self, server: ScriptedServer) -> None:
        """Two instances with different models and keys each send their own, in whatever order they're called.

        A pipeline may use a strong and a cheap model of one backend, in one process.
        """
        strong, cheap = self.llm_at(server), self.llm_at(server, key="sk-another", model="another-model")
        server.answer_with(self.protocol.answer(ANSWER))
        for llm in (strong, cheap, strong):
            ask(llm)
        arrived = [self.protocol.read(received) for received in server.received]
        first, other, again = ((asked.model, asked.key) for asked in arrived)
        assert first == again, "the second instance changed what the first one sends"
        assert first[0] != other[0], "both instances sent one model: keep nothing in the class or the module"
        assert first[1] != other[1], "both instances sent one key: keep nothing in the class or the module"


def _undeclare(capability: str) -> str:
    return f"pass it on, or do not declare '{capability}'"


def _plain(call: dict[str, Any]) -> tuple[str, str, Any]:
    function = call["function"]
    return call["id"], function["name"], json.loads(function["arguments"])
