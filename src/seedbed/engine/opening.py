"""Opens the store of a run, or a new one, and refuses that of another task or of another shard."""

from __future__ import annotations

from seedbed.engine.plan import Plan
from seedbed.engine.start import Start
from seedbed.errors import UsageError
from seedbed.llm.budget.budget import Spent
from seedbed.llm.budget.prices import Prices
from seedbed.llm.response import Usage
from seedbed.store import RunStore, run_folder
from seedbed.store.run_queries import RunQueries


def open_store(plan: Plan, name: str | None, start: Start, *, restart: bool = False) -> RunStore:
    """Open the store of a run; a run without a name gets one that lasts as long as it's used.

    With `restart`, an existing run is set aside. Raises UsageError if another process is writing the run, or
    if it belongs to another task or is another shard.
    """
    if name is None:
        return RunStore.open(ephemeral=True)
    if restart:
        start.set_aside()
    store = RunStore.open(run_folder(name))
    try:
        check_owner(store, plan, name)
    except UsageError:
        store.close()
        raise
    return store


def spent_before(store: RunStore, plan: Plan, prices: Prices) -> Spent:
    """Return what earlier sessions of a run have spent.

    Calls made before their price was known cost what they'd cost now, so a cap on money that is set later
    counts them as well.
    """
    total = store.spent()
    cost = total.cost
    if plan.bounds.max_cost is not None and total.unpriced:
        backends = {leaf.model_name: leaf for backend in plan.backends for leaf in backend._leaves}
        for model, (sent, answered, cached) in store.unpriced().items():
            if backend := backends.get(model):
                cost += prices.cost_of(backend, Usage(sent, answered, cached)) or 0.0
    return Spent(total.input_tokens + total.output_tokens, cost, total.seconds)


def check_owner(store: RunQueries, plan: Plan, name: str) -> None:
    """Raise UsageError if a run belongs to another task, or has other rows than the shard asked for."""
    last = store.last_session()
    if last is None or not (store.has_calls() or store.has_results()):
        # A run that was refused before it made anything doesn't block its name.
        return
    if last.manifest.get("task") != plan.name:
        raise UsageError(
            f"the run '{name}' belongs to '{last.manifest.get('task')}', not to '{plan.name}'",
            "give this run another name: --name NAME on the command, name='NAME' in Python",
            "or start over with --restart, which sets the old one aside",
        )
    _check_shard(last.manifest.get("shard"), plan, name)


def _check_shard(kept: str | None, plan: Plan, name: str) -> None:
    """Raise UsageError if a shard would replace the rows of another one, or those of a whole run.

    A run over all rows may go on where a shard was: it keeps what the shard has and makes the rest.
    """
    asked = plan.bounds.shard
    if asked is None or kept == str(asked):
        return
    has = f"is the shard {kept}" if kept else "has all rows"
    own = f"{plan.name}-{asked.number}"
    raise UsageError(
        f"the run '{name}' {has}, not the shard {asked}",
        f"give each shard a name and a file of its own: --name {own} -o {own}.jsonl on the command,",
        f"name='{own}' and out='{own}.jsonl' in Python",
        "or start over with --restart, which sets the old run aside",
    )
