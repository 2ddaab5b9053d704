"""The contract of a backend, part two: the caller gets what the model answered."""

from __future__ import annotations

import json

import pytest

from seedbed.llm.http.http_llm import HTTPLLM
from seedbed.llm.llm import LLM
from seedbed.llm.response import FINISH_REASONS, Choice, Limits, Response, TokenLogprob, ToolCall, Usage
from seedbed.testing.backends.llm_facts import ANSWER, QUESTION, LLMFacts, ask
from seedbed.testing.backends.llm_requests import SCHEMA, TOOL
from seedbed.testing.servers.scripted_server import ScriptedServer

LIMITS = Limits(100, 60, 30.0, 9000, 8000, 12.0)
PARTS = {"cached_tokens": 10, "reasoning_tokens": 20}
TEXT = ' Blau, "azul", 青: ü\n\nThat is all: \\n. \n'


class LLMAnswerContract(LLMFacts):
    """Answers are translated completely: text, finish reasons, tokens, tool calls."""

    def test_a_prompt_is_answered(self, llm: LLM) -> None:
        """A plain prompt gets one choice with a text, a known finish reason, and plausible usage.

        Tasks and the engine rely on this for everything they do.
        """
        answered = ask(llm)
        (choice,) = answered.choices
        assert isinstance(choice.text, str), "the choice has no text: return Choice(text=...)"
        assert choice.finish_reason in FINISH_REASONS, f"unknown finish reason: use one of {FINISH_REASONS}"
        counts = (answered.usage.input_tokens, answered.usage.output_tokens)
        assert min(counts) >= 0, "a token count is below zero: return Usage(input_tokens, output_tokens)"

    def test_the_text_is_given_as_it_is(self, llm: LLM, server: ScriptedServer) -> None:
        """The text is exactly the text of the answer, with other scripts, quotes and empty lines.

        If a backend strips it or decodes it twice, nobody can repair the dataset afterwards.
        """
        server.answer_with(self.protocol.answer(Response.of_text(TEXT)))
        assert ask(llm).choices[0].text == TEXT, "the text was changed: return it as the server sent it"

    def test_the_tokens_are_those_that_were_counted(self, llm: LLM, server: ScriptedServer) -> None:
        """`usage` is what the server counted: input tokens with cached ones, output tokens with reasoning.

        Budgets, costs and limits are computed from it. If your protocol doesn't report one of these numbers,
        leave it out of `counts` of its wire.
        """
        parts = {name: count for name, count in PARTS.items() if name in self.protocol.counts}
        counted = Usage(110, 70, **parts)
        choices = (Choice(text="Blue."),)
        server.answer_with(self.protocol.answer(Response(choices=choices, usage=counted)))
        assert ask(llm).usage == counted, (
            "the token counts differ from the server's: cached tokens are part of input_tokens, "
            "reasoning tokens are part of output_tokens"
        )

    @pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
    def test_the_end_has_its_reason(self, llm: LLM, server: ScriptedServer, reason: str) -> None:
        """The finish reason is translated to Seedbed's word for it.

        An answer that was cut off at max_tokens isn't complete: tasks ask again or reject it.
        """
        if reason not in self.protocol.finish_reasons:
            pytest.skip(f"the protocol does not declare '{reason}'")
        choices = (Choice(text="Blue.", finish_reason=reason),)
        server.answer_with(self.protocol.answer(Response(choices=choices)))
        assert ask(llm).choices[0].finish_reason == reason, "translate the server's word for this reason"

    def test_the_model_and_the_body_are_kept(self, llm: LLM, server: ScriptedServer) -> None:
        """`model` is the model's name in the answer, and `raw` is the body of the answer.

        Later they show which version of a model answered, and everything that no field of `Response` holds.
        """
        reply = self.protocol.answer(Response(choices=(Choice(text="Blue."),), model="exact-model-1"))
        server.answer_with(reply)
        answered = ask(llm)
        assert (answered.model, answered.raw) == ("exact-model-1", reply.body), (
            "return Response(model=..., raw=...) with the server's name of the model and the whole body"
        )

    def test_calls_of_tools_are_given(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'tools' is declared, a tool call in the answer has its id, name and arguments.

        Its finish reason is 'tool_calls', and it may have no text.
        """
        self.skip_undeclared("tools", llm.capabilities.tools)
        call = ToolCall("call_9", "paint", '{"colour":"red"}')
        asked = Choice(text=None, finish_reason="tool_calls", tool_calls=(call,))
        server.answer_with(self.protocol.answer(Response(choices=(asked,))))
        (choice,) = ask(llm, tools=[TOOL]).choices
        (given,) = choice.tool_calls
        assert (given.id, given.name, json.loads(given.arguments)) == (
            "call_9",
            "paint",
            {"colour": "red"},
        ), "the tool call was changed: return ToolCall(id, name, arguments) as the server sent it"
        assert (choice.text, choice.finish_reason) == (None, "tool_calls"), (
            "a choice with only a tool call has text=None and finish_reason='tool_calls'"
        )

    def test_log_probabilities_are_given(self, llm: LLM, server: ScriptedServer) -> None:
        """If 'logprobs' is declared, each token has its log probability and those of its alternatives.

        They are natural logarithms, as the server sent them.
        """
        self.skip_undeclared("logprobs", llm.capabilities.logprobs)
        tokens = (TokenLogprob("Bl", -0.25, (("Bl", -0.25), ("Gr", -1.5))), TokenLogprob("ue", -0.5))
        server.answer_with(self.protocol.answer(Response(choices=(Choice(text="Blue", logprobs=tokens),))))
        assert ask(llm, logprobs=2).choices[0].logprobs == tokens, (
            "the log probabilities differ from the server's: return a TokenLogprob for each token"
        )

    def test_rate_limits_are_read(self, llm: LLM, server: ScriptedServer) -> None:
        """If the backend overrides `read_limits`, a response has the rate limits from its headers.

        Counts are numbers of requests or tokens. Times are seconds from now: with minutes or timestamps,
        Seedbed would send too fast or too slowly.
        """
        self.skip_undeclared("read_limits", _reads_limits(llm))
        headers = self.protocol.limit_headers(LIMITS)
        self.skip_undeclared("limit_headers of its wire", bool(headers))
        server.answer_with(self.protocol.answer(ANSWER)._replace(headers=headers))
        given = ask(llm).limits
        for name in self.protocol.limits:
            _check_limit(name, getattr(given, name, None), getattr(LIMITS, name))

    def test_max_tokens_bounds_what_a_model_writes(self, llm: LLM) -> None:
        """A model in the process writes at most `max_tokens`, by its own count.

        One answer that never ends would hold up all other rows.
        """
        self._only_without_server()
        written = ask(llm, max_tokens=2).usage.output_tokens
        assert written <= 2, f"max_tokens was 2, but the model wrote {written}: pass it to the model"

    def test_the_same_seed_gives_the_same_answer(self, llm: LLM) -> None:
        """A model in the process that declares 'seed' answers equal calls equally.

        This makes runs repeatable.
        """
        self._only_without_server()
        self.skip_undeclared("seed", llm.capabilities.seed)
        first, second = (ask(llm, seed=7, max_tokens=8).choices[0].text for _ in "ab")
        assert first == second, f"the same seed gave two answers: {_undeclare('seed')}"

    def test_a_model_writes_what_a_schema_allows(self, llm: LLM) -> None:
        """A model in the process that declares 'structured_output' answers with JSON that fits the schema.

        Typed rows rely on it; otherwise they'd have to be asked for again and again.
        """
        self._only_without_server()
        self.skip_undeclared("structured_output", llm.capabilities.structured_output)
        choice = ask(llm, schema=SCHEMA, max_tokens=64).choices[0]
        # JSON that was cut off at max_tokens can't be parsed, and that's not the backend's fault.
        if choice.finish_reason != "length":
            assert json.loads(str(choice.text)).keys() == {"colour"}, (
                f"the answer doesn't fit the schema: {_undeclare('structured_output')}"
            )

    def test_a_model_gives_as_many_answers_as_were_asked_for(self, llm: LLM) -> None:
        """n answers are n choices: from one call if 'n' is declared, from n calls if not.

        Otherwise a row that asks for several answers would miss some.
        """
        self._only_without_server()
        count = len(ask(llm, QUESTION, n=2, max_tokens=4).choices)
        assert count == 2, f"2 answers were asked for, but {count} returned: {_undeclare('n')}"

    def test_a_model_gives_log_probabilities(self, llm: LLM) -> None:
        """A model in the process that declares 'logprobs' returns one for each token, none above zero.

        They are logarithms of probabilities, so a number above zero is something else.
        """
        self._only_without_server()
        self.skip_undeclared("logprobs", llm.capabilities.logprobs)
        given = ask(llm, logprobs=1, max_tokens=4).choices[0].logprobs
        assert given, f"the choice has no log probabilities: {_undeclare('logprobs')}"
        assert all(token.logprob <= 0 for token in given), "a log probability is above zero"

    def _only_without_server(self) -> None:
        if self.wire is not None:
            pytest.skip("the backend declares a 'wire': what arrives at its server is tested instead")


def _undeclare(capability: str) -> str:
    return f"pass it to the model, or do not declare '{capability}'"


def _reads_limits(llm: LLM) -> bool:
    return isinstance(llm, HTTPLLM) and type(llm).read_limits is not HTTPLLM.read_limits


def _check_limit(name: str, given: float | None, told: float) -> None:
    # A header may give a reset as a point in time, and some of that time has passed by now.
    fits = given is not None and (0 < given <= told if name.endswith("reset") else given == told)
    assert fits, f"'{name}' was {told:g} in the headers, but {given!r} in the response: see `read_limits`"
