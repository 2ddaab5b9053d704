"""What is between callers and backends: capabilities, seeds, the journal, and the sender."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Protocol

from seedbed.errors import UnsupportedError
from seedbed.llm.calling.batching import Batches
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.llm.calling.concurrent import all_or_first_error
from seedbed.llm.calling.loop import LoopThread, loop_thread
from seedbed.llm.calling.request_digest import request_digest
from seedbed.llm.calling.retry import RetryPolicy, meets_all
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.calling.sender import Sender
from seedbed.llm.calling.sent import FailedTry, Sending
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.messages import has_images
from seedbed.llm.request import SEED, Request, with_field
from seedbed.llm.response import Response, Usage
from seedbed.llm.schemas.structured import fitted, keyed

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

Recorder = Callable[[CallScope | None, Request, Response, str], None]
"""Gets every answered call, on the loop thread: its scope, what was sent, what came back, and a note.

The note says if something was sent in another way than it was asked for, and is empty otherwise.
"""


class Journal(Protocol):
    """Keeps answers: the `k`-th call of a scope with a digest is identified by both."""

    @property
    def wants_sendings(self) -> bool:
        """Whether `keep` wants the notes of a call that was sent."""

    def note_failed(self, scope: CallScope, is_embedding: bool, failed: FailedTry) -> None:
        """Take a try of a call that failed, if it wants sendings."""

    def find(self, scope: CallScope, digest: bytes, k: int) -> Response | None:
        """Return the answer that this call got before, or None."""

    async def clear_to_send(self, scope: CallScope) -> None:
        """Wait until a call without an answer may be paid for."""

    def keep(
        self,
        scope: CallScope,
        digest: bytes,
        k: int,
        llm: Backend,
        request: Request,
        response: Response,
        sending: Sending | None = None,
    ) -> None:
        """Keep an answer and what was asked, before anyone reads it."""


class Gateway:
    """Sends requests to backends, at most `concurrency` at once for each endpoint and credential.

        llm = get_llm("openai/gpt-4.1-mini").bound(Gateway(concurrency=8), None)
        llm.generate([[{"role": "user", "content": "Say hello."}]])

    If there's a `journal`, an answer that it has isn't asked for again. Lives on the loop thread. Each run
    has its own gateway; all other callers share the default one.
    """

    def __init__(
        self,
        *,
        concurrency: int | None = None,
        retry: RetryPolicy | None = None,
        recorder: Recorder | None = None,
        journal: Journal | None = None,
        sender: Sender | None = None,
    ) -> None:
        self._sender = sender or Sender(concurrency=concurrency, retry=retry)
        self._batches = Batches(self._sender)
        self._recorder = recorder
        self.journal = journal
        self._in_flight: set[asyncio.Task[Any]] = set()
        # For each step, the first error of a call that every other call would meet, too.
        self.refused: dict[str, Exception] = {}
        # Called with each, before the call raises it.
        self.on_refused: Callable[[Exception], object] = _nobody

    @property
    def counts(self) -> CallCounts:
        """What has gone through this gateway so far."""
        return self._sender.counts

    def respond(self, llm: Backend, request: Request, scope: CallScope | None) -> Awaitable[Response]:
        """Return an awaitable for the answer to a request, which has exactly `request.n` choices.

        Raises UnsupportedError for what the LLM doesn't declare. Awaiting raises the typed LLMError of the
        last try if none succeeded.
        """
        # Not a coroutine itself: each one between a row and its socket is resumed for every event of a call.
        offered = llm.offered
        check_capabilities(llm, offered, request)
        if request.n > 1 and not offered.n:
            singles = [
                # With one seed, they would all be the same answer.
                request._replace(n=1, seed=None if request.seed is None else request.seed + number)
                for number in range(request.n)
            ]
            calls = [self._call(llm, single, scope, offered) for single in singles]
            return _merged(calls)
        return self._call(llm, request, scope, offered)

    def knows(self, llm: Backend, request: Request, scope: CallScope) -> bool:
        """Whether the journal has the answer to the next such call of a scope; `request.n` is 1."""
        if self.journal is None or not llm._is_journalled:
            return False
        digest = self._digest(llm, request, scope)
        return self.journal.find(scope, digest, scope.earlier(digest)) is not None

    def skip(self, llm: Backend, request: Request, scope: CallScope) -> None:
        """Count a call that isn't made."""
        scope.count(self._digest(llm, request, scope))

    def _digest(self, llm: Backend, request: Request, scope: CallScope) -> bytes:
        return scope.digest(request_digest(llm, keyed(request, llm.offered), scope.seed))

    def drain(self) -> None:
        """Cancel every call that hasn't been sent yet, and let those in flight finish."""
        self._batches.drain()
        self._sender.drain()

    def cancel(self) -> None:
        """Cancel every call, also those that a thread waits for: cancelling a row doesn't reach them."""
        self.drain()
        self._batches.cancel()
        for task in [*self._in_flight]:
            task.cancel()

    def end(self) -> None:
        """Cancel every call and every timer, and every call that comes later."""
        self.cancel()
        self._batches.end()
        self._sender.end()
        self.on_refused = _nobody

    async def _call(
        self, llm: Backend, request: Request, scope: CallScope | None, offered: Capabilities
    ) -> Response:
        if scope is None:
            request, note = fitted(request, offered)
            return self._answered(None, request, await self._sender.send(llm, request), note)
        # Vectors aren't sampled: with another seed of the run, they're the same.
        seed = scope.seed if request.n else None
        digest = scope.digest(request_digest(llm, keyed(request, offered), seed))
        k = scope.count(digest)
        if offered.seed and request.seed is None:
            request = with_field(request, SEED, scope.derive_seed(k))
        # After the digest: how one provider is asked isn't part of what is asked. A better conversion, or
        # another provider, must not make answers void that are paid for.
        request, note = fitted(request, offered)
        scope.note(digest, k, request.messages)
        journal = self.journal if llm._is_journalled else None
        if journal is not None:
            if found := journal.find(scope, digest, k):
                self.counts.replayed += 1
                return self._answered(scope, request, found, note)
            # After `find`: replayed calls are free, so they don't wait.
            await journal.clear_to_send(scope)
        task = asyncio.current_task()
        assert task is not None
        self._in_flight.add(task)
        sending = _sending(journal, scope, request)
        begun = time.monotonic()
        try:
            if (bounds := llm._batch_bounds) is None:
                response = await self._sender.send(llm, request, scope.rank, sending)
            else:
                # Here, after the journal: a call is kept for its own texts, whatever it's sent with.
                response = await self._batches.send(llm, request, scope.rank, bounds, sending)
        except BaseException as error:
            self._note_unanswered(scope, error)
            raise
        finally:
            self._in_flight.discard(task)
            # A cancelled task keeps its error, whose traceback keeps this frame: the task in it would close a
            # cycle, which kept the store of a run that was cut off open until Python looked for cycles.
            del task
            waited = self.counts.step_seconds
            waited[scope.step] = waited.get(scope.step, 0.0) + time.monotonic() - begun
        self.counts.add_cut(scope.step, response)
        # Before the task reads it: whatever the task does with it, a paid answer is kept.
        if journal is not None:
            journal.keep(scope, digest, k, llm, request, response, sending)
        return self._answered(scope, request, response, note)

    def _note_unanswered(self, scope: CallScope, error: BaseException) -> None:
        # An author may catch either and go on. A row that is made without the answer must not be kept, or it
        # would differ from the same row of a run that wasn't interrupted, or whose cap was higher.
        if isinstance(error, asyncio.CancelledError):
            scope.is_cut = True
        elif isinstance(error, Exception) and meets_all(error):
            scope.refused = error
            self.refused.setdefault(scope.step, error)
            self.on_refused(error)

    def _answered(self, scope: CallScope | None, request: Request, response: Response, note: str) -> Response:
        if self._recorder is not None:
            self._recorder(scope, request, response, note)
        return response


