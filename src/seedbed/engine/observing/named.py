"""Which observers a run has: those named for it, and those in the settings."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from seedbed.engine.observing.observer import Observer
from seedbed.engine.observing.observer_kind import OBSERVERS
from seedbed.errors import PluginError, UsageError
from seedbed.plugins.discovery.loading import load_plugin
from seedbed.plugins.discovery.scan import HERE, Installed
from seedbed.plugins.discovery.source_file import load_class
from seedbed.plugins.failures import broken, broken_by
from seedbed.plugins.names import is_file_reference, is_name
from seedbed.plugins.policy.policy import settings_table
from seedbed.plugins.registry import Registry, default_registry

KEY = "observers"
VARIABLE = "SEEDBED_OBSERVERS"


class NamedObservers(NamedTuple):
    """The observers that one place names."""

    names: tuple[str, ...] = ()
    place: str = ""


def observers_of(
    given: Iterable[str | object] = (),
    *,
    registry: Registry | None = None,
    named: NamedObservers | None = None,
) -> tuple[Observer, ...]:
    """Return the observers of a run: first those in the settings, each name once.

    `given` are names, `PATH.py:Class`, or objects with hooks; `named` are added to them (default: those in
    the settings). Raises the `PluginError`s and `UsageError`.
    """
    if isinstance(given, str):
        raise UsageError(f"the observers {given!r} aren't a list", f"observers=[{given!r}]")
    if not isinstance(given, Iterable):
        raise UsageError(f"'observers' is of type {type(given).__name__}, not a list", "observers=[observer]")
    named = configured_observers() if named is None else named
    registry = registry or default_registry()
    # An object given twice is one observer; two equal ones may be two trackers.
    once = {one if isinstance(one, str) else id(one): one for one in given}
    own = [one for key, one in once.items() if key not in named.names]
    return (*(_configured(name, named.place, registry) for name in named.names), *_observers(own, registry))


def configured_observers(
    *, folder: Path | None = None, environ: Mapping[str, str] | None = None
) -> NamedObservers:
    """Return the names from the first place that has any: SEEDBED_OBSERVERS, seedbed.toml, pyproject.toml.

    For each file, the nearest one with the setting counts, from `folder` (default: the working directory)
    upwards. Raises `UsageError` if the setting isn't a list of names.
    """
    environ = os.environ if environ is None else environ
    if VARIABLE in environ:
        names = [name.strip() for name in environ[VARIABLE].split(",")]
        return _checked([name for name in names if name], f"the environment variable {VARIABLE}")
    for value, place in _settings(folder or Path.cwd()):
        return _checked(value, place)
    return NamedObservers()


def _settings(folder: Path) -> Iterator[tuple[object, str]]:
    for file_name, table_path, title in (
        ("seedbed.toml", (), ""),
        ("pyproject.toml", ("tool", "seedbed"), "[tool.seedbed] of "),
    ):
        for parent in (folder, *folder.parents):
            table = settings_table(parent / file_name, table_path)
            if table is not None and KEY in table:
                yield table[KEY], f"'{KEY}' in {title}{parent / file_name}"


def _checked(names: object, place: str) -> NamedObservers:
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise UsageError(f"{place} isn't a list", f'give the names of observers: {KEY} = ["my-tracker"]')
    for name in names:
        if not isinstance(name, str) or not is_name(name):
            # A setting applies to every run in the folder, also to one that someone has just cloned: it may
            # name installed plugins, but must not run a file.
            raise UsageError(
                f"{place} has {name!r}, which isn't the name of an observer",
                "name code in a file only on the command line: --plugin PATH.py:CLASS",
            )
    return NamedObservers(tuple(dict.fromkeys(names)), place)


def _configured(name: str, place: str, registry: Registry) -> Observer:
    try:
        return observer_named(name, registry)
    except PluginError as error:
        raise type(error)(error.fact, *error.advice, f"it's named by {place}") from error


def _observers(given: Iterable[str | object], registry: Registry) -> Iterator[Observer]:
    for one in given:
        if not isinstance(one, str):
            yield Observer.of(one)
        elif is_file_reference(one):
            yield _from_file(one, registry)
        else:
            yield observer_named(one, registry)


def _from_file(reference: str, registry: Registry) -> Observer:
    cls = load_class(reference, OBSERVERS, registry.policy.lock)
    claim = Installed(OBSERVERS, cls.__name__, reference, HERE, "")
    try:
        inspect.signature(cls).bind()
    except TypeError as error:
        raise broken(
            claim,
            f"{cls.__name__}() raised TypeError: {error}",
            f"give them defaults, or write observers=[{cls.__name__}(...)] in Python",
        ) from error
    except ValueError:
        # Some classes (of C extensions) have no signature; calling them shows whether they need arguments.
        pass
    try:
        return Observer(claim, cls())
    except PluginError:
        raise
    except Exception as error:
        raise broken_by(claim, f"{cls.__name__}()", error, []) from error


def observer_named(name: str, registry: Registry) -> Observer:
    """Return a new observer: the hooks of the plugin registered as `name`; raises the `PluginError`s."""
    claim = registry.claim_to(OBSERVERS, name)
    return Observer(claim, load_plugin(claim))
