"""What a run store keeps: calls, results, verdicts and sessions, as plain values."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

ResultStatus: TypeAlias = Literal["done", "partial", "rejected", "failed"]
Decision: TypeAlias = Literal["accepted", "rejected", "failed"]


class Call(NamedTuple):
    """One answered call of a language model, known by its first five fields.

    `digest` is that of the neutral request, `k` counts the row's earlier calls with this digest.
    `cost` is in dollars, None where no price is known. `answer` is JSON as UTF-8.
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
    """What one step made of one row, known by its first two fields.

    `key` is the digest of the step's fingerprint and its input. `data` is the list of the rows made, as
    JSON in UTF-8; it is empty where `status` is rejected or failed. `reasons` is None where it is done,
    else a JSON list of objects with `reason`, `kind`, `tries`, `text` and `answered`.
    """

    step: str
    row: str
    key: bytes
    attempt: int
    status: ResultStatus
    data: bytes
    reasons: bytes | None = None


class Verdict(NamedTuple):
    """What was decided on one row at a leaf of the pipeline; `seq` counts from 0 for each leaf.

    An accepted row is row `k` of the result of (`step`, `source_row`). For a rejected or failed
    one, that result says why.
    """

    leaf: str
    seq: int
    row: str
    verdict: Decision
    step: str
    source_row: str
    k: int


class SessionRecord(NamedTuple):
    """One process's work on a run.

    `started` and `ended` are ISO 8601 in UTC; `ended`, `outcome` and `summary` are None while it
    works, and for ever where it was killed. `seconds` is right up to the last commit.
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
        """Whether it was stopped, by a wrong key or the like, before it had any answer or decided any row."""
        counts = ("calls", "replayed", "accepted", "failed", "rejected")
        return self.outcome == "stopped" and not any((self.summary or {}).get(count) for count in counts)


class FailureRecord(NamedTuple):
    """A row that a step failed on at its latest attempt, or a part of one, and why.

    `tries` counts how often the call was sent, `text` is the answer that could not be used.
    """

    step: str
    row: str
    attempt: int
    reason: str
    kind: str
    tries: int
    text: str | None


class Refused(NamedTuple):
    """A row that was rejected or failed; `kind` is empty where no reason is kept.

    `source` is how people name the row that it comes from, where that is not by its id.
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


class TotalSpent(NamedTuple):
    """What all sessions of a run used up: calls, tokens, dollars, seconds.

    `unpriced` counts the calls that no price is known of, which `cost` lacks.
    """

    calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost: float
    unpriced: int
    seconds: float
