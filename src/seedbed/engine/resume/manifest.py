"""What a run's store says of a session: what ran, in which versions."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from typing import Any

from seedbed.engine.llm_fields import llms_in
from seedbed.engine.plan import Plan
from seedbed.engine.resume.stand_ins import manifest_entries
from seedbed.plugins.metadata import installed_version, running_version
from seedbed.plugins.provenance import claims_behind
from seedbed.plugins.registry import Registry
from seedbed.plugins.scan import HERE, Installed
from seedbed.store import RunStore, SessionRecord
from seedbed.tasks.steps import BaseStep

BRANCHES = "branches"
"""The entry of a manifest that says how the calls of a row are counted."""


def manifest_of(
    plan: Plan,
    fingerprints: Mapping[str, bytes],
    order: Mapping[str, Any] | None = None,
    *,
    kept: RunStore,
    retrying: bool = False,
) -> dict[str, Any]:
    """Return the manifest of a session as JSON values, without any secret.

    `order` is what the user asked for, where the command can give it again.
    """
    return {
        "task": plan.name,
        "n": plan.n,
        "wanted": plan.wanted,
        "seed": plan.seed,
        "leaf": plan.leaf,
        "input": str(plan.input.path) if plan.input is not None and plan.input.path is not None else None,
        "reading": _reading(plan),
        "steps": [
            {
                **_step(step, fingerprints[step.name], plan.registry),
                **manifest_entries(step, plan.seed, kept, retrying=retrying),
            }
            for step in plan.steps
        ],
        "ways": [
            [edge.parent, edge.child, edge.when.text if edge.when else None] for edge in plan.topology.edges
        ],
        "versions": {"seedbed": running_version(), "python": platform.python_version()},
        "order": dict(order) if order else None,
    }


def _reading(plan: Plan) -> dict[str, Any] | None:
    """Return how the input was read, so that its rows are found in it again."""
    if plan.input is None:
        return None
    said = plan.input.reading
    return {"encoding": said.encoding, "columns": said.columns, "drop": said.drop}


def changed_steps(fingerprints: Mapping[str, bytes], earlier: SessionRecord | None) -> tuple[str, ...]:
    """Return the steps that would make other rows now than in an earlier session, by its manifest."""
    steps = earlier.manifest.get("steps", ()) if earlier else ()
    known = {step["name"]: step["fingerprint"] for step in steps}
    return tuple(name for name, now in fingerprints.items() if name in known and known[name] != now.hex())


def tells_branches_apart(store: RunStore) -> bool:
    """Return whether calls that a row makes at once are kept apart.

    In a run that an earlier version began they are not: all calls of a row are counted together there, or
    its answers would be bought again.
    """
    earlier = store.last_working_session() if store.has_calls() else None
    return earlier is None or earlier.manifest.get(BRANCHES, False) is True


def _step(step: BaseStep, fingerprint: bytes, registry: Registry) -> dict[str, Any]:
    return {
        "name": step.name,
        **_origin(type(step), registry),
        "fingerprint": fingerprint.hex(),
        "llms": [{"reference": llm.reference, **_origin(type(llm), registry)} for llm in llms_in(step)],
    }


def _origin(cls: type, registry: Registry) -> dict[str, Any]:
    """Return what a class is called, the distribution it comes from, and the plugins that it is behind."""
    claims = claims_behind(cls, registry)
    return {
        "class": f"{cls.__module__}.{cls.__qualname__}",
        "package": claims[0].owner if claims else _package(cls.__module__),
        "plugins": plugins_of(claims),
    }


def plugins_of(claims: Iterable[Installed]) -> list[dict[str, Any]]:
    """Return what a manifest says of plugins: what a lock file is made of."""
    return [
        {
            "group": str(claim.kind),
            "name": claim.name,
            "distribution": claim.distribution,
            "version": claim.version,
            "editable": claim.editable,
        }
        for claim in claims
        if claim.distribution != HERE
    ]


def _package(module: str) -> str | None:
    """Return name and version of the distribution that is named as its top package, as most are."""
    name = module.partition(".")[0].replace("_", "-")
    found = installed_version(name)
    return f"{name} {found.version}" if found else None
