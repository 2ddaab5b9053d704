"""The name under which a class is registered: the way back from `class_named`."""

from __future__ import annotations

from typing import Any

from seedbed.plugins.discovery.scan import HERE, Installed
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.policy.eligibility import Status
from seedbed.plugins.registry import Registry


def registered_name(kind: PluginKind[Any], cls: type, registry: Registry) -> str | None:
    """Return the name that `registry.find(kind, name)` answers with `cls`, or None if there is none.

    Of the installed plugins, only those of the class's own package are imported.
    """
    claims = (entry.installed for entry in registry.entries() if entry.status is Status.OK)
    candidates = (claim for claim in claims if _may_be(claim, kind, cls))
    return next((claim.name for claim in candidates if registry.find(kind, claim.name) is cls), None)


def _may_be(claim: Installed, kind: PluginKind[Any], cls: type) -> bool:
    if claim.kind.namespace != kind.namespace:
        return False
    if claim.distribution == HERE:
        return claim.value == f"{cls.__module__}:{cls.__qualname__}"
    return claim.value.partition(":")[0].partition(".")[0] == cls.__module__.partition(".")[0]
