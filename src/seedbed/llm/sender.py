"""Sends one request to a backend: permits, tries, time-outs and the check of what came back."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seedbed.errors import InvalidResponseError, LLMError, SeedbedError, TimedOutError
from seedbed.llm.redaction import redact, redact_error, showable
from seedbed.llm.request import Request
from seedbed.llm.response import Response, Usage
from seedbed.llm.retry import RetryPolicy
from seedbed.plugins.origin import where

if TYPE_CHECKING:
    from seedbed.llm.llm import LLM

logger = logging.getLogger(__name__)

DEFAULT_CONCURRENCY = 16


@dataclass
class CallCounts:
    """What went through a gateway: answered calls, tries that failed, answers that were cut, tokens."""

    answered: int = 0
    replayed: int = 0
    retried: int = 0
    truncated: int = 0
    usage: Usage = field(default_factory=Usage)

    def add(self, response: Response) -> None:
        """Count one answered call."""
        self.answered += 1
        self.usage += response.usage
        self.truncated += sum(choice.finish_reason == "length" for choice in response.choices)


class Sender:
    """Sends requests: at most `concurrency` at once for each endpoint and credential, tried again if need be.

    Lives on the loop thread.
    """

    def __init__(self, *, concurrency: int | None = None, retry: RetryPolicy | None = None) -> None:
        self.counts = CallCounts()
        self._draining = asyncio.Event()
        self._concurrency = concurrency
        self._retry = retry or RetryPolicy()
        self._permits: dict[tuple[str, str], asyncio.Semaphore] = {}

    async def send(self, llm: LLM, request: Request, rank: int = 0) -> Response:
        """Return the answer to one request; raise the typed LLMError of the last try where none succeeded.

        Permits go to the lowest `rank` first: the position of the row that asks.
        """
        tries = 0
        while True:
            tries += 1
            try:
                async with self._permit(llm):
                    if self._draining.is_set():
                        raise asyncio.CancelledError
                    response = await one_try(llm, request)
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
                return response

    def drain(self) -> None:
        """Cancel every call that has not been sent yet, and let those that have been come to their end."""
        self._draining.set()

    def _permit(self, llm: LLM) -> asyncio.Semaphore:
        key = (llm.endpoint, llm.credential_id)
        if key not in self._permits:
            wanted = self._concurrency or DEFAULT_CONCURRENCY
            self._permits[key] = asyncio.Semaphore(min(wanted, llm.slots or wanted))
        return self._permits[key]


async def one_try(llm: LLM, request: Request) -> Response:
    """Return what the backend answers, checked; raise a typed error without secrets for all else."""
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
