"""Another model where one fails or refuses."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from seedbed.errors import EndpointDownError, LLMError
from seedbed.llm.calling.concurrent import all_or_first_error
from seedbed.llm.calling.gateway import check_capabilities, default_gateway, merged_responses
from seedbed.llm.calling.scope import CallScope, current_scope
from seedbed.llm.limits.endpoint_health import EndpointHealth
from seedbed.llm.llm import LLM
from seedbed.llm.pools.llm_group import LLMGroup
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.reading.refusals import is_refusal

logger = logging.getLogger(__name__)


class FallbackLLM(LLMGroup):
    """Asks the next of its models where one fails, refuses, or is stopped by a content filter.

        FallbackLLM(of=[get_llm("anthropic/claude-sonnet-4-5"), get_llm("openai/gpt-4.1")])

    A model fails when its tries are used up. One that is down, or whose key is wrong, is left out and tried
    again. Answers are kept under the key of the model that gave them, and `model_name` in the rows says which
    did. If the last one fails, its error is raised; if it refuses, its refusal is the answer.
    """

    backend: ClassVar[str] = "fallback"

    refusals: bool = Field(
        default=True, description="Whether the next model is asked if one answers that it won't or can't."
    )

    _health: list[EndpointHealth] = PrivateAttr(default_factory=list)

    @property
    def answer_settings(self) -> dict[str, Any]:
        """The members, and when the next one is asked."""
        return {"of": [member._described for member in self.of], "refusals": self.refusals}

    @property
    def _writer(self) -> str:
        """The models that answered the row's calls, in the members' order."""
        scope = current_scope.get()
        named = scope.writers_of(self.identity) if scope is not None else ()
        return ", ".join(named) or self.model_name

    async def _respond(self, request: Request, scope: CallScope | None) -> Response:
        check_capabilities(self, self.offered, request)
        if request.n == 1:
            return await self._first_answer(request, scope)
        # One by one: if one of several answers is filtered, only that one is asked of the next model.
        singles = [
            request._replace(n=1, seed=None if request.seed is None else request.seed + number)
            for number in range(request.n)
        ]
        # Each has a scope of its own: which of them reaches the next model first depends on timing.
        answers = [self._first_answer(one, _scope_of(number, scope)) for number, one in enumerate(singles)]
        return merged_responses(await all_or_first_error(answers))

    async def _first_answer(self, request: Request, scope: CallScope | None) -> Response:
        last = len(self.of) - 1
        for number, member in enumerate(self.of):
            # What one model refused before isn't asked of it again when the run resumes.
            if number < last and self._is_passed(number, request, scope):
                continue
            try:
                response = await self._ask(number, request, scope)
            except LLMError as error:
                if number == last:
                    raise
                logger.info("'%s' failed, the next model is asked: %s", member.reference, error.fact)
                continue
            if number == last or not self._is_unwanted(response):
                if scope is not None:
                    scope.note_writer(self.identity, number, member._writer)
                return response
        raise AssertionError("the last member answers or raises")

    def _is_passed(self, number: int, request: Request, scope: CallScope | None) -> bool:
        """Whether a member is passed over: a later one has answered this call, or it's left out for now."""
        member, gateway = self.of[number], self._private("_gateway") or default_gateway()
        if scope is not None:
            known = [member_knows(gateway, one, request, scope) for one in self.of[number:]]
            if known[0]:
                return False
            if any(known[1:]):
                count_call(gateway, member, request, scope)
                return True
        if self._health_of(number).delay(asyncio.get_running_loop().time()) > 0:
            if scope is not None:
                count_call(gateway, member, request, scope)
            return True
        return False

    async def _ask(self, number: int, request: Request, scope: CallScope | None) -> Response:
        health, member = self._health_of(number), self.of[number]
        health.sent()
        try:
            response = await member._respond(request, scope)
        except LLMError as error:
            if not (error.fatal or isinstance(error, EndpointDownError)):
                health.ended()
            # Its own tries have been used up, so it's out at once.
            elif health.failed(asyncio.get_running_loop().time(), error, at_once=True):
                logger.warning("'%s' is left out and tried again later: %s", member.reference, error.fact)
            raise
        except BaseException:
            health.ended()
            raise
        health.answered()
        return response

    def _health_of(self, number: int) -> EndpointHealth:
        health: list[EndpointHealth] = self._private("_health")
        while len(health) <= number:
            health.append(EndpointHealth())
        return health[number]

    def _is_unwanted(self, response: Response) -> bool:
        choice = response.choices[0]
        if choice.finish_reason == "content_filter":
            return True
        return self.refusals and not choice.tool_calls and is_refusal(choice.text or "")


def _scope_of(number: int, scope: CallScope | None) -> CallScope | None:
    return scope.labelled(f"fallback {number}") if scope is not None and number else scope


def leaves_of(llm: LLM) -> list[LLM]:
    """Return the LLMs whose journal keys a call to `llm` may have, in order."""
    return [leaf for one in llm.of for leaf in leaves_of(one)] if isinstance(llm, FallbackLLM) else [llm]


def member_knows(gateway: Any, llm: LLM, request: Request, scope: CallScope) -> bool:
    """Whether the journal has an answer of `llm`, or of one of its own members, to the next such call."""
    return any(gateway.knows(leaf, request, scope) for leaf in leaves_of(llm))


def count_call(gateway: Any, llm: LLM, request: Request, scope: CallScope) -> None:
    """Count a call that isn't made, so that the calls after it have the same keys as if it had been."""
    for leaf in leaves_of(llm):
        gateway.skip(leaf, request, scope)
