"""What a run's workers must have installed: the same plugins, in the same versions."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.plan import Plan
from seedbed.plugins.discovery.metadata import installed_version, running_version
from seedbed.plugins.discovery.scan import HERE, UNNAMED
from seedbed.plugins.provenance import claims_behind


class Need(NamedTuple):
    """A distribution that a worker must have, in this version."""

    distribution: str
    version: str


class Needs(NamedTuple):
    """What a worker must have installed; it's checked before anything is unpickled."""

    python: str
    distributions: Sequence[Need]


def needs_of(plan: Plan, *classes: type) -> Needs:
    """Return the distributions that a plan's steps, their LLMs and other classes come from."""
    found = dict(_distributions(plan, classes))
    return Needs(_python(), [Need(name, version) for name, version in sorted(found.items())])


def lacking(needs: Needs) -> list[str]:
    """Return what this process lacks of what a run needs, a line each."""
    lines = [] if needs.python == _python() else [f"python {needs.python}: it has {_python()}"]
    for name, version in needs.distributions:
        found = running_version() if name == "seedbed" else _version(name)
        if found != version:
            lines.append(f"{name} {version}: it has {found or 'none'}")
    return lines


def _distributions(plan: Plan, classes: tuple[type, ...]) -> Iterator[tuple[str, str]]:
    yield "seedbed", running_version() or UNNAMED
    of_steps = [type(step) for step in plan.steps]
    of_backends = [
        type(leaf) for step in plan.steps for one in backends_in(step) for leaf in (one, *one._leaves)
    ]
    for cls in (*of_steps, *of_backends, *classes):
        for claim in claims_behind(cls, plan.registry):
            if claim.distribution not in (HERE, UNNAMED):
                yield claim.distribution, claim.version


def _version(name: str) -> str | None:
    found = installed_version(name)
    return found.version if found is not None else None


def _python() -> str:
    # Pickled code objects differ between minor versions.
    return ".".join(platform.python_version_tuple()[:2])
