"""Answers that several rows need, such as the outline of a book whose chapters are rows: asked for once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Token
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from seedbed.errors import ContentFilteredError, RowError
from seedbed.llm.calling.retry import meets_all
from seedbed.llm.calling.scope import SHARED, CallScope, current_scope
from seedbed.llm.json_copies import json_copy

T = TypeVar("T")

# Caused by an answer, which stays the same however often it's replayed. Any other error may pass.
_ANSWERED = (RowError, ContentFilteredError)


@dataclass
class _Entry:
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    made: list[Any] = field(default_factory=list)
    error: Exception | None = None


class SharedAnswers:
    """Makes what rows of a task share once for each key, whichever row needs it first.

        _outlines: SharedAnswers = PrivateAttr(default_factory=SharedAnswers)

        def load(self):
            super().load()
            self._outlines = SharedAnswers()

        async def generate_row(self, input):
            book = input["book"]
            outline = await self._outlines.get(book, lambda: self.ask(f"Outline a book on {book}."))

    What is made depends on the run's seed and the key alone: its calls belong to the key, and not to the row
    that happens to come first. So rows are the same in any order, and a resumed run finds the answers. Each
    row gets lists, dictionaries and typed answers of its own.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[int | None, str, int], _Entry] = {}

    async def get(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        """Return what `make` returned for this key; it's called if no row has called it before.

        `make` may only depend on the key and on the task's parameters. If an answer can't be used, each row
        that needs it gets the same error; retried rows ask again. After any other error, such as a
        provider's, the next row tries again.
        """
        scope = current_scope.get()
        attempts = scope.attempt if scope else 0
        for attempt in range(attempts):
            try:
                return await self._get(key, make, scope, attempt)
            except _ANSWERED:
                # A retry of rows is paid for to get another answer.
                continue
        return await self._get(key, make, scope, attempts)

    async def _get(
        self, key: str, make: Callable[[], Awaitable[T]], scope: CallScope | None, attempt: int
    ) -> T:
        place = (scope.seed if scope else None, key, attempt)
        while (entry := self._entries.get(place)) is not None:
            await entry.ended.wait()
            if entry.error is not None:
                raise entry.error.with_traceback(None)
            if entry.made:
                made: T = entry.made[0]
                return _own(made)
            # The row that was making it was interrupted or met an error that may pass: another one tries.
        self._entries[place] = entry = _Entry()
        return await self._make(place, entry, make, scope)

    async def _make(
        self,
        place: tuple[int | None, str, int],
        entry: _Entry,
        make: Callable[[], Awaitable[T]],
        scope: CallScope | None,
    ) -> T:
        token = _enter(scope, place[1], place[2])
        try:
            made = await make()
            entry.made.append(made)
            return _own(made)
        except _ANSWERED as error:
            entry.error = error
            raise
        except asyncio.CancelledError:
            if scope is not None:
                # As for a call of the row's own: a row that was made without it must not count.
                scope.is_cut = True
            raise
        except Exception as error:
            if scope is not None and meets_all(error):
                scope.refused = error
            raise
        finally:
            if token is not None:
                current_scope.reset(token)
            if not entry.made and entry.error is None:
                del self._entries[place]
            entry.ended.set()


def _own(made: T) -> T:
    """Return a copy for one row, which may add turns of its own to a conversation that it shares."""
    return made.model_copy(deep=True) if isinstance(made, BaseModel) else json_copy(made)


def _enter(scope: CallScope | None, key: str, attempt: int) -> Token[CallScope | None] | None:
    """Make the calls that follow those of a key, and not of the row."""
    if scope is None:
        return None
    shared = CallScope(
        scope.seed,
        scope.step,
        f"{SHARED}{key}",
        attempt=attempt,
        rank=scope.rank,
        has_branches=scope.has_branches,
    )
    return current_scope.set(shared)
