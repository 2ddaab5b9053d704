"""Whose run it is: one of another task, or of another shard, is refused."""

from __future__ import annotations

from seedbed.engine.plan import Plan
from seedbed.errors import UsageError
from seedbed.store.run_queries import RunQueries


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
