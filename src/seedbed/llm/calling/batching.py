"""Sends the texts of several calls to an embedder in one request; each call gets its own vectors."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Iterator
from contextvars import Context
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from seedbed.errors import BudgetExhaustedError, EndpointDownError, LLMError
from seedbed.llm.batch_bounds import BatchBounds, bytes_of
from seedbed.llm.calling.retry import says_nothing_of_the_request
from seedbed.llm.calling.sender import Sender
from seedbed.llm.calling.sent import Sending
from seedbed.llm.embedding.embeddings import Embeddings
from seedbed.llm.messages import Message
from seedbed.llm.request import Request
from seedbed.llm.response import Response, Usage

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

# How long the first text of a request waits for others. Rows that start together reach their calls within a
# millisecond; the fastest server takes several times as long to answer.
_LINGER_SECONDS = 0.002


class _Part(NamedTuple):
    """A call that is sent with others: the lowest rank first, and among equals the one that came first."""

    rank: int
    number: int
    messages: tuple[Message, ...]
    bytes: int
    answer: asyncio.Future[Response]
    sending: Sending | None


class Batches:
    """The calls to embedders that wait to be sent with others. Lives on one event loop.

        batches = Batches(sender)
        response = await batches.send(embedder, request, rank)

    Who journals, counts or replays a call sees that call alone: what it's sent with isn't part of it.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        # By instance: two embedders of one model may differ in their bounds and time-outs.
        self._waiting: dict[int, _Waiting] = {}
        self._is_draining = False

    async def send(
        self, llm: Backend, request: Request, rank: int, bounds: BatchBounds, sending: Sending | None = None
    ) -> Response:
        """Return the answer to one request; raise the typed LLMError of the last try if none succeeded."""
        if len(request.messages) >= bounds.texts:
            return await self._sender.send(llm, request, rank, sending)
        if self._is_draining:
            raise asyncio.CancelledError
        waiting = self._waiting.get(id(llm))
        if waiting is None:
            waiting = self._waiting[id(llm)] = _Waiting(llm, bounds, self._sender)
        return await waiting.add(request, rank, sending)

    def drain(self) -> None:
        """Cancel every call that hasn't been sent yet, and every call that comes later."""
        self._is_draining = True
        for waiting in self._waiting.values():
            waiting.drain()

    def cancel(self) -> None:
        """Cancel every call."""
        self.drain()
        for waiting in self._waiting.values():
            waiting.cancel()

    def end(self) -> None:
        """Cancel every call and let the embedders go: they hold the run."""
        self.cancel()
        self._waiting.clear()


