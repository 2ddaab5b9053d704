"""Opening a session: its store, its run, and the engine that makes its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from seedbed.engine.engine import Engine, Job
from seedbed.engine.engine_needs import check_engine
from seedbed.engine.handover import Handover
from seedbed.engine.local import LocalEngine
from seedbed.engine.notes import default_notes
from seedbed.engine.observing.observer import Observer
from seedbed.engine.outlets import Emission, Outlets
from seedbed.engine.output_checks import check_output_of
from seedbed.engine.plan import Plan
from seedbed.engine.resume.file_record import record_files
from seedbed.engine.run import Run
from seedbed.engine.run_owner import check_owner
from seedbed.engine.run_start import Start
from seedbed.engine.session import Session
from seedbed.engine.workers.worker_resources import unplaced
from seedbed.errors import UsageError
from seedbed.store import Output, RunStore, check_csv_safe, run_folder
from seedbed.store.dataset_writing import trial_of


def open_session(
    plan: Plan,
    *,
    outputs: Sequence[Output] = (),
    csv_safe: bool = False,
    name: str | None = None,
    restart: bool = False,
    retry: bool = False,
    emit: Callable[[bytes], None] | None = None,
    handover: Handover | None = None,
    order: dict[str, object] | None = None,
    observers: Sequence[Observer] = (),
    engine: Callable[[Job], Engine] = LocalEngine,
) -> Session:
    """Return a session of the plan on its store, which it opens.

    `emit` gets each row of the dataset as JSON when it's durable, in order, on the loop thread. `handover`
    gets them for another thread, except those of a run that had finished. `observers` are notified of
    everything that's durable, each on its own thread.

    Raises UsageError for outputs that can't be written, and what opening the store raises; then no new run
    is left behind.
    """
    _check_outputs(outputs, plan, csv_safe)
    name = outputs[0].name if name is None and outputs else name
    start = Start(name)
    store = _open_store(plan, name, start, restart=restart)
    try:
        _hold_back(plan, store, start)
        outlets = Outlets(Emission(emit) if emit else None, _trial(outputs, plan), handover)
        job = _job(plan, name, store, outlets, retry)
        return Session(
            job,
            _made(engine, job),
            outputs=outputs,
            csv_safe=csv_safe,
            order=order,
            observers=observers,
            start=start,
        )
    except BaseException:
        # An open store keeps its lock: in a notebook, the next try would be refused.
        store.close()
        start.take_back()
        raise


def _check_outputs(outputs: Sequence[Output], plan: Plan, csv_safe: bool) -> None:
    # Before the store: a file that can't be written is refused without leaving a run.
    check_csv_safe(csv_safe, None if not outputs else Path(outputs[0].path))
    for output in outputs:
        check_output_of(output, plan)


def _open_store(plan: Plan, name: str | None, start: Start, *, restart: bool) -> RunStore:
    """Open the store of a run; one without a name lasts as long as it's used.

    With `restart`, an existing run is set aside. Raises UsageError if another process is writing the run, or
    if it belongs to another task or is another shard.
    """
    if name is None:
        return RunStore.open(ephemeral=True)
    try:
        if restart:
            start.set_aside()
        store = RunStore.open(run_folder(name))
        try:
            start.note_opened(store)
            check_owner(store, plan, name)
        except UsageError:
            store.close()
            raise
        return store
    except BaseException:
        # Also for Ctrl-C: a run that --restart has set aside gets its name back.
        start.take_back()
        raise


def _hold_back(plan: Plan, store: RunStore, start: Start) -> None:
    """Have an earlier run stay as it was until an LLM has answered."""
    if plan.backends and start.goes_on:
        # If the LLM refuses the first call (a wrong key), the manifest of a session that made nothing would
        # otherwise count as what the run holds, and a retry would take its order. Before anything is added:
        # what was written in the meantime couldn't be taken back.
        store.hold()


def _job(plan: Plan, name: str | None, store: RunStore, outlets: Outlets, retry: bool) -> Job:
    run = _new_run(plan, name, store)
    fingerprints = record_files(plan, store, retrying=retry)
    return Job(plan, run, store, fingerprints, retry, outlets)


def _trial(outputs: Sequence[Output], plan: Plan) -> Callable[[bytes], None] | None:
    """Return what tries each row for the outputs with a form; None if nothing is paid for.

    A form whose columns aren't there, or a single row that can't have it, was found at the end, after all
    rows had been paid for.
    """
    own = [one for one in outputs if one.leaf in (None, plan.leaf)] if plan.backends else []
    trials = [trial for one in own if (trial := trial_of(one)) is not None]
    if not trials:
        return None

    def try_row(row: bytes) -> None:
        for trial in trials:
            trial.check(row)

    return try_row


def _made(engine: Callable[[Job], Engine], job: Job) -> Engine:
    made = engine(job)
    check_engine(made, job.plan)
    if not made.places:
        job.run.odd += unplaced(job.plan)
    return made


def _new_run(plan: Plan, name: str | None, store: RunStore) -> Run:
    return Run(
        name or plan.name,
        plan.wanted,
        plan.seed,
        leaf=plan.leaf,
        folder=store.folder if name else None,
        store=None if name else store,
        odd=[*default_notes(plan)],
    )
