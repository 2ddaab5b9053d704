"""The engine of a run: the built-in one, one that is installed, or a class that the caller has."""

from __future__ import annotations

from collections.abc import Callable

from seedbed.engine.engine import Engine, Job
from seedbed.engine.engine_kind import ENGINES
from seedbed.engine.local import LocalEngine
from seedbed.plugins.class_references import class_named
from seedbed.plugins.registry import Registry


def engine_class(name: str | None, *, registry: Registry | None = None) -> type[Engine]:
    """Return the class of the engine named, or the built-in one; raises what `get_task` raises."""
    return LocalEngine if name is None else class_named(ENGINES, name, registry=registry)


def engine_of(
    given: str | Callable[[Job], Engine] | None, *, registry: Registry | None = None
) -> Callable[[Job], Engine]:
    """Return what makes the engine of a job: a class by its name, or what's given.

    Raises what `get_task` raises.
    """
    return engine_class(given, registry=registry) if given is None or isinstance(given, str) else given
