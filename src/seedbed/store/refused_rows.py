"""The rows of a run that failed or were rejected, each with its input, prompts and answers."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import orjson

from seedbed.llm.response_json import decode_response
from seedbed.store.kept_beside import kept_beside
from seedbed.store.manifest_parts import upstream_of
from seedbed.store.row_ids import ids_upstream
from seedbed.store.run_queries import RunQueries
from seedbed.store.run_values import Call, Decision, Refused, Result
from seedbed.store.stored_json import entry_at, row_of_step, stored_rows, unreadable


def kept_step(step: str) -> str:
    """Return the name under which a run keeps the inputs and prompts of rows that `step` refused."""
    return kept_beside(step, "refused")


def kept_by_routes(step: str) -> str:
    """Return the name under which a run keeps the rows of `step` that no route takes: a condition failed."""
    return kept_beside(step, "routes")


def kept_by_admission(step: str) -> str:
    """Return the name under which a run keeps the finished rows that the generator `step` didn't admit."""
    return kept_beside(step, "admission")


class RowCall(NamedTuple):
    """One call that was made for a refused row: its prompt and its answers.

    `messages` is None if the run doesn't have them: an older version didn't keep them, or the step's result
    was there before. `answers` holds each text with its finish reason; it's empty if no answer came.
    """

    step: str
    row: str
    messages: list[dict[str, Any]] | None
    answers: list[dict[str, Any]]


class RefusedRow(NamedTuple):
    """A row that failed or was rejected, with its input, prompts and answers.

        for row in run.failed_rows():
            print(row.source or row.row, row.step, row.reason, row.calls[-1].messages)

    `row` is its id; `source` is the name of the input row that it comes from (`questions.jsonl, line 7`),
    empty if there's none. `step` refused it for `reason`: an error of class `error`, after `tries` tries.
    `input` is the row that the step got, or the variables of a generator. `source_row` is the row that it was
    made from upstream, if that's another one. Both are None if the run doesn't have them. `calls` are the
    row's calls in all steps up to this one.
    """

    verdict: Decision
    row: str
    source: str
    step: str
    reason: str
    error: str
    tries: int
    input: dict[str, Any] | None
    source_row: dict[str, Any] | None
    calls: list[RowCall]

    def as_json(self) -> dict[str, Any]:
        """Return the row as values that JSON can hold."""
        calls = [call._asdict() for call in self.calls]
        return {**self._asdict(), "source": self.source or None, "error": self.error or None, "calls": calls}


class RefusedRows:
    """The refused rows of a run, in order, as encoded JSON; can be iterated any number of times."""

    def __init__(self, queries: RunQueries, verdicts: Collection[Decision] = ("failed", "rejected")) -> None:
        self._queries = queries
        self._verdicts = frozenset(verdicts)

    def __iter__(self) -> Iterator[bytes]:
        return (orjson.dumps(row.as_json()) for row in self.rows())

    def rows(self) -> Iterator[RefusedRow]:
        """Yield the rows as `RefusedRow`."""
        origins = Origins(self._queries)
        for refused in each_once(self._queries):
            if refused.verdict in self._verdicts:
                yield origins.of(refused)


def each_once(queries: RunQueries) -> Iterator[Refused]:
    """Yield each refused row once: one on its way to several leaves has a verdict at each of them."""
    known: set[tuple[str, str, str]] = set()
    for leaf in queries.leaves():
        here = set()
        for refused in queries.refused(leaf):
            row = (refused.verdict, refused.step, refused.row)
            # Known from another leaf, not from this one: at one leaf a row may be refused several times, for
            # each of the rows that it should have become.
            if row not in known:
                here.add(row)
                yield refused
        known |= here


