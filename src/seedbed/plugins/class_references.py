"""Classes from references: a registered name, or `PATH.py:Class`."""

from __future__ import annotations

from typing import TypeVar

from seedbed.plugins.discovery.source_file import load_class
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.names import is_file_reference
from seedbed.plugins.registry import Registry, default_registry

_Base = TypeVar("_Base")


def class_named(
    kind: PluginKind[_Base], reference: str, /, *, registry: Registry | None = None
) -> type[_Base]:
    """Return the class of a kind that a name or `PATH.py:Class` refers to.

        class_named(ENGINES, "ray")

    Raises the `PluginError`s for a name, and `UsageError` for a file that has no such class.
    """
    if is_file_reference(reference):
        return load_class(reference, kind, registry.policy.lock if registry else None)
    return (registry or default_registry()).find(kind, reference)
