"""The store of a run: opened, begun anew, and kept from other tasks."""

from __future__ import annotations

from seedbed.engine.plan import Plan
from seedbed.engine.start import Start
from seedbed.errors import UsageError
from seedbed.llm.budget.budget import Spent
from seedbed.llm.budget.prices import Prices
from seedbed.llm.response import Usage
from seedbed.store import RunStore, run_folder


def open_store(plan: Plan, name: str | None, start: Start, *, restart: bool = False) -> RunStore:
    """Open the store of a run, or one that lasts as long as it is used where the run has no name.

    With `restart`, what was there is set aside, if anything was. Raises UsageError where another process
    works on it, and where it is another task's.
    """
    if name is None:
        return RunStore.open(ephemeral=True)
    if restart:
        start.set_aside()
    store = RunStore.open(run_folder(name))
    try:
        _check_owner(store, plan, name)
    except UsageError:
        store.close()
        raise
    return store


def spent_before(store: RunStore, plan: Plan, prices: Prices) -> Spent:
    """Return what the earlier sessions of a run have spent.

    Calls that were made before their price was known cost what they would cost now: a cap on money that is
    set later counts them as well.
    """
    total = store.spent()
    cost = total.cost
    if plan.bounds.max_cost is not None and total.unpriced:
        llms = {llm.model_name: llm for llm in plan.llms}
        for model, (sent, answered, cached) in store.unpriced().items():
            if llm := llms.get(model):
                cost += prices.cost_of(llm, Usage(sent, answered, cached)) or 0.0
    return Spent(total.input_tokens + total.output_tokens, cost, total.seconds)


def _check_owner(store: RunStore, plan: Plan, name: str) -> None:
    last = store.last_session()
    if last is None or not (store.has_calls() or store.has_results()):
        # One that was refused before it made anything keeps its name from nobody.
        return
    if last.manifest.get("task") != plan.name:
        raise UsageError(
            f"the run '{name}' is one of '{last.manifest.get('task')}', not of '{plan.name}'",
            "give this one a name of its own: --name NAME on the command, name='NAME' in Python",
            "or begin it anew with --restart, which keeps the old one aside",
        )
