"""What stands between callers and backends: capabilities, permits, retries, and a check of every answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from seedbed.errors import InvalidResponseError, LLMError, SeedbedError, TimedOutError, UnsupportedError
from seedbed.llm.concurrent import all_or_first_error
from seedbed.llm.loop import LoopThread, loop_thread
from seedbed.llm.messages import has_images
from seedbed.llm.redaction import redact, redact_error, showable
from seedbed.llm.request import Request
from seedbed.llm.response import Response, Usage
from seedbed.llm.retry import RetryPolicy
from seedbed.llm.scope import CallScope, request_digest
from seedbed.llm.structured import instruct
from seedbed.plugins.origin import where

if TYPE_CHECKING:
    from seedbed.llm.llm import LLM

logger = logging.getLogger(__name__)

DEFAULT_CONCURRENCY = 16

Recorder = Callable[[CallScope | None, Request, Response], None]
"""Told of every answered call, on the loop thread: where it belongs, what was sent, what came back."""


@dataclass
class CallCounts:
    """What went through a gateway: answered calls, tries that failed, answers that were cut, tokens."""

    answered: int = 0
    retried: int = 0
    truncated: int = 0
    usage: Usage = field(default_factory=Usage)

    def add(self, response: Response) -> None:
        """Count one answered call."""
        self.answered += 1
        self.usage += response.usage
        self.truncated += sum(choice.finish_reason == "length" for choice in response.choices)


class Gateway:
    """Sends requests to backends: at most `concurrency` at once for each endpoint and credential.

    Lives on the loop thread. A run has one of its own; all other callers share the default one.
    """

    def __init__(
        self,
        *,
        concurrency: int | None = None,
        retry: RetryPolicy | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.counts = CallCounts()
        self._recorder = recorder
        self._draining = asyncio.Event()
        self._concurrency = concurrency
        self._retry = retry or RetryPolicy()
        self._permits: dict[tuple[str, str], asyncio.Semaphore] = {}

    async def respond(self, llm: LLM, request: Request, scope: CallScope | None) -> Response:
        """Return the answer to a request, of exactly `request.n` choices.

        Raises UnsupportedError for what the LLM does not declare, and the typed LLMError of the last
        try where none succeeded.
        """
        check_capabilities(llm, request)
        if not llm.capabilities.structured_output:
            request = instruct(request)
        digest = request_digest(f"{llm.backend}/{llm.model_name}", request)
        singles = [request] if llm.capabilities.n else [replace(request, n=1)] * request.n
        calls = [
            self._call(llm, self._with_seed(llm, single, scope, digest, number), scope)
            for number, single in enumerate(singles)
        ]
        if len(calls) == 1:
            return await calls[0]
        return _merge(await all_or_first_error(calls))

    def _with_seed(
        self, llm: LLM, request: Request, scope: CallScope | None, digest: str, number: int
    ) -> Request:
        earlier = scope.count(digest) if scope else 0
        if request.seed is not None:
            # Several answers with one seed would be one answer several times.
            return replace(request, seed=request.seed + number) if number else request
        if scope is None or not llm.capabilities.seed:
            return request
        return replace(request, seed=scope.derive_seed(earlier))

    def drain(self) -> None:
        """Cancel every call that has not been sent yet, and let those that have been come to their end."""
        self._draining.set()

    async def _call(self, llm: LLM, request: Request, scope: CallScope | None) -> Response:
        tries = 0
        while True:
            tries += 1
            try:
                async with self._permit(llm):
                    if self._draining.is_set():
                        raise asyncio.CancelledError
                    response = await _one_try(llm, request)
            except LLMError as error:
                wait = self._retry.wait_after(error, tries)
                if wait is None:
                    raise
                self.counts.retried += 1
                logger.info("try %d failed, next in %.1f s: %s", tries, wait, error.fact)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._draining.wait(), wait)
            else:
                self.counts.add(response)
                if self._recorder is not None:
                    self._recorder(scope, request, response)
                return response

    def _permit(self, llm: LLM) -> asyncio.Semaphore:
        key = (llm.endpoint, llm.credential_id)
        if key not in self._permits:
            wanted = self._concurrency or DEFAULT_CONCURRENCY
            self._permits[key] = asyncio.Semaphore(min(wanted, llm.slots or wanted))
        return self._permits[key]


async def _one_try(llm: LLM, request: Request) -> Response:
    try:
        async with asyncio.timeout(llm.timeout):
            response = await llm.respond(request)
    except SeedbedError as error:
        redact_error(error, llm.secrets())
        raise
    except TimeoutError as error:
        raise TimedOutError(
            f"no answer from '{llm.reference}' within {llm.timeout:g} s", "raise the LLM's timeout"
        ) from error
    except Exception as error:  # noqa: BLE001 - a stranger's backend may raise anything
        secrets = llm.secrets()
        text = redact(f"{type(error).__name__}: {error}", secrets)
        place = where(error)
        raise LLMError(
            f"the backend of '{llm.reference}' failed: {text}", *([f"raised in {place}"] if place else [])
        ) from showable(error, secrets)
    _check_response(llm, request, response)
    return response


def _check_response(llm: LLM, request: Request, response: object) -> None:
    if not isinstance(response, Response):
        kind = type(response).__name__
        raise LLMError(f"the backend of '{llm.reference}' gave {kind} where a Response was expected")
    if len(response.choices) != request.n:
        raise InvalidResponseError(
            f"'{llm.reference}' gave {len(response.choices)} choices where {request.n} were asked for"
        )


def check_capabilities(llm: LLM, request: Request) -> None:
    """Raise UnsupportedError for the first thing that is asked and not declared by the LLM."""
    declared = llm.capabilities
    asked = {
        "tools": bool(request.tools),
        "logprobs": request.logprobs is not None,
        "images": not declared.images and has_images(request.messages),
        "seed": request.seed is not None,
    }
    for name, wanted in asked.items():
        if wanted and not getattr(declared, name):
            raise UnsupportedError(
                f"'{llm.reference}' does not declare the capability '{name}'",
                "use another LLM, or leave it out of the request",
            )


def _merge(responses: list[Response]) -> Response:
    first = responses[0]
    return replace(
        first,
        choices=tuple(choice for response in responses for choice in response.choices),
        usage=sum((response.usage for response in responses), Usage()),
        raw=[response.raw for response in responses],
    )


def default_gateway() -> Gateway:
    """Return the gateway of calls outside of a run; a forked child has its own, as its loop."""
    return _gateway_of(loop_thread())


@cache
def _gateway_of(thread: LoopThread) -> Gateway:
    return Gateway()
