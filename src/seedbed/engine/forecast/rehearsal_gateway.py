"""The calls of a rehearsal: answered from the run's journal, or with a placeholder; none is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedbed.engine.forecast.placeholders import made_up_answer
from seedbed.errors import LLMError
from seedbed.llm.calling.gateway import Gateway, Journal
from seedbed.llm.calling.request_digest import request_digest
from seedbed.llm.calling.scope import SHARED, CallScope
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response
from seedbed.llm.schemas.structured import fitted, keyed

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

MOST_CALLS = 64
"""Calls that a row may make in a rehearsal: with placeholders for answers, a loop might never end."""


@dataclass(frozen=True)
class RehearsedCall:
    """A call that a run would make, or whose answer its journal has (`answer`)."""

    step: str
    row: str
    llm: Any
    request: Request
    answer: Response | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the journal has the answer."""
        return self.answer is not None


class RehearsalGateway(Gateway):
    """Collects the calls of a rehearsal in `calls`. It has no sender that could send one."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal=journal)
        self.calls: list[RehearsedCall] = []
        self.cut_off: set[str] = set()
        """The steps that may make further calls, depending on their answers."""
        self._counts: Counter[tuple[str, str]] = Counter()
        self._made_up: Counter[tuple[str, str]] = Counter()
        self._lacking: set[tuple[str, str]] = set()
        self.shared_lacking: Counter[str] = Counter()
        """For each step, how many answers that rows share the journal lacks."""

    def lacks(self, step: str, row: str) -> bool:
        """Whether the journal lacks an answer for a row in a step."""
        return (step, row) in self._lacking

    @property
    def lacking(self) -> int:
        """For how many rows of steps the journal lacks an answer."""
        return len(self._lacking)

    async def _call(
        self, llm: Backend, request: Request, scope: CallScope | None, offered: Capabilities
    ) -> Response:
        if scope is None:
            raise _unanswered(llm)
        if not llm._is_journalled:
            self._note_lacking(scope)
            raise _unanswered(llm)
        digest = scope.digest(request_digest(llm, keyed(request, offered), scope.seed if request.n else None))
        k = scope.count(digest)
        assert self.journal is not None
        found = self.journal.find(scope, digest, k)
        if found is None:
            self._note_lacking(scope)
        if found is None and scope.reasks:
            # Whether an answer fits isn't known before it's there.
            raise _unanswered(llm)
        self._counts[scope.step, scope.row] += 1
        if self._counts[scope.step, scope.row] > MOST_CALLS:
            self.cut_off.add(scope.step)
            raise _unanswered(llm)
        self.calls.append(RehearsedCall(scope.step, scope.row, llm, fitted(request, offered)[0], found))
        if found is not None:
            return found
        if not request.n:
            raise _unanswered(llm)
        return Response(choices=tuple(self._choice(scope, request) for _ in range(request.n)))

    def _choice(self, scope: CallScope, request: Request) -> Choice:
        self._made_up[scope.step, scope.row] += 1
        number = self._made_up[scope.step, scope.row]
        return Choice(text=made_up_answer(scope.step, request.schema, number))

    def _note_lacking(self, scope: CallScope) -> None:
        self._lacking.add((scope.step, scope.row))
        self.shared_lacking[scope.step] += scope.row.startswith(SHARED)


def _unanswered(llm: Backend) -> LLMError:
    return LLMError(f"'{llm.reference}' isn't asked in a rehearsal", fatal=True)


Bind = Callable[[Any], Any]


def rehearsing(gateway: Gateway, scope: CallScope) -> Bind:
    """Return a function that makes a view of an LLM whose calls go to a rehearsal; it's never loaded."""

    def view(llm: Any) -> Any:
        return _as_if_loaded(llm.bound(gateway, scope))

    return view


def _as_if_loaded(view: Any) -> Any:
    # A Loading of its own: the caller's LLM, which shares it with other views, isn't loaded.
    view._loading = type(view._loading)()
    view._loading.done = True
    for member in getattr(view, "of", ()):
        _as_if_loaded(member)
    return view