class Origins:
    """Finds the inputs, prompts and answers of refused rows."""

    def __init__(self, queries: RunQueries) -> None:
        session = queries.last_working_session()
        manifest = session.manifest if session else {}
        self._queries = queries
        self._steps = [step["name"] for step in manifest.get("steps", ())]
        self._ways = manifest.get("ways", ())
        self._asking = set(queries.asking_steps())

    def of(self, refused: Refused) -> RefusedRow:
        """Return a refused row with its input, prompts and answers."""
        kept = Evidence.of(self._queries, refused.step, refused.row, (refused.source_row, refused.k))
        return RefusedRow(
            refused.verdict,
            refused.row,
            refused.source,
            refused.step,
            refused.reason,
            refused.kind,
            refused.tries,
            kept.input,
            kept.source_row,
            [call for step in self._steps_to(refused.step) for call in self._asked(step, refused.row, kept)],
        )

    def _steps_to(self, step: str) -> list[str]:
        """Return a step and those upstream of it, in the order of the run."""
        # See `kept_by_routes`: `judge routes` is of the step `judge`.
        own = step if step in self._steps else step.rpartition(" ")[0]
        wanted = {own, *upstream_of(own, self._ways)}
        return [name for name in self._steps if name in wanted]

    def _asked(self, step: str, row: str, kept: Evidence) -> Iterator[RowCall]:
        # Upstream steps know the row by the ids that it had there.
        for known in ids_upstream(row):
            prompts = {call: messages for call, messages in kept.prompts.items() if call[:2] == (step, known)}
            for call in self._calls(step, known):
                yield RowCall(step, known, prompts.pop(identity(call), None), _answers(call))
            yield from (RowCall(step, known, messages, []) for messages in prompts.values())

    def _calls(self, step: str, row: str) -> list[Call]:
        """Return the calls of a row that its result is made from."""
        calls = self._queries.calls(step, row) if step in self._asking else []
        old = self._queries.outdated_calls(step, row) if len(calls) > 1 else ()
        return [call for call in calls if identity(call)[2:] not in old]


CallIdentity = tuple[str, str, int, bytes, int]
"""Step, row, attempt, digest and k."""


def identity(call: Call) -> CallIdentity:
    """Return the key of a call."""
    return (call.step, call.row, call.attempt, call.digest, call.k)


class Evidence(NamedTuple):
    """What a run keeps for a refused row: the step's input, the row it was made from, and the prompts."""

    input: dict[str, Any] | None
    source_row: dict[str, Any] | None
    prompts: dict[CallIdentity, list[dict[str, Any]]]
    attempt: int = 0

    @classmethod
    def of(cls, queries: RunQueries, step: str, row: str, place: tuple[str, int] | None = None) -> Evidence:
        """Return what is kept for a row that `step` refused; all of it is empty if nothing is kept.

        `place` is where, if it's known: `source_row` and `k` of the row's verdict.
        """
        result = queries.find_result(kept_step(step), row, place)
        if result is None:
            return cls(None, None, {})
        whose = f"what is kept of row '{row}' at the step '{step}'"
        try:
            return cls._read(queries, result, whose)
        # Only what takes the evidence apart is in here, and one of another form fails in any of these.
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise unreadable(whose, f"{type(error).__name__}: {error}") from error

    @classmethod
    def _read(cls, queries: RunQueries, result: Result, whose: str) -> Evidence:
        (kept,) = stored_rows(result.data, whose)
        prompts = {
            (one["step"], one["row"], one["attempt"], bytes.fromhex(one["digest"]), one["k"]): one["messages"]
            for one in kept["asked"]
        }
        given = _kept_row(queries, kept["input"])
        if given is not None and "of" in kept["input"] and digest_of(orjson.dumps(given)) != result.key:
            # The upstream step has made another row since: it isn't the one that was refused.
            given = None
        return cls(given, _kept_row(queries, kept["source_row"], given), prompts, result.attempt)


def digest_of(encoded: bytes) -> bytes:
    """Return the digest of the row that a step got (16 bytes)."""
    return hashlib.blake2b(encoded, digest_size=16).digest()


def _kept_row(
    queries: RunQueries, kept: dict[str, Any] | None, given: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return a row that is kept as itself, as a reference to a step's result, or as columns of `given`."""
    # References, as rows may be megabytes: keeping copies took as long as all else of a run.
    if kept is None:
        return None
    if "columns" in kept:
        return {name: given[name] for name in kept["columns"]} if given is not None else None
    if "of" not in kept:
        row: dict[str, Any] | None = kept["row"]
        return row
    step, source, number = kept["of"]
    result = queries.result_of(step, source)
    made = stored_rows(result.data, row_of_step(step, source)) if result else []
    return entry_at(made, number)


def _answers(call: Call) -> list[dict[str, Any]]:
    choices = decode_response(call.answer).choices
    return [
        {"text": choice.text, "reasoning": choice.reasoning, "finish_reason": choice.finish_reason}
        for choice in choices
    ]
