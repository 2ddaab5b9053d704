"""The values in a run's store: calls, results, verdicts, sessions."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

ResultStatus: TypeAlias = Literal["done", "partial", "rejected", "failed"]
Decision: TypeAlias = Literal["accepted", "rejected", "failed"]


class Call(NamedTuple):
    """One answered call of a language model. Its first five fields are its key.

        call = Call("jokes", "7", 0, digest, 0, "openai/gpt-4.1-mini", 120, 40, 0, 0, 0.0001, answer)

    `digest` is the digest of the request before a backend has translated it. `k` counts the row's earlier
    calls with the same digest: the third time a row asks the same question, it's 2. `cost` is in dollars,
    None if no price is known. `answer` is JSON in UTF-8.
    """

    step: str
    row: str
    attempt: int
    digest: bytes
    k: int
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost: float | None
    answer: bytes


class Result(NamedTuple):
    """What one step made of one row. Its first two fields are its key.

        result = Result("jokes", "7", key, 0, "done", b'[{"joke": "..."}]')

    `key` is the digest of the step's fingerprint and its input: if it has changed, the row is recomputed.
    `data` is a JSON list of the rows made, in UTF-8; the list is empty if `status` is rejected or failed.
    `reasons` is None if `status` is done, else a JSON list of objects with `reason`, `kind`, `tries`, `text`
    and `answered`.
    """

    step: str
    row: str
    key: bytes
    attempt: int
    status: ResultStatus
    data: bytes
    reasons: bytes | None = None


class Verdict(NamedTuple):
    """What was decided about one row at a leaf of the pipeline; `seq` counts from 0 for each leaf.

        verdict = Verdict("jokes", 0, "7", "accepted", "jokes", "7", 0)

    An accepted row is row `k` of the result of (`step`, `source_row`). If the row was rejected or failed,
    that result says why.
    """

    leaf: str
    seq: int
    row: str
    verdict: Decision
    step: str
    source_row: str
    k: int


class PlacedRow(NamedTuple):
    """An accepted row: its place in the order, its id, the result that it's row `k` of, and its data."""

    seq: int
    row: str
    step: str
    source_row: str
    k: int
    data: dict[str, Any]


class SessionRecord(NamedTuple):
    """One process's work on a run.

    `started` and `ended` are ISO 8601 in UTC. `ended`, `outcome` and `summary` are None while the process
    works, and stay None if it's killed. `seconds` is the time up to the last commit.
    """

    id: int
    started: str
    ended: str | None
    seconds: float
    outcome: str | None
    manifest: dict[str, Any]
    summary: dict[str, Any] | None

    @property
    def was_refused(self) -> bool:
        """Whether it was stopped, for example by a wrong key, before it had an answer or decided a row."""
        counts = ("calls", "replayed", "accepted", "failed", "rejected")
        return self.outcome == "stopped" and not any((self.summary or {}).get(count) for count in counts)


class FailureRecord(NamedTuple):
    """Why a step failed on a row, or on a part of it, at its latest attempt.

    `tries` counts how often the call was sent; `text` is the answer that couldn't be used.
    """

    step: str
    row: str
    attempt: int
    reason: str
    kind: str
    tries: int
    text: str | None


class Refused(NamedTuple):
    """A row that was rejected or failed; `kind` is empty if no reason is kept.

    `source` is the name of the input row that it comes from (`questions.jsonl, line 7`), if it has one.
    `source_row` and `k` are those of its verdict.
    """

    seq: int
    row: str
    verdict: Decision
    step: str
    reason: str
    kind: str
    tries: int
    text: str | None
    source: str = ""
    source_row: str = ""
    k: int = 0


class StepSpent(NamedTuple):
    """What the calls of one step to one model used up in all sessions: calls, tokens, dollars.

    `cost` doesn't include the calls whose price isn't known; `unpriced` counts those.
    """

    step: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost: float
    unpriced: int


class ItemSpent(NamedTuple):
    """What the calls of one item took: calls, dollars, and how many of the calls have no known price."""

    calls: int = 0
    cost: float = 0.0
    unpriced: int = 0


class TotalSpent(NamedTuple):
    """What all sessions of a run used up: calls, tokens, dollars, seconds.

    `cost` doesn't include the calls whose price isn't known; `unpriced` counts those.
    """

    calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost: float
    unpriced: int
    seconds: float
