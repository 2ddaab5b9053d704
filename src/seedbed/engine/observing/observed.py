"""What observers are told of: a run, its calls, its rows and its outcome, as values that change nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import orjson

from seedbed.engine.plan import Plan
from seedbed.engine.run import Outcome, Run
from seedbed.llm.response import Response, Usage
from seedbed.llm.response_json import decode_response
from seedbed.store import Call, Decided
from seedbed.store.run_values import Decision
from seedbed.tasks.rows import Row


@dataclass(frozen=True, slots=True)
class ObservedRun:
    """A session of a run.

    `task` is what is run, `session` counts the sessions of the run from 1, `folder` is where it is kept
    (None: it goes with the process), `leaf` is the step whose rows are the dataset, `leaves` are all that
    the run ends in, `models` the references of its LLMs.
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
        """Return what observers are told of a run."""
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
            tuple(llm.reference for llm in plan.llms),
        )


@dataclass(frozen=True, slots=True)
class ObservedCall:
    """A call that was answered and paid for in this session, on behalf of a row of a step.

    `attempt` counts how often the row has been asked anew, `cost` is in dollars, None where no price is
    known. `encoded` is the answer as the store has it, in JSON. `row` is empty where a step makes its rows
    by itself.
    """

    step: str
    row: str
    attempt: int
    model: str
    usage: Usage
    cost: float | None
    encoded: bytes = field(repr=False)

    @property
    def response(self) -> Response:
        """The answer, decoded anew each time."""
        return decode_response(self.encoded)

    @classmethod
    def of(cls, call: Call) -> ObservedCall:
        """Return what observers are told of a call in the store."""
        usage = Usage(call.input_tokens, call.output_tokens, call.cached_tokens, call.reasoning_tokens)
        return cls(call.step, call.row, call.attempt, call.model, usage, call.cost, call.answer)


@dataclass(frozen=True, slots=True)
class ObservedRow:
    """What was decided on a row at a leaf of the pipeline.

    `seq` is its place among the verdicts of the leaf, from 0: with `leaf` it is what a row is known by,
    also where a later session decides it anew. `columns` are those of an accepted row, an object of the
    observer's own; `reason` and `kind` (the name of an error) say why another was not accepted, and `step`
    where. `source` names such a row where it came from an input: `questions.jsonl, line 7`.
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
        """Return what observers are told of a verdict in the store."""
        seq, row, verdict, step, data, *why = decided
        return cls(leaf, seq, row, verdict, step, {} if data is None else orjson.loads(data), *why)


@dataclass(frozen=True, slots=True)
class ObservedOutcome:
    """How a session of a run has ended.

    Rows are those of the whole run; calls, usage, cost (in dollars, None where no price is known) and
    seconds are those of this session, `replayed` calls cost nothing. `stopped_by` says what ended it
    early, `out` is the dataset's file where one was made.
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

    @classmethod
    def of(cls, run: Run) -> ObservedOutcome:
        """Return what observers are told of a run that has ended."""
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
        )
