"""What the model of a contract says: what its author says, or for one row something bad, or no more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import NoReturn

from seedbed.errors import UsageError
from seedbed.llm.calling.scope import current_scope
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response
from seedbed.testing.scripted_llm import ScriptedLLM

Answer = Callable[[Request], "str | Response"]
Spoil = Callable[[Choice], Choice]

_OFFERED = Capabilities(
    structured_output=True, tools=True, logprobs=True, images=True, seed=True, raw_prompt=True
)

_TOGETHER = 16
_TURNS = 8


class Script:
    """Answers each request as `answer` does, and counts the calls of each row.

    A row that makes more than `most_calls` of them never gets another answer, and `endless` says so; `stop`
    is called then. Calls that belong to a whole step count for row "", which may make a thousand times more.
    """

    def __init__(self, answer: Answer, most_calls: int) -> None:
        self.calls: Counter[str] = Counter()
        self.endless = False
        self.stop: Callable[[], None] = _refuse
        self._answer = answer
        self._most_calls = most_calls

    def begin(self, stop: Callable[[], None]) -> None:
        """Count from now on, and have `stop` end what would never end by itself."""
        self.calls.clear()
        self.stop = stop

    @property
    def count(self) -> int:
        """How many calls were made in all."""
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


class ReversingScript(Script):
    """Answers the later ones first of the calls that are under way together."""

    async def _made(self, request: Request, row: str) -> Response:
        # Turns of the loop, and no time: the order is the same on every machine.
        for _ in range(_TURNS * (_TOGETHER - self.count % _TOGETHER)):
            await asyncio.sleep(0)
        return await super()._made(request, row)


class CutScript(Script):
    """Answers so many calls, and lets the run be cut off in the next one."""

    def __init__(self, answer: Answer, most_calls: int, allowed: int) -> None:
        super().__init__(answer, most_calls)
        self._allowed = allowed

    async def _made(self, request: Request, row: str) -> Response:
        if self.count > self._allowed:
            await self._stop()
        return await super()._made(request, row)


class SpoiltScript(Script):
    """Spoils each answer to one row, known by the place at which it comes; `spoilt` is its id then.

    Where the calls cannot be told apart by rows, every second answer is spoilt.
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
        return list(self.calls).index(row) == self._place


def scripted_by(script: Script) -> ScriptedLLM:
    """Return a model that says what a script says, and can be asked for everything but several answers."""
    return ScriptedLLM(script.respond, offers=_OFFERED)


def _refuse() -> None:
    raise UsageError("a row asks the model without end")