class _Waiting:
    """The calls to one embedder that wait.

    One batch at a time waits for its permit, and it's made when the one before it has been sent. So while a
    server is busy, texts gather into full batches, and while it isn't, they go out at once.
    """

    def __init__(self, llm: Backend, bounds: BatchBounds, sender: Sender) -> None:
        self._llm = llm
        self._bounds = bounds
        self._sender = sender
        self._loop = asyncio.get_running_loop()
        self._heap: list[_Part] = []
        self._texts = 0
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._is_due = False
        self._unsent: list[_Part] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, request: Request, rank: int, sending: Sending | None = None) -> Response:
        """Return the answer to a request, which is sent along with others."""
        size = self._bounds.size_of([message["content"] for message in request.messages])
        answer: asyncio.Future[Response] = self._loop.create_future()
        part = _Part(rank, next(self._numbers), request.messages, size, answer, sending)
        heapq.heappush(self._heap, part)
        self._texts += len(request.messages)
        self._linger()
        return await answer

    def drain(self) -> None:
        """Cancel the calls that wait."""
        for part in self._heap:
            part.answer.cancel()
        self._heap.clear()
        self._stop_lingering()

    def cancel(self) -> None:
        """Cancel the calls that have been sent."""
        for task in [*self._tasks]:
            task.cancel()

    def _linger(self) -> None:
        """Send what waits if it fills a request, and otherwise a little later."""
        if self._texts >= self._bounds.texts:
            self._send_now()
        elif self._timer is None and not self._is_due:
            # An empty context: the loop keeps a timer's context, and with it the row and its run.
            self._timer = self._loop.call_later(_LINGER_SECONDS, self._send_now, context=Context())

    def _stop_lingering(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send_now(self) -> None:
        """Send what waits, or have it sent as soon as the batch before it has its permit."""
        self._stop_lingering()
        self._is_due = self._unsent is not None
        if self._unsent is None and (batch := self._next_batch()):
            self._start(batch)
            if self._heap:
                self._linger()

    def _next_batch(self) -> list[_Part]:
        """Take the lowest rows that fit into one request."""
        batch: list[_Part] = []
        texts = size = 0
        while self._heap:
            part = self._heap[0]
            if batch and not self._bounds.fit(texts + len(part.messages), size + part.bytes):
                break
            heapq.heappop(self._heap)
            self._texts -= len(part.messages)
            # Its row may have been cancelled meanwhile.
            if not part.answer.done():
                batch.append(part)
                texts += len(part.messages)
                size += part.bytes
        return batch

    def _start(self, batch: list[_Part]) -> None:
        self._unsent = batch
        # An empty context: a batch belongs to no row, and its task isn't a branch of the row that began it.
        task = self._loop.create_task(self._sent(batch), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        left = len(batch)

        def one_less(answer: asyncio.Future[Response]) -> None:
            nonlocal left
            left -= answer.cancelled()
            if not left:
                task.cancel()

        for part in batch:
            part.answer.add_done_callback(one_less)

    def _has_permit(self, batch: list[_Part]) -> None:
        if self._unsent is batch:
            self._unsent = None
            if self._is_due:
                self._send_now()

    async def _sent(self, batch: list[_Part]) -> None:
        try:
            await self._answer(batch)
        except asyncio.CancelledError:
            for part in batch:
                part.answer.cancel()
        except BaseException as error:  # noqa: BLE001 - each call raises it where it was made
            for part in batch:
                if not part.answer.done():
                    part.answer.set_exception(error)
        finally:
            self._has_permit(batch)

    async def _answer(self, batch: list[_Part]) -> None:
        """Send a batch and answer its calls; send parts of it if one text may have made it fail."""
        messages = tuple(message for part in batch for message in part.messages)
        # One request: its failed tries are noted for one of its calls.
        first = batch[0].sending
        sending = Sending(lambda: self._has_permit(batch), first.on_failed if first is not None else None)
        try:
            response = await self._sender.send(self._llm, Request(messages, n=0), batch[0].rank, sending)
        except (LLMError, BudgetExhaustedError) as error:
            if len(batch) == 1 or not _may_be_of_one(error):
                raise
            self._has_permit(batch)
            # Rows may have been cancelled meanwhile: nobody would read what is bought for them.
            wanted = [part for part in batch if not part.answer.done()]
            await asyncio.gather(*(self._sent(part) for part in _split(wanted, error)))
        else:
            # Its calls are what a run counts, not what they're sent in: each was asked for by a row.
            self._sender.counts.answered += len(batch) - 1
            for part, own in zip(batch, _own_answers(batch, response), strict=True):
                if part.sending is not None:
                    part.sending.share(sending)
                if not part.answer.done():
                    part.answer.set_result(own)


def _may_be_of_one(error: Exception) -> bool:
    """Whether a smaller request might succeed."""
    if isinstance(error, BudgetExhaustedError):
        return True
    assert isinstance(error, LLMError)
    return not (error.fatal or isinstance(error, EndpointDownError) or says_nothing_of_the_request(error))


def _split(batch: list[_Part], error: Exception) -> list[list[_Part]]:
    """Return the parts in which a batch is sent again."""
    if getattr(error, "retryable", False):
        # It was tried several times, with pauses that grow. Halves of halves would each take as long again.
        return [[part] for part in batch]
    # One bad text among 64 takes 13 requests in halves, and 65 if each text is sent alone.
    middle = (len(batch) + 1) // 2
    return [part for part in (batch[:middle], batch[middle:]) if part]


def _own_answers(batch: list[_Part], response: Response) -> Iterator[Response]:
    """Yield the answer to each call of a batch: its own vectors, and its share of the tokens."""
    if len(batch) == 1:
        yield response
        return
    assert isinstance(response, Embeddings)
    # One more than the bytes: texts that are all empty have a share, too.
    sizes = [1 + sum(bytes_of(message["content"]) for message in part.messages) for part in batch]
    whole, before, start = sum(sizes), 0, 0
    for part, size in zip(batch, sizes, strict=True):
        end = start + len(part.messages)
        usage = _share(response.usage, before, before + size, whole)
        # A copy, so that no vector keeps those of the other calls in memory.
        yield replace(response, vectors=response.vectors[start:end].copy(), usage=usage, raw=None)
        start, before = end, before + size


def _share(usage: Usage, start: int, end: int, whole: int) -> Usage:
    """Return the part of the tokens from `start` to `end` of `whole`; all parts together are all tokens."""
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens)
    return Usage(*(count * end // whole - count * start // whole for count in counts))
