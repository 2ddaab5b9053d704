"""The steps of a run, what each has made so far, and the ways between them."""

from __future__ import annotations

from typing import Any, NamedTuple

from seedbed import RunReader


class StepShown(NamedTuple):
    """A step: its name, class, models, the steps that it gets rows from, and results by status."""

    name: str
    kind: str
    llms: tuple[str, ...]
    parents: tuple[str, ...]
    counts: dict[str, int]


def steps_of(reader: RunReader) -> list[StepShown]:
    """Return the steps in their order."""
    session = reader.last_session()
    manifest: dict[str, Any] = session.manifest if session else {}
    parents: dict[str, list[str]] = {}
    for parent, child, *_ in manifest.get("ways", ()):
        parents.setdefault(child, []).append(parent)
    counts = reader.count_results()
    return [
        StepShown(
            step["name"],
            str(step.get("class", "")).rpartition(".")[2].rpartition(":")[2],
            tuple(_models(step.get("llms"))),
            tuple(parents.get(step["name"], ())),
            counts.get(step["name"], {}),
        )
        for step in manifest.get("steps", ())
    ]


def _models(llms: Any) -> list[str]:
    """Return the references of a step's models, from what the manifest has of them."""
    found = llms.values() if isinstance(llms, dict) else llms or ()
    names = (one if isinstance(one, str) else one.get("reference") or one.get("model") for one in found)
    return [str(name) for name in names if name]
