"""The answers and results of a run: replayed if they're stored, kept if they're new."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from seedbed.engine.evidence import holds_prompts, redacted
from seedbed.engine.prompts.keeper import PromptKeeper
from seedbed.llm.budget.prices import Prices
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.calling.sent import FailedCallTry, FailedTry, Sending
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.llm.response_json import decode_response, encode_response
from seedbed.store import Call, Result
from seedbed.store.calls_used import calls_used

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

_NO_ROWS = b"[]"
_FAILED = ("failed", "partial")


class JournalStore(Protocol):
    """What a journal needs of a store: a run's own, or that of a worker."""

    def has_calls(self) -> bool:
        """Whether there may be any call."""

    def has_results(self) -> bool:
        """Whether there may be any result."""

    def result_of(self, step: str, row: str) -> Result | None:
        """Return what a step made of a row; None if it hasn't finished with it."""

    def answer_of(self, step: str, row: str, attempt: int, digest: bytes, k: int) -> tuple[int, bytes] | None:
        """Return the number of a call and its answer (JSON); None if there's none."""

    def call_keys(self, step: str, row: str, attempt: int) -> Collection[tuple[bytes, int]]:
        """Return the digest and the count (`k`) of each call of a row at one attempt."""

    def add_call(self, call: Call) -> int:
        """Add an answered call."""

    def add_result(self, result: Result) -> int:
        """Add what a step made of a row."""

    def set_mark(self, name: str, value: bytes | str) -> int:
        """Set a named value."""


class CallObservation(Protocol):
    """What wants to know of calls: a run's observers, or those of a worker's run."""

    hears_calls: bool
    """Whether any observer has a hook for calls."""

    def reuse(self, number: int) -> None:
        """Take the number of a call whose answer the store had."""

    def fail(self, failed: FailedCallTry) -> None:
        """Take a try of a call that failed."""


