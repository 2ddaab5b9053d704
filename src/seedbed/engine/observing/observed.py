"""What observers get: a run, its calls, its rows and its outcome, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from seedbed.engine.plan import Plan
from seedbed.engine.quality.figures import Quality
from seedbed.engine.run import Outcome, Run
from seedbed.llm.calling.sent import FailedCallTry
from seedbed.llm.response import Response, Usage
from seedbed.llm.response_json import decode_response, sent_of
from seedbed.store import Call, Decided
from seedbed.store.run_values import Decision
from seedbed.tasks.rows import Row


@dataclass(frozen=True, slots=True)
class ObservedRun:
    """A session of a run.

    `task` is what is run, `session` counts the sessions of the run from 1. `folder` is where the run is kept
    (None: it ends with the process). `wanted` is how many rows the dataset is to have (None: as many as there
    are). `leaf` is the step whose rows are the dataset, `leaves` all steps that the pipeline ends in, `steps`
    the names of all steps in order, `models` the references of its LLMs and embedders.
    """

    name: str
    task: str
    session: int
    folder: Path | None
    wanted: int | None
    seed: int
    leaf: str
    leaves: tuple[str, ...]
    steps: tuple[str, ...]
    models: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan, run: Run, session: int) -> ObservedRun:
        """Return what observers get of a run."""
        return cls(
            run.name,
            plan.name,
            session,
            run.folder.absolute() if run.folder else None,
            run.wanted,
            run.seed,
            plan.leaf,
            plan.topology.leaves,
            tuple(step.name for step in plan.steps),
            tuple(backend.reference for backend in plan.backends),
        )


@dataclass(frozen=True, slots=True)
class ObservedCall:
    """A call that was answered, on behalf of a row of a step.

    `attempt` counts how often the row was retried. `cost` is in dollars, None if no price is known. `encoded`
    is the answer as the store has it, in JSON. `row` is empty for calls of a step that makes its rows by
    itself.

    The try that was answered was sent at `started` (seconds since 1970), and its whole answer was there after
    `seconds`; `tries` counts that one and those that failed before. `backend` and `endpoint` (without
    secrets) are those that answered, also in a pool. If `is_reused`, the run had the answer already, the
    call was paid for when that was made, and none of these five is known: None.
    """

    step: str
    row: str
    attempt: int
    model: str
    usage: Usage
    cost: float | None
    encoded: bytes = field(repr=False)
    started: float | None = None
    seconds: float | None = None
    tries: int | None = None
    backend: str | None = None
    endpoint: str | None = None
    is_reused: bool = False

    @property
    def response(self) -> Response:
        """The answer, decoded again for each access."""
        return decode_response(self.encoded)

    @classmethod
    def of(cls, call: Call, *, is_reused: bool = False) -> ObservedCall:
        """Return what observers get of a call in the store."""
        usage = Usage(call.input_tokens, call.output_tokens, call.cached_tokens, call.reasoning_tokens)
        made = cls(
            call.step,
            call.row,
            call.attempt,
            call.model,
            usage,
            call.cost,
            call.answer,
            is_reused=is_reused,
        )
        sent = None if is_reused else sent_of(call.answer)
        return made if sent is None else replace(made, **sent._asdict())


@dataclass(frozen=True, slots=True)
class ObservedTry:
    """A try of a call that had no usable answer, on behalf of a row of a step.

    It was sent at `started` (seconds since 1970) to `endpoint` (without secrets) and failed after `seconds`.
    `number` counts the tries of the call from 1; the last one that is answered is an `ObservedCall`, whose
    `tries` counts them all. `kind` is the name of the error, such as `RateLimitedError` or `TimedOutError`,
    `status` the status of HTTP, if there was one. `row` is empty for calls of a step that makes its rows by
    itself. The error's text is in the log: a server may quote the prompt in it.
    """

    step: str
    row: str
    attempt: int
    number: int
    model: str
    backend: str
    endpoint: str
    started: float
    seconds: float
    kind: str
    status: int | None = None
    is_embedding: bool = False

    @classmethod
    def of(cls, tried: FailedCallTry) -> ObservedTry:
        """Return what observers get of a failed try."""
        return cls(
            tried.step,
            tried.row,
            tried.attempt,
            is_embedding=tried.is_embedding,
            **tried.failed._asdict(),
        )


@dataclass(frozen=True, slots=True)
class ObservedRow:
    """The verdict on a row at a leaf of the pipeline.

    `seq` is its position among the verdicts of the leaf, from 0. With `leaf` it identifies a row, even if a
    later session decides it again. `columns` are those of an accepted row; each observer gets its own object.
    For other rows, `reason` and `kind` (the name of an error) say why the row wasn't accepted, `step` says at
    which step, and `source` names the input row that it came from: `questions.jsonl, line 7`.
    """

    leaf: str
    seq: int
    id: str
    verdict: Decision
    step: str
    columns: Row
    reason: str | None = None
    kind: str | None = None
    source: str | None = None

    @classmethod
    def of(cls, leaf: str, decided: Decided) -> ObservedRow:
        """Return what observers get of a verdict in the store."""
        seq, row, verdict, step, data, *why = decided
        return cls(leaf, seq, row, verdict, step, {} if data is None else orjson.loads(data), *why)


@dataclass(frozen=True, slots=True)
class ObservedOutcome:
    """How a session of a run ended.

    Rows are those of the whole run. Calls, usage, cost (in dollars, None if no price is known) and seconds
    are those of this session; `replayed` calls cost nothing. `stopped_by` says what ended it early, `out` is
    the dataset's file, if one was made. `quality` says what the texts of models are like; None if it isn't
    measured.
    """

    outcome: Outcome
    accepted: int
    rejected: int
    failed: int
    calls: int
    replayed: int
    usage: Usage
    cost: float | None
    seconds: float
    stopped_by: str | None
    out: Path | None
    quality: Quality | None = None

    @classmethod
    def of(cls, run: Run) -> ObservedOutcome:
        """Return what observers get of a run that has ended."""
        return cls(
            run.outcome,
            run.accepted,
            run.rejected,
            run.failed,
            run.calls.answered,
            run.calls.replayed,
            run.calls.usage,
            run.calls.cost,
            run.seconds,
            str(run.stopped_by) if run.stopped_by else None,
            run.out.absolute() if run.out else None,
            run.quality,
        )