def check_capabilities(llm: Backend, offered: Capabilities, request: Request) -> None:
    """Raise UnsupportedError for the first thing that is asked for and that the LLM doesn't offer."""
    name = _lacking(offered, request)
    if name is not None:
        raise UnsupportedError(
            f"'{llm.reference}' does not declare the capability '{name}'",
            "use another LLM, or leave it out of the request",
        )


def _lacking(offered: Capabilities, request: Request) -> str | None:
    if request.raw_prompt and not offered.raw_prompt:
        return "raw_prompt"
    if request.tools and not offered.tools:
        return "tools"
    if request.logprobs is not None and not offered.logprobs:
        return "logprobs"
    if not offered.images and has_images(request.messages):
        return "images"
    return "seed" if request.seed is not None and not offered.seed else None


def _sending(journal: Journal | None, scope: CallScope, request: Request) -> Sending | None:
    # Not without observers: every call would pay for what nobody reads.
    if journal is None or not journal.wants_sendings:
        return None
    return Sending(on_failed=partial(journal.note_failed, scope, not request.n))


def _nobody(error: Exception) -> None:
    pass


async def _merged(calls: Sequence[Coroutine[Any, Any, Response]]) -> Response:
    return merged_responses(await all_or_first_error(calls))


def merged_responses(responses: Sequence[Response]) -> Response:
    """Return the answers to one request that was sent several times as one response."""
    first = responses[0]
    return replace(
        first,
        choices=tuple(choice for response in responses for choice in response.choices),
        usage=sum((response.usage for response in responses), Usage()),
        raw=[response.raw for response in responses],
    )


def default_gateway() -> Gateway:
    """Return the gateway of calls outside of a run; a forked child has its own, like its loop."""
    return _gateway_of(loop_thread())


@cache
def _gateway_of(thread: LoopThread) -> Gateway:
    return Gateway()
