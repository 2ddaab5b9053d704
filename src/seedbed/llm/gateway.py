"""What stands between callers and backends: capabilities, permits, retries, and a check of every answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from seedbed.errors import UnsupportedError
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.concurrent import all_or_first_error
from seedbed.llm.loop import LoopThread, loop_thread
from seedbed.llm.messages import has_images
from seedbed.llm.request import Request
from seedbed.llm.response import Response, Usage
from seedbed.llm.retry import RetryPolicy
from seedbed.llm.scope import CallScope, request_digest
from seedbed.llm.sender import CallCounts, Sender
from seedbed.llm.structured import instruct

if TYPE_CHECKING:
    from seedbed.llm.llm import LLM

Recorder = Callable[[CallScope | None, Request, Response], None]
"""Told of every answered call, on the loop thread: where it belongs, what was sent, what came back."""


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
        self._sender = Sender(concurrency=concurrency, retry=retry)
        self._recorder = recorder

    @property
    def counts(self) -> CallCounts:
        """What went through this gateway so far."""
        return self._sender.counts

    async def respond(self, llm: LLM, request: Request, scope: CallScope | None) -> Response:
        """Return the answer to a request, of exactly `request.n` choices.

        Raises UnsupportedError for what the LLM does not declare, and the typed LLMError of the last
        try where none succeeded.
        """
        # Once for all: a backend may work them out anew each time.
        offered = llm.capabilities
        check_capabilities(llm, offered, request)
        if not offered.structured_output:
            request = instruct(request)
        digest = request_digest(f"{llm.backend}/{llm.model_name}", request)
        single = request if offered.n or request.n == 1 else replace(request, n=1)
        calls = [
            self._call(llm, self._with_seed(offered, single, scope, digest, number), scope)
            for number in range(1 if single is request else request.n)
        ]
        if len(calls) == 1:
            return await calls[0]
        return _merge(await all_or_first_error(calls))

    def _with_seed(
        self, offered: Capabilities, request: Request, scope: CallScope | None, digest: str, number: int
    ) -> Request:
        earlier = scope.count(digest) if scope else 0
        if request.seed is not None:
            # Several answers with one seed would be one answer several times.
            return replace(request, seed=request.seed + number) if number else request
        if scope is None or not offered.seed:
            return request
        return replace(request, seed=scope.derive_seed(earlier))

    def drain(self) -> None:
        """Cancel every call that has not been sent yet, and let those that have been come to their end."""
        self._sender.drain()

    async def _call(self, llm: LLM, request: Request, scope: CallScope | None) -> Response:
        response = await self._sender.send(llm, request, scope.rank if scope else 0)
        if self._recorder is not None:
            self._recorder(scope, request, response)
        return response


def check_capabilities(llm: LLM, offered: Capabilities, request: Request) -> None:
    """Raise UnsupportedError for the first thing that is asked and not among what the LLM offers."""
    asked = {
        "tools": bool(request.tools),
        "logprobs": request.logprobs is not None,
        "images": not offered.images and has_images(request.messages),
        "seed": request.seed is not None,
    }
    for name, wanted in asked.items():
        if wanted and not getattr(offered, name):
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
