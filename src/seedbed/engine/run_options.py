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
from seedbed.engine.option_types import check_names, check_path
from seedbed.engine.plan import Plan
from seedbed.engine.plan_making import make_plan
from seedbed.engine.session import Session
from seedbed.engine.stopping.bounds import Bounds
from seedbed.errors import UsageError
from seedbed.plugins.registry import Registry
from seedbed.store import outputs_of

_OF_PLANS = ("n", "llm", "input", "columns", "drop", "encoding", "id", "seed", "concurrency")
"""The parameters that `make_plan` takes as they are."""

_OF_SESSIONS = ("name", "csv_safe", "restart", "retry")
"""The parameters that `open_session` takes as they are."""


class RunOptions:
    """The parameters of `run`, by their names; raises UsageError for what can't be meant.

    `outputs` are those in `out`, without the pipeline's own.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        check_names(**{name: given[name] for name in ("name", "leaf", "encoding")})
        check_path(locked=given["locked"])
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
        return open_session(
            plan,
            outputs=self.outputs or plan.outputs,
            observers=self.observers(),
            engine=self.engine(),
            handover=handover_of(plan) if handover_of else None,
            **{name: self._given[name] for name in _OF_SESSIONS},
        )


def locked_registry(registry: Registry | None, locked: str | Path | None) -> Registry | None:
    """Return the registry of a lock file, or the given one; raise UsageError if both are given."""
    if locked is None:
        return registry
    if registry is not None:
        raise UsageError("both a registry and a lock file are given", "use Registry(locked=...)")
    return Registry(locked=locked)
