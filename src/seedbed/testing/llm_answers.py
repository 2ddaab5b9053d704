"""The contract of a backend, second part: what the model answered is what the caller gets."""

from __future__ import annotations

import json

import pytest

from seedbed.llm.http.http_llm import HTTPLLM
from seedbed.llm.llm import LLM
from seedbed.llm.response import FINISH_REASONS, Choice, Limits, Response, TokenLogprob, ToolCall, Usage
from seedbed.testing.llm_facts import ANSWER, QUESTION, LLMFacts, ask
from seedbed.testing.llm_requests import SCHEMA, TOOL
from seedbed.testing.scripted_server import ScriptedServer

LIMITS = Limits(100, 60, 30.0, 9000, 8000, 12.0)
PARTS = {"cached_tokens": 10, "reasoning_tokens": 20}
TEXT = ' Blau, "azul", 青: ü\n\nThat is all: \\n. \n'


class LLMAnswerContract(LLMFacts):
    """What comes back is translated whole: text, reasons, tokens, calls of tools."""

    def test_a_prompt_is_answered(self, llm: LLM) -> None:
        """A plain prompt gives one choice with a text, an end for a known reason, and plausible usage.

        Everything that tasks and the engine do rests on it.
        """
        answered = ask(llm)
        (choice,) = answered.choices
        assert isinstance(choice.text, str)
        assert choice.finish_reason in FINISH_REASONS
        assert min(answered.usage.input_tokens, answered.usage.output_tokens) >= 0

    def test_the_text_is_given_as_it_is(self, llm: LLM, server: ScriptedServer) -> None:
        """The text is that of the answer, to the letter: other scripts, quotes, empty lines.

        What is stripped or decoded twice cannot be mended in the dataset.
        """
        server.answer_with(self.protocol.answer(Response.of_text(TEXT)))
        assert ask(llm).choices[0].text == TEXT

    def test_the_tokens_are_those_that_were_counted(self, llm: LLM, server: ScriptedServer) -> None:
        """`usage` is what the server counted: input with what came from its cache, output with reasoning.

        Budgets, costs and limits are reckoned with it. A protocol that lacks one says so in its `counts`.
        """
        parts = {name: count for name, count in PARTS.items() if name in self.protocol.counts}
        counted = Usage(110, 70, **parts)
        choices = (Choice(text="Blue."),)
        server.answer_with(self.protocol.answer(Response(choices=choices, usage=counted)))
        assert ask(llm).usage == counted

    @pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
    def test_the_end_has_its_reason(self, llm: LLM, server: ScriptedServer, reason: str) -> None:
        """The reason for which an answer ended is told in Seedbed's words.

        An answer that was cut at its length is half an answer: tasks ask again or reject it.
        """
        if reason not in self.protocol.finish_reasons:
            pytest.skip(f"the protocol does not declare '{reason}'")
        choices = (Choice(text="Blue.", finish_reason=reason),)
        server.answer_with(self.protocol.answer(Response(choices=choices)))
        assert ask(llm).choices[0].finish_reason == reason

    def test_the_model_and_the_body_are_kept(self, llm: LLM, server: ScriptedServer) -> None:
        """`model` is the model as the server names it, and `raw` the body as it came.

        They say later which version of a model answered, and what no field of a response is for.
        """
        reply = self.protocol.answer(Response(choices=(Choice(text="Blue."),), model="exact-model-1"))
        server.answer_with(reply)
        answered = ask(llm)
        assert (answered.model, answered.raw) == ("exact-model-1", reply.body)

    def test_calls_of_tools_are_given(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'tools' is declared, a call that the model asks for has its id, name and arguments.

        The answer then ended with 'tool_calls', and may have no text.
        """
        self.skip_undeclared("tools", llm.capabilities.tools)
        call = ToolCall("call_9", "paint", '{"colour":"red"}')
        asked = Choice(text=None, finish_reason="tool_calls", tool_calls=(call,))
        server.answer_with(self.protocol.answer(Response(choices=(asked,))))
        (choice,) = ask(llm, tools=[TOOL]).choices
        (given,) = choice.tool_calls
        assert (given.id, given.name, json.loads(given.arguments)) == ("call_9", "paint", {"colour": "red"})
        assert (choice.text, choice.finish_reason) == (None, "tool_calls")

    def test_log_probabilities_are_given(self, llm: LLM, server: ScriptedServer) -> None:
        """Where 'logprobs' is declared, each token has its own and those of the alternatives.

        They are natural logarithms, as the server gave them.
        """
        self.skip_undeclared("logprobs", llm.capabilities.logprobs)
        tokens = (TokenLogprob("Bl", -0.25, (("Bl", -0.25), ("Gr", -1.5))), TokenLogprob("ue", -0.5))
        server.answer_with(self.protocol.answer(Response(choices=(Choice(text="Blue", logprobs=tokens),))))
        assert ask(llm, logprobs=2).choices[0].logprobs == tokens

    def test_rate_limits_are_read(self, llm: LLM, server: ScriptedServer) -> None:
        """Where `read_limits` is its own, an answer has the limits that its headers tell of.

        Counts are counts, and times are seconds from now: a pace made of minutes or moments fits no server.
        """
        self.skip_undeclared("read_limits", _reads_limits(llm))
        headers = self.protocol.limit_headers(LIMITS)
        self.skip_undeclared("limit_headers of its wire", bool(headers))
        server.answer_with(self.protocol.answer(ANSWER)._replace(headers=headers))
        given = ask(llm).limits
        for name in self.protocol.limits:
            _check_limit(name, getattr(given, name, None), getattr(LIMITS, name))

    def test_max_tokens_bounds_what_a_model_writes(self, llm: LLM) -> None:
        """A model inside the process writes no more than `max_tokens`, as far as it counts them.

        A row that never ends holds up all the others.
        """
        self._only_without_server()
        assert ask(llm, max_tokens=2).usage.output_tokens <= 2

    def test_the_same_seed_gives_the_same_answer(self, llm: LLM) -> None:
        """A model inside the process that declares 'seed' gives equal answers to equal calls.

        That is what makes a run repeatable.
        """
        self._only_without_server()
        self.skip_undeclared("seed", llm.capabilities.seed)
        first, second = (ask(llm, seed=7, max_tokens=8).choices[0].text for _ in "ab")
        assert first == second

    def test_a_model_writes_what_a_schema_allows(self, llm: LLM) -> None:
        """A model inside the process that declares 'structured_output' answers with JSON that fits.

        Typed rows rely on it, and would otherwise be asked again and again.
        """
        self._only_without_server()
        self.skip_undeclared("structured_output", llm.capabilities.structured_output)
        choice = ask(llm, schema=SCHEMA, max_tokens=64).choices[0]
        # Cut at its length, no JSON has its end.
        if choice.finish_reason != "length":
            assert json.loads(str(choice.text)).keys() == {"colour"}

    def test_a_model_gives_as_many_answers_as_were_asked_for(self, llm: LLM) -> None:
        """n answers are n choices: from one call where 'n' is declared, else from n calls.

        A row that asked for several would otherwise be short of some.
        """
        self._only_without_server()
        assert len(ask(llm, QUESTION, n=2, max_tokens=4).choices) == 2

    def test_a_model_gives_log_probabilities(self, llm: LLM) -> None:
        """A model inside the process that declares 'logprobs' gives one for each token, none above zero.

        They are logarithms of probabilities; what is above zero is something else.
        """
        self._only_without_server()
        self.skip_undeclared("logprobs", llm.capabilities.logprobs)
        given = ask(llm, logprobs=1, max_tokens=4).choices[0].logprobs
        assert given
        assert all(token.logprob <= 0 for token in given)

    def _only_without_server(self) -> None:
        if self.wire is not None:
            pytest.skip("the backend declares a 'wire': what arrives at its server is tested instead")


def _reads_limits(llm: LLM) -> bool:
    return isinstance(llm, HTTPLLM) and type(llm).read_limits is not HTTPLLM.read_limits


def _check_limit(name: str, given: float | None, told: float) -> None:
    # Of a moment in a header a part has gone by.
    fits = given is not None and (0 < given <= told if name.endswith("reset") else given == told)
    assert fits, f"'{name}' was {told:g} in the headers, and {given!r} in the response"