class RunJournal:
    """The calls and results of a run's store, for its gateway and its steps; used on the loop thread.

    In a resumed run, calls without an answer wait at a gate until it's known how many there are. `kept`
    counts for each step the rows that were taken from the store, `waiting` has the positions of the rows
    whose calls wait. `observation` gets the numbers of calls that are found, if there's one.
    """

    def __init__(
        self,
        store: JournalStore,
        counts: CallCounts,
        prices: Prices,
        *,
        has_branches: bool = True,
        retrying: bool = False,
        secrets: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._store = store
        self.retrying = retrying
        self._counts = counts
        self.prices = prices
        # A fresh run skips a query for each call and each result.
        self._has_calls = store.has_calls()
        self.has_branches = has_branches
        self._has_results = store.has_results()
        self._gate: asyncio.Event | None = None
        self._secrets: Callable[[], Sequence[str]] = secrets
        self._found_secrets: Sequence[str] | None = None
        self._prompts: PromptKeeper | None = None
        self.observation: CallObservation | None = None
        self._tell_nobody()
        self.waiting: set[int] = set()
        self.waiting_calls = 0
        self.kept: Counter[str] = Counter()

    def end(self) -> None:
        """Notify nothing from now on, and hold no references."""
        self._tell_nobody()
        self.observation = None
        # It's a method of the plan, whose steps hold their LLMs, which hold this journal: a cycle that would
        # keep the store open after the run is dropped.
        self._secrets = tuple

    def _tell_nobody(self) -> None:
        self.on_waiting: Callable[[], None] = _nothing
        self.on_source_waiting: Callable[[], None] = _nothing
        self.on_replacing: Callable[[], None] = _nothing
        self.on_open: Callable[[], None] = _nothing

    @property
    def wants_sendings(self) -> bool:
        """Whether anyone observes calls, and would want to know when and where they were sent."""
        return self.observation is not None and self.observation.hears_calls

    def note_failed(self, scope: CallScope, is_embedding: bool, failed: FailedTry) -> None:
        """Tell the observers of a try that failed."""
        if self.observation is not None:
            self.observation.fail(FailedCallTry(scope.step, scope.row, scope.attempt, is_embedding, failed))

    @property
    def is_fresh(self) -> bool:
        """Whether the store was empty when the run was opened."""
        return not (self._has_calls or self._has_results)

    def result(self, step: str, row: str) -> Result | None:
        """Return what a step made from a row before, or None."""
        return self._store.result_of(step, row) if self._has_results else None

    def is_retried(self, stored: Result) -> bool:
        """Whether this result is retried: its row failed, and the session is a retry."""
        return self.retrying and stored.status in _FAILED

    def keep_result(self, result: Result, stored: Result | None) -> None:
        """Keep what a step made from a row, unless the same is stored.

        If other rows were stored, `on_replacing` is called before they're replaced.
        """
        if stored is not None and stored.data not in (_NO_ROWS, result.data):
            self.on_replacing()
        # A resumed run that wrote every result again would write its whole store each time.
        if result != stored:
            self._store.add_result(result)

    def keep_calls_used(self, scope: CallScope, key: bytes) -> None:
        """Keep which calls the result of this key is made from, if the run has others of the row."""
        # A fresh run has none, and calls that this session adds are among those asked.
        if not (self._has_calls and scope.asked):
            return
        used = {(one.digest, one.k) for one in scope.asked}
        if not used.issuperset(self._store.call_keys(scope.step, scope.row, scope.attempt)):
            kept = calls_used(scope.step, scope.row, key, scope.attempt, used)
            self.keep_result(kept, self.result(kept.step, kept.row))

    def keep_evidence(self, evidence: Result) -> None:
        """Keep evidence on a refused row; stored evidence is only replaced by one with prompts."""
        stored = self.result(evidence.step, evidence.row)
        # A replayed step sends no prompts, so its evidence has none: the stored one says more.
        if stored is not None and stored.key == evidence.key and not holds_prompts(evidence):
            return
        self.keep_result(redacted(evidence, self._known_secrets()), stored)

    def close_gate(self) -> None:
        """Make calls without an answer wait until `open_gate`."""
        self._gate = asyncio.Event()

    def open_gate(self) -> None:
        """Let waiting calls, and all later ones, be sent; the first time, call `on_open`."""
        if self._gate is not None:
            self._gate.set()
            self._gate = None
            self.on_open()

    def find(self, scope: CallScope, digest: bytes, k: int) -> Response | None:
        """Return the stored answer to this call, or None."""
        if not self._has_calls:
            return None
        found = self._store.answer_of(scope.step, scope.row, scope.attempt, digest, k)
        if found is None:
            return None
        number, answer = found
        if self.observation is not None:
            self.observation.reuse(number)
        return decode_response(answer)

    async def clear_to_send(self, scope: CallScope) -> None:
        """Wait while the gate is closed."""
        gate = self._gate
        if gate is None:
            return
        self.waiting_calls += 1
        if not scope.row:
            # A call of the source: no row can come before it, so waiting would only delay it.
            self.on_source_waiting()
            return
        self.waiting.add(scope.rank)
        self.on_waiting()
        await gate.wait()

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
        """Pass an answer to the store's writer."""
        # The task reads the answer after this: what it does with an answer can't be on disk while the answer
        # isn't.
        usage = response.usage
        cost = self.prices.cost_of(llm, usage)
        if cost is not None:
            self._counts.cost = (self._counts.cost or 0.0) + cost
        self._store.add_call(
            Call(
                step=scope.step,
                row=scope.row,
                attempt=scope.attempt,
                digest=digest,
                k=k,
                model=llm.model_name,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cached_tokens=usage.cached_tokens,
                reasoning_tokens=usage.reasoning_tokens,
                cost=cost,
                answer=encode_response(
                    response,
                    self._asked(scope, request) if request.n else None,
                    None if sending is None else sending.sent,
                ),
            )
        )

    def _known_secrets(self) -> Sequence[str]:
        # Once: the secrets of a run don't change, and collecting them goes through all its steps.
        if self._found_secrets is None:
            self._found_secrets = self._secrets()
        return self._found_secrets

    def _asked(self, scope: CallScope, request: Request) -> bytes:
        if self._prompts is None:
            self._prompts = PromptKeeper(self._store.set_mark, self._known_secrets())
        return self._prompts.asked(scope, request)


def _nothing() -> None:
    pass
