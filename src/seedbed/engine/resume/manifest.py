"""The manifest of a session in a run's store: what ran, in which versions."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from typing import Any

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.plan import Plan
from seedbed.engine.resume.stand_ins import manifest_entries
from seedbed.engine.resume.step_description import card_entries
from seedbed.engine.resume.step_fields import described_step
from seedbed.plugins.discovery.metadata import installed_version, running_version
from seedbed.plugins.discovery.scan import HERE, Installed
from seedbed.plugins.provenance import claims_behind
from seedbed.plugins.registry import Registry
from seedbed.store import RunStore, SessionRecord
from seedbed.store.file_source import FileSource
from seedbed.store.read_options import Reading
from seedbed.store.row_files import RowFiles
from seedbed.tasks.base_step import BaseStep

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

    `order` is what the user asked for, if a command can repeat it.
    """
    secrets = plan.secrets()
    return {
        "task": plan.name,
        "n": plan.n,
        **({"shard": str(plan.bounds.shard)} if plan.bounds.shard is not None else {}),
        "wanted": plan.wanted,
        "seed": plan.seed,
        "leaf": plan.leaf,
        "input": _input(plan),
        "reading": _reading(plan),
        "id": list(plan.id_columns.names) if plan.id_columns is not None else None,
        "id_step": plan.id_step,
        "steps": [
            {
                **_step(plan.as_written(step), fingerprints[step.name], plan.registry),
                **manifest_entries(step, plan.seed, kept, retrying=retrying),
                **described_step(plan.as_written(step), secrets),
                **card_entries(plan.as_written(step)),
                **_files_of_step(step),
            }
            for step in plan.steps
        ],
        "ways": [
            [edge.parent, edge.child, edge.when.text if edge.when else None] for edge in plan.topology.edges
        ],
        "versions": {"seedbed": running_version(), "python": platform.python_version()},
        "order": dict(order) if order else None,
    }


def _input(plan: Plan) -> str | list[str] | None:
    """Return the file of the input, or its files; None if it isn't read from files."""
    if plan.input is None or plan.input.files is None:
        return None
    paths = [str(path) for path in plan.input.files.paths]
    return paths[0] if len(paths) == 1 else paths


def _files_of_step(step: BaseStep) -> dict[str, Any]:
    """Return the files of a source that isn't the input, and how they were read."""
    if not isinstance(step, FileSource):
        return {}
    files = step.row_files()
    return {"files": [str(path) for path in files.paths], "reading": _described(files.reading, files)}


def _reading(plan: Plan) -> dict[str, Any] | None:
    """Return how the input was read, so that its rows can be found in it again."""
    if plan.input is None:
        return None
    return _described(plan.input.reading, plan.input.files)


def _described(said: Reading, files: RowFiles | None) -> dict[str, Any]:
    return {
        "encoding": said.encoding,
        "columns": said.columns,
        "drop": said.drop,
        **({"delimiter": said.delimiter} if said.delimiter is not None else {}),
        **({"endings": files.endings} if files is not None and files.endings else {}),
        **({"names": files.names} if files is not None and files.names else {}),
    }


def changed_steps(fingerprints: Mapping[str, bytes], earlier: SessionRecord | None) -> tuple[str, ...]:
    """Return the steps whose fingerprint differs from an earlier session's manifest."""
    steps = earlier.manifest.get("steps", ()) if earlier else ()
    known = {step["name"]: step["fingerprint"] for step in steps}
    return tuple(name for name, now in fingerprints.items() if name in known and known[name] != now.hex())


def tells_branches_apart(store: RunStore) -> bool:
    """Return whether concurrent calls of a row are told apart.

    Not in a run that an earlier version began: it counted all calls of a row together, and counting otherwise
    would buy its answers again.
    """
    earlier = store.last_working_session() if store.has_calls() else None
    return earlier is None or earlier.manifest.get(BRANCHES, False) is True


def _step(step: BaseStep, fingerprint: bytes, registry: Registry) -> dict[str, Any]:
    return {
        "name": step.name,
        **_origin(type(step), registry),
        "fingerprint": fingerprint.hex(),
        "llms": [{"reference": llm.reference, **_origin(type(llm), registry)} for llm in backends_in(step)],
    }


def _origin(cls: type, registry: Registry) -> dict[str, Any]:
    """Return a class's name, the distribution it comes from, and the plugins that provide it."""
    claims = claims_behind(cls, registry)
    return {
        "class": f"{cls.__module__}.{cls.__qualname__}",
        "package": claims[0].owner if claims else _package(cls.__module__),
        "plugins": plugins_of(claims),
    }


def plugins_of(claims: Iterable[Installed]) -> list[dict[str, Any]]:
    """Return what a manifest says about plugins: a lock file is made from this."""
    return [
        {
            "group": str(claim.kind),
            "name": claim.name,
            "distribution": claim.distribution,
            "version": claim.version,
            "editable": claim.editable,
        }
        for claim in claims
        if claim.distribution != HERE  # a class of the caller's own: no distribution that a lock could name
    ]


def _package(module: str) -> str | None:
    """Return name and version of the distribution called like its top package, as most are."""
    name = module.partition(".")[0].replace("_", "-")
    found = installed_version(name)
    return f"{name} {found.version}" if found else None
