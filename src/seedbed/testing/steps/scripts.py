"""How the model of a contract answers: as its author says, badly for one row, or until it's cut off."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import NoReturn

from seedbed.errors import ServerError, UsageError
from seedbed.llm.calling.scope import SHARED, current_scope
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response
from seedbed.testing.doubles.scripted_llm import ScriptedLLM

Answer = Callable[[Request], "str | Response"]
Spoil = Callable[[Choice], Choice]

_OFFERED = Capabilities(
    structured_output=True, tools=True, logprobs=True, images=True, seed=True, raw_prompt=True
)

_TOGETHER = 16
_TURNS = 8


class Script:
    """Answers each request with `answer`, and counts the calls of each row.

    A row that makes more than `most_calls` gets no more answers: `endless` is set and `stop` is called. Calls
    of a whole step count for the row "", which may make a thousand times as many.
    """

    def __init__(self, answer: Answer, most_calls: int) -> None:
        self.calls: Counter[str] = Counter()
        self.endless = False
        self.stop: Callable[[], None] = _refuse
        self._answer = answer
        self._most_calls = most_calls

    def begin(self, stop: Callable[[], None]) -> None:
        """Start counting; `stop` ends a run that would never end by itself."""
        self.calls.clear()
        self.stop = stop

    @property
    def count(self) -> int:
        """How many calls were made in total."""
        return self.calls.total()

    async def respond(self, request: Request) -> Response:
        """Answer the next call."""
        scope = current_scope.get()
        row = scope.row if scope is not None else ""
        self.calls[row] += 1
        if self.calls[row] > self._most_calls * (1 if row else 1000):
            self.endless = True
            await self._stop()
        return await self._made(request, row)

    async def _made(self, request: Request, row: str) -> Response:
        answer = self._answer(request)
        return Response.of_text(answer) if isinstance(answer, str) else answer

    async def _stop(self) -> NoReturn:
        self.stop()
        await asyncio.Event().wait()
        raise AssertionError("unreachable: nobody sets the event")


class FailingScript(Script):
    """Answers no call, as a server that is at fault does; another try doesn't help."""

    async def _made(self, request: Request, row: str) -> Response:
        raise ServerError("the server is at fault", retryable=False)


class ReversingScript(Script):
    """Answers calls that are in flight together in reverse order."""

    async def _made(self, request: Request, row: str) -> Response:
        # Counts turns of the loop, not time, so that the order is the same on every machine.
        for _ in range(_TURNS * (_TOGETHER - self.count % _TOGETHER)):
            await asyncio.sleep(0)
        return await super()._made(request, row)


class CutScript(Script):
    """Answers a number of calls, and has the run interrupted during the next one."""

    def __init__(self, answer: Answer, most_calls: int, allowed: int) -> None:
        super().__init__(answer, most_calls)
        self._allowed = allowed

    async def _made(self, request: Request, row: str) -> Response:
        if self.count > self._allowed:
            await self._stop()
        return await super()._made(request, row)


class SpoiltScript(Script):
    """Spoils each answer to one row, the one that comes at a place; `spoilt` is then its id.

    If calls can't be told apart by row, every second answer is spoilt.
    """

    def __init__(self, answer: Answer, most_calls: int, spoil: Spoil, place: int) -> None:
        super().__init__(answer, most_calls)
        self.spoilt: str | None = None
        self._spoil = spoil
        self._place = place

    async def _made(self, request: Request, row: str) -> Response:
        response = await super()._made(request, row)
        if not self._is_spoilt(row):
            return response
        self.spoilt = row
        return Response(choices=tuple(map(self._spoil, response.choices)))

    def _is_spoilt(self, row: str) -> bool:
        if not row:
            return self.count % 2 == 0
        # What rows share would harm all of them, as it should.
        rows = [row for row in self.calls if not row.startswith(SHARED)]
        return row in rows and rows.index(row) == self._place


def scripted_by(script: Script) -> ScriptedLLM:
    """Return a model that follows a script, with every capability except several answers per call."""
    return ScriptedLLM(script.respond, offers=_OFFERED)


def _refuse() -> None:
    raise UsageError("a row asks the model without end")
