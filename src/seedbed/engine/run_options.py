"""What `run`, `arun` and `plan` are called with: they take the same parameters, and read them here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from seedbed.engine.engine import Engine, Job
from seedbed.engine.handover import Handover
from seedbed.engine.named_engine import engine_of
from seedbed.engine.observing.named import observers_of
from seedbed.engine.observing.observer import Observer
from seedbed.engine.open_session import open_session
from seedbed.engine.option_types import check_callable, check_names, check_path
from seedbed.engine.plan import Plan
from seedbed.engine.plan_making import make_plan
from seedbed.engine.resume.file_record import fingerprints_of
from seedbed.engine.resume.manifest import changed_steps
from seedbed.engine.session import Session
from seedbed.engine.stopping.bounds import Bounds
from seedbed.errors import UsageError
from seedbed.plugins.registry import Registry
from seedbed.store import RunReader, is_run, outputs_of, run_folder

_OF_PLANS = ("n", "llm", "input", "columns", "drop", "encoding", "id", "seed", "concurrency")
"""The parameters that `make_plan` takes as they are."""

_OF_SESSIONS = ("name", "csv_safe", "restart")
"""The parameters that `open_session` takes as they are."""

RECOMPUTE = "recompute"
"""The value of `retry` that also makes rows again whose step's code or files have changed."""


class RunOptions:
    """The parameters of `run`, by their names; raises UsageError for what can't be meant.

    `outputs` are those in `out`, without the pipeline's own.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        check_names(**{name: given[name] for name in ("name", "leaf", "encoding", "shard")})
        check_path(locked=given["locked"])
        check_callable(engine=given["engine"])
        if not isinstance(given["retry"], bool) and given["retry"] != RECOMPUTE:
            raise UsageError(
                f"'retry' is {given['retry']!r:.40}", f"give True, False or {RECOMPUTE!r}, which retries all"
            )
        self.outputs = outputs_of(given["out"])
        self.registry = locked_registry(given["registry"], given["locked"])
        self._given = given
        self._bounds = Bounds.parse(**{field.name: given[field.name] for field in fields(Bounds)})

    def make_plan(self) -> Plan:
        """Return the plan; raises what `make_plan` raises."""
        return make_plan(
            self._given["task"],
            **{name: self._given[name] for name in _OF_PLANS},
            # With several branches, the first output says which one counts.
            leaf=self._given["leaf"] or next((one.leaf for one in self.outputs if one.leaf), None),
            bounds=self._bounds,
            registry=self.registry,
        )

    def observers(self) -> tuple[Observer, ...]:
        """Return the observers, also those in the settings; raises what `observers_of` raises."""
        return observers_of(self._given["observers"], registry=self.registry)

    def engine(self) -> Callable[[Job], Engine]:
        """Return what makes the engine; raises what `get_task` raises."""
        return engine_of(self._given["engine"], registry=self.registry)

    def open_session(self, handover_of: Callable[[Plan], Handover] | None = None) -> Session:
        """Return the session of the run, with its store open; raises what `run` raises before it spends.

        `handover_of` makes what the rows leave by, if a program iterates over them.
        """
        plan = self.make_plan()
        retry = self._given["retry"]
        if retry is True and not self._given["restart"]:
            self._check_retry(plan)
        return open_session(
            plan,
            outputs=self.outputs or plan.outputs,
            observers=self.observers(),
            engine=self.engine(),
            handover=handover_of(plan) if handover_of else None,
            retry=bool(retry),
            **{name: self._given[name] for name in _OF_SESSIONS},
        )

    def _check_retry(self, plan: Plan) -> None:
        """Raise UsageError if a retry would make all rows of a step again: its code or files have changed."""
        outputs = self.outputs or plan.outputs
        name = self._given["name"] or (outputs[0].name if outputs else None)
        if name is None or not is_run(run_folder(name)):
            return
        with RunReader.open(run_folder(name)) as reader:
            fingerprints = fingerprints_of(plan, reader, retrying=True)
            changed = changed_steps(fingerprints, reader.last_working_session())
        if changed:
            raise UsageError(
                f"the code or files of {', '.join(map(repr, changed))} have changed since the run {name!r}, "
                "so a retry would make all rows again, not only the failed ones",
                f"to have them made again: retry={RECOMPUTE!r}",
                "to keep them: go back to the plugin's version or the code that made them",
            )


def locked_registry(registry: Registry | None, locked: str | Path | None) -> Registry | None:
    """Return the registry of a lock file, or the given one; raise UsageError if both are given."""
    if locked is None:
        return registry
    if registry is not None:
        raise UsageError("both a registry and a lock file are given", "use Registry(locked=...)")
    return Registry(locked=locked)
