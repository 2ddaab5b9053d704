"""What a run has bought and made: replayed where it is there, kept where it is new."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from seedbed.engine.evidence import holds_prompts, redacted
from seedbed.engine.resume.manifest import tells_branches_apart
from seedbed.llm.budget.prices import Prices
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.calling.sender import CallCounts
from seedbed.llm.response import Response
from seedbed.llm.response_json import decode_response, encode_response
from seedbed.store import Call, Result, RunStore

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

_NO_ROWS = b"[]"
_FAILED = ("failed", "partial")


class RunJournal:
    """The calls and results of a run's store, for its gateway and its steps; lives on the loop thread.

    On a run that goes on, calls without an answer wait at a gate until it is known how many there are.
    `kept` counts for each step the rows that were taken as they are, `waiting` has the positions of
    the rows whose calls wait.
    """

    def __init__(
        self,
        store: RunStore,
        counts: CallCounts,
        prices: Prices,
        *,
        retrying: bool = False,
        secrets: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._store = store
        self.retrying = retrying
        self._counts = counts
        self.prices = prices
        self._has_calls = store.has_calls()
        self.has_branches = tells_branches_apart(store)
        self._has_results = store.has_results()
        self._gate: asyncio.Event | None = None
        self._secrets: Callable[[], Sequence[str]] = secrets
        self._tell_nobody()
        self.waiting: set[int] = set()
        self.waiting_calls = 0
        self.kept: Counter[str] = Counter()

    def end(self) -> None:
        """Tell nobody of news any more, and hold on to nobody."""
        self._tell_nobody()
        # The steps of a plan hold their LLMs, and those this journal.
        self._secrets = tuple

    def _tell_nobody(self) -> None:
        self.on_waiting: Callable[[], None] = _nothing
        self.on_source_waiting: Callable[[], None] = _nothing
        self.on_replacing: Callable[[], None] = _nothing

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was there when the run was opened."""
        return not (self._has_calls or self._has_results)

    def result(self, step: str, row: str) -> Result | None:
        """Return what a step made of a row before, if it did."""
        return self._store.result_of(step, row) if self._has_results else None

    def asks_anew(self, stored: Result) -> bool:
        """Whether a row that failed is to be tried again."""
        return self.retrying and stored.status in _FAILED

    def keep_result(self, result: Result, stored: Result | None) -> None:
        """Keep what a step made of a row, unless it is what is there.

        Where other rows were there, `on_replacing` is called before they are gone.
        """
        if stored is not None and stored.data not in (_NO_ROWS, result.data):
            self.on_replacing()
        if result != stored:
            self._store.add_result(result)

    def keep_evidence(self, evidence: Result) -> None:
        """Keep what a refused row came of; where that is known, only with the prompts can there be more."""
        stored = self.result(evidence.step, evidence.row)
        if stored is not None and stored.key == evidence.key and not holds_prompts(evidence):
            return
        self.keep_result(redacted(evidence, self._secrets()), stored)

    def close_gate(self) -> None:
        """Have calls without an answer wait until `open_gate`."""
        self._gate = asyncio.Event()

    def open_gate(self) -> None:
        """Let the calls that wait, and all others, be sent."""
        if self._gate is not None:
            self._gate.set()
            self._gate = None

    def find(self, scope: CallScope, digest: bytes, k: int) -> Response | None:
        """Return the answer that was given to this call before, or None."""
        if not self._has_calls:
            return None
        answer = self._store.answer_of(scope.step, scope.row, scope.attempt, digest, k)
        return None if answer is None else decode_response(answer)

    async def clear_to_send(self, scope: CallScope) -> None:
        """Wait while the gate is closed."""
        gate = self._gate
        if gate is None:
            return
        self.waiting_calls += 1
        if not scope.row:
            # The source of the rows: nothing else can come before it.
            self.on_source_waiting()
            return
        self.waiting.add(scope.rank)
        self.on_waiting()
        await gate.wait()

    def keep(self, scope: CallScope, digest: bytes, k: int, llm: Backend, response: Response) -> None:
        """Give an answer to the store's writer."""
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
                answer=encode_response(response),
            )
        )


def _nothing() -> None:
    pass
