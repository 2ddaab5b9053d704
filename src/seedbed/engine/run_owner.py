"""Whose run it is: one of another task, of another shard, or with other ids, is refused."""

from __future__ import annotations

from shlex import quote

from seedbed.engine.plan import Plan
from seedbed.errors import UsageError
from seedbed.store.run_queries import RunQueries


def check_owner(store: RunQueries, plan: Plan, name: str) -> None:
    """Raise UsageError if a run belongs to another task, knows its rows by other ids, or is another shard."""
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
    _check_ids(last.manifest.get("id"), plan, name)
    _check_shard(last.manifest.get("shard"), plan, name)


def _check_ids(kept: list[str] | None, plan: Plan, name: str) -> None:
    """Raise UsageError if the rows of a run would all be new ones, whose answers are bought again."""
    asked = list(plan.id_columns.names) if plan.id_columns is not None else None
    if kept == asked:
        return
    as_before = f"go on with {_options(kept)}" if kept else "go on without --id"
    raise UsageError(
        f"the run '{name}' knows its rows by {_told(kept)}, not by {_told(asked)}",
        f"{as_before} (`id` in Python and in files), or give this run another name: --name NAME",
        "or start over with --restart, which sets the old one aside",
    )


def _told(columns: list[str] | None) -> str:
    return " and ".join(f"'{column}'" for column in columns) if columns else "what they hold"


def _options(columns: list[str]) -> str:
    return " ".join(f"--id {quote(column)}" for column in columns)


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
