"""Backends with one fault each, and the contract test that is to name it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import secrets
import signal
import threading
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr, SecretStr
from tests.testing.plain_backend import PlainLLM

from seedbed import (
    HTTPLLM,
    LLM,
    BadRequestError,
    Capabilities,
    Choice,
    ContextOverflowError,
    HTTPAnswer,
    Limits,
    LLMConnectionError,
    LLMError,
    Message,
    RateLimitedError,
    Request,
    Response,
    ServerError,
    Usage,
)
from seedbed.llm.generations import Generations
from seedbed.llm.keys.key_guard import refuse_keys

BROKEN: dict[str, type[LLM]] = {}
"""The faulty class for each contract test."""


def fails(test: str) -> Any:
    """Say which contract test a backend is to fail, and no other."""

    def mark(cls: type[LLM]) -> type[LLM]:
        assert test not in BROKEN
        BROKEN[test] = cls
        return cls

    return mark


def _is_said(message: Message) -> bool:
    return message["role"] == "assistant" and bool(message["content"])


@fails("test_the_conversation_arrives")
class ForgetsWhatItSaid(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        kept = [
            message
            for message in request.messages
            if message["role"] != "assistant" or not message["content"]
        ]
        return super().body(request._replace(messages=tuple(kept)))


@fails("test_the_system_prompt_arrives")
class DropsTheSystemPrompt(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        kept = tuple(message for message in request.messages if message["role"] != "system")
        return super().body(request._replace(messages=kept))


@fails("test_a_parameter_arrives_or_is_refused[max_tokens]")
class IgnoresMaxTokens(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        return super().body(request._replace(max_tokens=None))


@fails("test_a_parameter_arrives_or_is_refused[stop]")
class TakesOneLetterForAStop(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        return super().body(request._replace(stop=tuple(stop[:1] for stop in request.stop)))


@fails("test_what_was_not_asked_for_does_not_arrive")
class HasATemperatureOfItsOwn(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        return {"temperature": 0.0} | super().body(request)


@fails("test_extra_fields_arrive")
class TakesNoExtra(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        return super().body(request._replace(extra={}))


@fails("test_a_seed_arrives")
class TakesSeedZeroForNone(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        return super().body(request._replace(seed=request.seed or None))


@fails("test_several_answers_are_one_request")
class GivesOneChoiceOnly(PlainLLM):
    def read(self, body: dict[str, Any]) -> Response:
        response = super().read(body)
        return replace(response, choices=response.choices[:1])


@fails("test_a_raw_prompt_arrives")
class PutsRawPromptsIntoAChat(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        return super().body(request._replace(raw_prompt=False))


@fails("test_a_schema_arrives")
class DeclaresSchemasAndDropsThem(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        return super().body(request._replace(schema=None))


@fails("test_tools_arrive")
class ChoosesNoTool(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        return super().body(request._replace(tool_choice=None))


@fails("test_calls_of_tools_and_their_results_arrive")
class ForgetsWhatToolsSaid(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        kept = tuple(message for message in request.messages if message["role"] != "tool")
        return super().body(request._replace(messages=kept))


@fails("test_an_image_arrives")
class IsBlind(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        body = super().body(request)
        for index, message in enumerate(body.get("messages", ())):
            if isinstance(message["content"], list):
                seen = [part for part in message["content"] if part["type"] == "text"]
                body["messages"][index] = {**message, "content": seen}
        return body


@fails("test_two_instances_share_nothing")
class KeepsItsKeyInTheClass(PlainLLM):
    shared: ClassVar[dict[str, str]] = {}

    def load(self) -> None:
        self.shared["key"] = super().key
        self.shared["model"] = self.model

    async def post(self, body: dict[str, Any]) -> HTTPAnswer:
        shared = self.model_copy(update={"api_key": SecretStr(self.shared["key"])})
        return await PlainLLM.post(shared, body | {"model": self.shared["model"]})


@fails("test_the_text_is_given_as_it_is")
class StripsTheText(PlainLLM):
    def choice(self, choice: dict[str, Any]) -> Choice:
        found = super().choice(choice)
        return replace(found, text=found.text.strip() if found.text else found.text)


@fails("test_the_tokens_are_those_that_were_counted")
class CountsThePromptTwice(PlainLLM):
    def usage(self, counted: dict[str, Any]) -> Usage:
        return replace(super().usage(counted), output_tokens=counted["total_tokens"])


@fails("test_the_end_has_its_reason[length]")
class TakesACutAnswerForWhole(PlainLLM):
    def choice(self, choice: dict[str, Any]) -> Choice:
        found = super().choice(choice)
        return replace(found, finish_reason="stop") if found.finish_reason == "length" else found


@fails("test_the_model_and_the_body_are_kept")
class ForgetsWhoAnswered(PlainLLM):
    def read(self, body: dict[str, Any]) -> Response:
        return replace(super().read(body), model=self.model)


@fails("test_log_probabilities_are_given")
class GivesProbabilities(PlainLLM):
    def choice(self, choice: dict[str, Any]) -> Choice:
        found = super().choice(choice)
        tokens = found.logprobs and tuple(token._replace(logprob=-token.logprob) for token in found.logprobs)
        return replace(found, logprobs=tokens)


@fails("test_a_status_is_its_typed_error[401]")
class TriesWrongKeysAgain(PlainLLM):
    def parsed(self, answer: HTTPAnswer) -> dict[str, Any]:
        if answer.status == 401:
            raise LLMConnectionError("no access")
        return super().parsed(answer)


@fails("test_a_status_is_its_typed_error[529]")
class KnowsNoOverload(PlainLLM):
    def parsed(self, answer: HTTPAnswer) -> dict[str, Any]:
        if answer.status == 529:
            raise LLMError("an unknown status")
        return super().parsed(answer)


@fails("test_a_context_that_is_too_small_is_told_apart")
class TakesAllRefusalsForOne(PlainLLM):
    def parsed(self, answer: HTTPAnswer) -> dict[str, Any]:
        try:
            return super().parsed(answer)
        except ContextOverflowError as error:
            raise BadRequestError(error.fact) from None


@fails("test_the_wait_that_a_server_asks_for_is_kept")
class SwallowsRetryAfter(PlainLLM):
    def parsed(self, answer: HTTPAnswer) -> dict[str, Any]:
        return super().parsed(answer._replace(headers={}))


@fails("test_a_refusal_is_passed_on_at_once")
class WaitsByItself(PlainLLM):
    async def respond(self, request: Request) -> Response:
        try:
            return await super().respond(request)
        except RateLimitedError as error:
            await asyncio.sleep(error.retry_after or 0)
            raise


@fails("test_a_call_is_sent_once")
class RetriesByItself(PlainLLM):
    async def respond(self, request: Request) -> Response:
        for _ in range(2):
            with suppress(ServerError, RateLimitedError):
                return await super().respond(request)
        return await super().respond(request)


@fails("test_a_closed_connection_is_told")
class BlursClosedConnections(PlainLLM):
    async def post(self, body: dict[str, Any]) -> HTTPAnswer:
        try:
            return await super().post(body)
        except LLMConnectionError as error:
            if "closed" in error.fact:
                raise LLMError("something went wrong") from None
            raise


@fails("test_what_is_no_answer_is_told")
class MakesRowsOfPages(PlainLLM):
    async def respond(self, request: Request) -> Response:
        answer = await self.post(self.body(request))
        try:
            json.loads(answer.body)
        except json.JSONDecodeError:
            if answer.status == 200:
                return Response.of_text(answer.body.decode())
        return self.read(self.parsed(answer))


@fails("test_an_answer_without_choices_is_told")
class MakesEmptyRows(PlainLLM):
    def read(self, body: dict[str, Any]) -> Response:
        return super().read(body) if body["choices"] else Response.of_text("")


@fails("test_an_error_inside_of_an_answer_is_told")
class OverlooksErrorsInside(PlainLLM):
    def parsed(self, answer: HTTPAnswer) -> dict[str, Any]:
        if answer.status == 200 and answer.body.startswith(b'{"error"'):
            return {"choices": [{"message": {"content": ""}, "finish_reason": "stop", "logprobs": None}]}
        return super().parsed(answer)

    def read(self, body: dict[str, Any]) -> Response:
        return super().read(body) if "usage" in body else Response.of_text("")


@fails("test_a_page_with_a_status_is_told_by_its_status")
class ReadsTheBodyFirst(PlainLLM):
    def parsed(self, answer: HTTPAnswer) -> dict[str, Any]:
        if answer.status > 500 and not answer.body.startswith(b"{"):
            raise LLMError("the body is not JSON")
        return super().parsed(answer)


@fails("test_calls_at_once_each_get_their_own_answer")
class MixesUpItsCalls(PlainLLM):
    _latest: dict[str, Any] = PrivateAttr(default_factory=dict)

    async def post(self, body: dict[str, Any]) -> HTTPAnswer:
        self._latest = body
        await asyncio.sleep(0)
        return await super().post(self._latest)


@fails("test_calls_are_under_way_side_by_side")
class AsksOneByOne(PlainLLM):
    _lock: asyncio.Lock | None = PrivateAttr(default=None)

    async def respond(self, request: Request) -> Response:
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            return await super().respond(request)


@fails("test_the_loop_goes_on_while_a_call_is_under_way")
class ComputesOnTheLoop(PlainLLM):
    async def respond(self, request: Request) -> Response:
        if request.max_tokens == 16:
            time.sleep(0.6)  # noqa: ASYNC251 - the fault
        return await super().respond(request)


@fails("test_a_cancelled_call_closes_its_connection")
class CannotBeCancelled(PlainLLM):
    async def post(self, body: dict[str, Any]) -> HTTPAnswer:
        return await asyncio.shield(asyncio.ensure_future(super().post(body)))


@fails("test_a_call_ends_at_its_time_out")
class SwallowsCancellation(PlainLLM):
    async def respond(self, request: Request) -> Response:
        try:
            return await super().respond(request)
        except asyncio.CancelledError:
            return Response.of_text("")


@fails("test_it_can_be_unloaded_and_used_again")
class StaysUnloaded(PlainLLM):
    _is_open: bool = PrivateAttr(default=False)

    def load(self) -> None:
        self._is_open = True

    def unload(self) -> None:
        self._is_open = False

    async def respond(self, request: Request) -> Response:
        if not self._is_open:
            raise LLMError("it is not loaded")
        return await super().respond(request)


@fails("test_unloading_leaves_nothing")
class LeavesAThread(PlainLLM):
    def load(self) -> None:
        threading.Thread(target=_never.wait, name="helper", daemon=True).start()


_never = threading.Event()


@fails("test_the_process_is_left_alone")
class SaysWhatItDoes(PlainLLM):
    async def respond(self, request: Request) -> Response:
        print("asking")
        return await super().respond(request)


@fails("test_the_blocking_form_works_in_a_running_loop")
class HasALoopOfItsOwn(PlainLLM):
    def generate(self, inputs: Any, num_generations: int = 1, **parameters: Any) -> Generations:
        made = self.agenerate(inputs, num_generations, **parameters)
        try:
            return asyncio.run(made)
        finally:
            made.close()


@fails("test_it_is_the_same_for_the_same_fields")
class IsAnotherEachTime(PlainLLM):
    tag: str = Field(default_factory=lambda: secrets.token_hex(8))
    connection_fields: ClassVar[frozenset[str]] = PlainLLM.connection_fields | {"tag"}

    @property
    def endpoint(self) -> str:
        return f"{super().endpoint}#{self.tag}"


@fails("test_the_fields_that_it_names_exist")
class NamesAFieldThatItLacks(PlainLLM):
    connection_fields: ClassVar[frozenset[str]] = PlainLLM.connection_fields | {"base_uri"}


@fails("test_its_check_ends_or_raises_a_typed_error")
class BreaksInItsCheck(PlainLLM):
    async def check(self) -> None:
        raise KeyError("models")


@fails("test_another_key_is_another_credential")
class HasOneCredentialForAll(PlainLLM):
    @property
    def credential_id(self) -> str:
        return ""


@fails("test_the_key_is_in_no_identity")
class NamesItsKeyAsCredential(PlainLLM):
    @property
    def credential_id(self) -> str:
        return self.key


@fails("test_the_key_is_in_no_repr")
class ShowsItsKey(PlainLLM):
    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_key={self.key!r})"


@fails("test_the_key_is_in_no_pickle")
class PicklesItsKey(PlainLLM):
    def __reduce__(self) -> Any:
        return type(self), (), {"api_key": self.key}


def quoting(kind: type[Exception], key: str) -> type[Exception]:
    """Return a class of errors whose text has a key, which nobody can take out of it."""
    return type(kind.__name__, (kind,), {"__str__": lambda self: f"{kind.__str__(self)} ({key})"})


@fails("test_the_key_is_in_no_error")
class QuotesItsKey(PlainLLM):
    async def respond(self, request: Request) -> Response:
        try:
            return await super().respond(request)
        except LLMError as error:
            error.__class__ = quoting(type(error), self.key)
            raise


@fails("test_the_key_is_in_no_log")
class LogsItsKey(PlainLLM):
    async def post(self, body: dict[str, Any]) -> HTTPAnswer:
        logging.getLogger(__name__).debug("asking with %s", self.key)
        return await super().post(body)


@fails("test_making_one_sends_nothing")
class AsksTheServerWhatItIs(PlainLLM):
    def __repr__(self) -> str:
        with suppress(OSError):
            urllib.request.urlopen(f"{self.base_url}/models").close()
        return "AsksTheServerWhatItIs()"


@fails("test_calls_of_tools_are_given")
class ForgetsTheCall(PlainLLM):
    def choice(self, choice: dict[str, Any]) -> Choice:
        found = super().choice(choice)
        return replace(found, tool_calls=tuple(call._replace(id="") for call in found.tool_calls))


@fails("test_a_server_that_is_not_there_is_told")
class BlursMissingServers(PlainLLM):
    async def post(self, body: dict[str, Any]) -> HTTPAnswer:
        try:
            return await super().post(body)
        except LLMConnectionError as error:
            if "cannot reach" in error.fact:
                raise LLMError("something went wrong") from None
            raise


@fails("test_after_a_cancelled_call_the_next_is_answered")
class WaitsForWhatWasCancelled(PlainLLM):
    _cancelled: list[Request] = PrivateAttr(default_factory=list)

    async def respond(self, request: Request) -> Response:
        if self._cancelled:
            raise LLMError("the answer before has not come yet")
        try:
            return await super().respond(request)
        except asyncio.CancelledError:
            self._cancelled.append(request)
            raise


@fails("test_the_blocking_form_works_in_threads")
class BelongsToTheMainThread(PlainLLM):
    def generate(self, inputs: Any, num_generations: int = 1, **parameters: Any) -> Generations:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        return super().generate(inputs, num_generations, **parameters)


@fails("test_the_awaited_form_works_in_loops_that_come_and_go")
class BelongsToItsFirstLoop(PlainLLM):
    _loops: list[Any] = PrivateAttr(default_factory=list)

    async def agenerate(self, inputs: Any, num_generations: int = 1, **parameters: Any) -> Generations:
        self._loops.append(asyncio.get_running_loop())
        if self._loops[0].is_closed():
            raise RuntimeError("Event loop is closed")
        return await super().agenerate(inputs, num_generations, **parameters)


@fails("test_each_input_has_its_list_of_texts")
class PutsAllTextsInOneList(PlainLLM):
    def generate(self, inputs: Any, num_generations: int = 1, **parameters: Any) -> Generations:
        made = super().generate(inputs, num_generations, **parameters)
        return [[text for texts in made for text in texts]]


@fails("test_what_is_not_declared_is_refused[tools]")
class DropsToolsThatItLacks(PlainLLM):
    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, tools=False)

    def request(self, messages: Any, n: int = 1, **parameters: Any) -> Request:
        return super().request(messages, n, **parameters)._replace(tools=())


@fails("test_several_answers_need_no_capability")
class AsksForOneOfMany(PlainLLM):
    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, n=False)

    def request(self, messages: Any, n: int = 1, **parameters: Any) -> Request:
        return super().request(messages, 1, **parameters)


@fails("test_a_schema_needs_no_capability")
class KeepsSchemasToItself(PlainLLM):
    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, structured_output=False)

    def body(self, request: Request) -> dict[str, Any]:
        kept = [message for message in request.messages if "JSON Schema" not in str(message["content"])]
        return super().body(request._replace(messages=tuple(kept)))


@fails("test_the_model_and_the_key_arrive")
class AsksByItsOwnName(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        return super().body(request) | {"model": self.reference}


@fails("test_log_probabilities_are_asked_for")
class AsksForNoAlternatives(PlainLLM):
    def body(self, request: Request) -> dict[str, Any]:
        return super().body(request._replace(logprobs=None if request.logprobs is None else 0))


@fails("test_the_key_is_that_of_its_variable")
class KnowsOnlyItsField(PlainLLM):
    needs_key = False

    @property
    def key(self) -> str:
        return self.api_key.get_secret_value() if self.api_key else ""


@fails("test_a_missing_key_is_named")
class AsksWithoutAKey(PlainLLM):
    def resolve_key(self) -> str:
        refuse_keys(self)
        return self.api_key.get_secret_value() if self.api_key else os.environ.get("PLAIN_API_KEY", "")

    @property
    def credential_id(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()[:16]


@fails("test_a_file_has_no_key_sent_elsewhere")
class ForgetsItsFile(PlainLLM):
    @property
    def origin(self) -> None:
        return None


@fails("test_rate_limits_are_read")
class TakesWhatIsLeftForTheLimit(PlainLLM, HTTPLLM):
    async def respond(self, request: Request) -> Response:
        answer = await self.post(self.body(request))
        return replace(self.read(self.parsed(answer)), limits=self.read_limits(answer.headers))

    def read_limits(self, headers: Mapping[str, str]) -> Limits | None:
        left = headers.get("x-ratelimit-remaining-requests")
        return None if left is None else Limits(requests=int(left), requests_left=int(left))
