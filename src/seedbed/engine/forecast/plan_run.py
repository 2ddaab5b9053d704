"""`seedbed.plan`: what a run would cost before it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from seedbed.engine.api import logged
from seedbed.engine.engine import Engine, Job
from seedbed.engine.forecast.earlier_run import EarlierRun, earlier_run
from seedbed.engine.forecast.forecast import Forecast, PlannedPrompt
from seedbed.engine.forecast.probing import Expected, check_probe, probe_of, probe_plan
from seedbed.engine.forecast.rehearsal import Rehearsal, rehearse
from seedbed.engine.forecast.segment_walk import items_of
from seedbed.engine.forecast.step_forecast import step_forecasts
from seedbed.engine.forecast.time_needed import time_needed
from seedbed.engine.open_session import open_session
from seedbed.engine.plan import Plan
from seedbed.engine.preview.trace import PreviewedCall
from seedbed.engine.run import Run
from seedbed.engine.run_options import RunOptions
from seedbed.engine.sources.input_rows import Input
from seedbed.engine.stopping.bounds import GIVE_UP_AFTER
from seedbed.errors import UsageError
from seedbed.llm.calling.scope import SHARED
from seedbed.llm.llm import LLM
from seedbed.llm.response import Response
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.authoring.elsewhere import naming_options
from seedbed.plugins.registry import Registry
from seedbed.store import Outputs
from seedbed.tasks.base_step import BaseStep

SHOWN_ROWS = 2
"""Rows whose prompts are shown: the second shows what differs from row to row."""


class Probed(NamedTuple):
    """How many rows were probed, and the session that bought them; None if they were on disk before."""

    rows: int
    run: Run | None


def forecast_of(plan: Plan, name: str | None = None, probed: Probed | None = None) -> Forecast:
    """Return what a run of a plan would take; `name` is that of the run on disk. The plan is used up.

    Nothing is sent, and nothing is written. Raises UsageError for what `run` would refuse.
    """
    check_input(plan)
    with earlier_run(plan, name) as earlier:
        rehearsal = rehearse(plan, earlier)
        steps = step_forecasts(plan, earlier, rehearsal, plan.bounds.prices)
        forecast = Forecast(
            name or plan.name,
            plan.own_n,
            steps,
            list(_prompts(rehearsal)),
            time_needed(steps, plan.bounds, earlier.calls_per_second()),
            earlier.name,
            _kept_rows(plan, earlier),
            max_cost=plan.bounds.max_cost,
            failing=rehearsal.failing(),
        )
        if probed is None:
            return forecast
        expected = Expected(
            plan.own_n, items_of(rehearsal.walks[0], plan, earlier), forecast.calls, forecast.time.at_least
        )
        return replace(forecast, probe=probe_of(plan, earlier, probed.run, probed.rows, expected))


@naming_options
def plan(
    task: str | BaseStep | Pipeline,
    n: int | None = None,
    *,
    llm: str | LLM | None = None,
    input: Input | None = None,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    encoding: str | None = None,
    id: str | Sequence[str] | None = None,
    out: Outputs | None = None,
    csv_safe: bool = False,
    name: str | None = None,
    seed: int | None = None,
    concurrency: int | None = None,
    leaf: str | None = None,
    max_attempts: int | None = None,
    max_failures: int | str | None = None,
    give_up_after: int = GIVE_UP_AFTER,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
    max_bytes_in_flight: int | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    price_input: float | None = None,
    price_output: float | None = None,
    stop_if: str | None = None,
    quality: bool = True,
    shard: str | None = None,
    restart: bool = False,
    probe: int | None = None,
    observers: Iterable[str | object] = (),
    engine: str | Callable[[Job], Engine] | None = None,
    registry: Registry | None = None,
    locked: str | Path | None = None,
) -> Forecast:
    """Return what `seedbed.run` with the same parameters would ask, cost and take; asks nothing itself.

        print(seedbed.plan("qa-pairs", n=1000, llm="openai/gpt-4.1-mini"))

    The first rows go through the steps; a placeholder stands for each answer. Prompts are counted by
    `LLM.estimate_tokens`, answers by their `max_tokens`. If a run of this `name` (or the stem of `out`) is on
    disk, its answers count as there, and its measured tokens and pace are used, unless it's to `restart`.
    Steps that ask no model process the first rows.

    Nothing is sent and nothing kept, unless `probe` says how many rows to pay for. These are the first rows
    of the run, which therefore needs a `name` or `out`; `run` with the same parameters goes on after them.
    What they say about all rows is in `Forecast.probe`, with intervals. Caps, observers and the engine are
    for the probe.

    Raises what `run` raises before anything is spent, and UsageError for an input that can be read only
    once. It waits, also in a notebook.
    """
    # The first statement, as locals() then holds the parameters and nothing else.
    given = locals()
    options = RunOptions({**given, "retry": False})
    made = options.make_plan()
    own_name = name or next((output.name for output in options.outputs or made.outputs), None)
    if probe is None:
        return forecast_of(made, None if restart else own_name)
    check_probe(probe, made, own_name, restart=restart)
    check_input(made)
    assert own_name is not None
    small = probe_plan(made, probe, own_name)
    run = None
    if small is not None:
        notified, engine = options.observers(), options.engine()
        run = logged(open_session(small, name=own_name, observers=notified, engine=engine).execute())
    # Another plan: a run uses up the steps of its own.
    return forecast_of(options.make_plan(), own_name, Probed(probe, run))


def check_input(plan: Plan) -> None:
    """Raise UsageError for an input that would be used up before the run."""
    source = plan.input.source if plan.input is not None else None
    if isinstance(source, Iterator):
        raise UsageError(
            "the input can be read only once, and the run needs it",
            "give a list or a file: input=list(rows)",
        )


def _kept_rows(plan: Plan, earlier: EarlierRun) -> int:
    return earlier.accepted if plan.own_n is None else min(earlier.accepted, plan.own_n)


def _prompts(rehearsal: Rehearsal) -> Iterator[PlannedPrompt]:
    """Yield the prompts of the first rows."""
    places = {row: place for walk in rehearsal.walks for row, place in walk.places.items()}
    shown: dict[str, None] = {}
    for call in rehearsal.calls:
        row = "" if call.row.startswith(SHARED) else call.row.partition("/")[0]
        if row in shown or len(shown) < SHOWN_ROWS:
            shown[row] = None
            asked = PreviewedCall(call.step, call.request, call.answer or Response(choices=()))
            yield PlannedPrompt(row, call.llm.reference, asked, call.is_kept, places.get(row, ""))
