"""Retrying the failed rows of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from shlex import quote
from typing import Any

from seedbed.cli.failures import ExitStatus
from seedbed.cli.run.kept_options import missing_settings, renewed_options
from seedbed.cli.run.making import Making, make_dataset
from seedbed.cli.run.output_options import renewed_output
from seedbed.cli.runs.kept_plans import check_place, kept_order
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.asking import is_agreed
from seedbed.engine.plan import Plan
from seedbed.engine.resume.file_record import fingerprints_of
from seedbed.engine.resume.manifest import changed_steps
from seedbed.errors import UsageError
from seedbed.plugins.registry import Registry
from seedbed.store import RunReader, SessionRecord


def retry_run(
    name: str,
    registry_with: Callable[[Mapping[str, Any]], Registry],
    given: Mapping[str, Any],
    *,
    yes: bool,
    as_json: bool,
) -> ExitStatus:
    """Retry the failed rows of a run with its own options; raises UsageError if they aren't known.

    `given` are options of `seedbed run`, which replace those that the run was started with.
    `registry_with` returns the registry with the policy that the run was started with.
    """
    folder = kept_run(name)
    with RunReader.open(folder) as reader:
        session = reader.last_working_session()
    kept = kept_order(name, session)
    check_place(name, kept)
    if missing := missing_settings(kept, given):
        again = " ".join(f"--set {key}=..." for key in missing)
        raise UsageError(
            f"the run '{name}' was made with {again}, which is secret and isn't kept",
            f"give it again: seedbed runs retry {quote(name)} {again}",
        )

    def check(plan: Plan) -> bool:
        changed = _changed(name, plan, session)
        return not changed or is_agreed(
            f"the code or files of {', '.join(changed)} have changed: all rows are recomputed, "
            "not only the failed ones",
            "recompute them?",
            yes,
        )

    output, is_safe = renewed_output(kept), kept.get("csv_safe", False)
    how = Making(output, name, retry=True, as_json=as_json, csv_safe=is_safe, check=check)
    registry = registry_with(kept.get("policy") or {})
    return make_dataset(renewed_options(kept, given, str(folder)), registry, how)


def _changed(name: str, plan: Plan, session: SessionRecord | None) -> tuple[str, ...]:
    with RunReader.open(kept_run(name)) as reader:
        return changed_steps(fingerprints_of(plan, reader, retrying=True), session)
