"""The registry: names on one side, classes on the other, and nothing imported before it is asked for."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from seedbed.errors import UsageError
from seedbed.plugins.contract import base_class, checked, lacks
from seedbed.plugins.failures import not_a_task, refused, unknown
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.loading import load_plugin
from seedbed.plugins.metadata import running_version
from seedbed.plugins.names import is_name, kebab_case
from seedbed.plugins.owner import mark
from seedbed.plugins.policy import Policy, read_policy
from seedbed.plugins.scan import HERE, Installed, scan
from seedbed.plugins.standing import Entry, Status, judge

if TYPE_CHECKING:
    from seedbed.engine.engine import Engine
    from seedbed.llm.llm import LLM
    from seedbed.plugins.hooks import Hooks
    from seedbed.plugins.observer import Observer
    from seedbed.tasks.steps import BaseStep
    from seedbed.tasks.task import BaseTask

_Class = TypeVar("_Class", bound=type)


class Registry:
    """Turns names into classes of tasks, steps, LLMs and engines, and into observers.

    `installed` are the claims to names (default: what `scan` finds), `policy` decides over them
    (default: the one in force in the working directory), and `locked` is a lock file, beside which
    nothing installed may serve. Registries share no state: two of them may live side by side in one
    process.

    Resolving a name raises `UnknownPluginError`, `AmbiguousPluginError`, `DisabledPluginError`,
    `IncompatiblePluginError` or `LockError` before anything is imported, and `BrokenPluginError` where
    the owner's code fails or does not answer as the hook specifies.
    """

    def __init__(
        self,
        installed: Iterable[Installed] | None = None,
        policy: Policy | None = None,
        *,
        locked: str | Path | None = None,
    ) -> None:
        self.policy = read_policy() if policy is None else policy
        if locked is not None:
            from seedbed.plugins.lock_file import read_lock

            self.policy = replace(self.policy, lock=read_lock(Path(locked)))
        self._claims: dict[tuple[str, str], list[Installed]] = {}
        self._classes: dict[Installed, type] = {}
        self.include(scan() if installed is None else installed)

    def include(self, installed: Iterable[Installed]) -> None:
        """Take further claims into account, of what was installed since."""
        for claim in installed:
            self._claims.setdefault((claim.kind.namespace, claim.name), []).append(claim)

    def task(self, name: str) -> type[BaseTask]:
        """Return the task class registered as `name`."""
        claim = self._owner(PluginKind.TASK, name)
        found = self.resolve(claim)
        if not issubclass(found, base_class(PluginKind.TASK)):
            raise not_a_task(claim)
        return cast("type[BaseTask]", found)

    def step(self, name: str) -> type[BaseStep]:
        """Return the step class registered as `name`; a task is a step too."""
        return cast("type[BaseStep]", self.resolve(self._owner(PluginKind.STEP, name)))

    def llm(self, backend: str) -> type[LLM]:
        """Return the LLM class of the backend registered as `backend`: what stands before the first `/`."""
        return cast("type[LLM]", self.resolve(self._owner(PluginKind.LLM, backend)))

    def engine(self, name: str) -> type[Engine]:
        """Return the engine class registered as `name`."""
        return cast("type[Engine]", self.resolve(self._owner(PluginKind.ENGINE, name)))

    def observer(self, name: str) -> Observer:
        """Return a new observer: the hooks of the plugin registered as `name`."""
        return _observer(self._owner(PluginKind.OBSERVER, name))

    def add(self, cls: _Class, name: str | None = None) -> _Class:
        """Register a class of this process, in a notebook say, and return it; `@registry.add` does it too.

        `name` defaults to the class name in kebab-case, for an LLM without its ending `LLM`. A class of the
        same module and qualified name is replaced, so that a cell can run again; any other owner of the
        name is a `UsageError`, and so is a class that is abstract.
        """
        kind = _kind_of(cls)
        if lacking := lacks(cls):
            raise UsageError(
                f"the class {cls.__name__!r} lacks {lacking}", f"add a class derived from it, with {lacking}"
            )
        if name is None:
            name = getattr(cls, "backend", "") or kebab_case(cls.__name__)
        if not is_name(name):
            raise UsageError(f"the name {name!r} is not of the form lower-case-words", "pass another name=")
        claim = Installed(kind, name, f"{cls.__module__}:{cls.__qualname__}", HERE, "")
        owners = self._claims.get((kind.namespace, name), [])
        if any((owner.distribution, owner.value) != (HERE, claim.value) for owner in owners):
            raise UsageError(f"the name {name!r} is taken by {owners[0].owner}", "pass another name=")
        self._claims[claim.kind.namespace, name] = [claim]
        self._classes[claim] = cls
        return cls

    def entries(self) -> tuple[Entry, ...]:
        """Return every claim and how it stands, by kind and name; imports nothing."""
        judged = (entry for claims in self._claims.values() for entry in self._judge(claims))
        return tuple(sorted(judged))

    def names(self, kind: PluginKind) -> tuple[str, ...]:
        """Return the names claimed by plugins of `kind`, sorted."""
        found = {name for claims in self._claims.values() for other, name, *_ in claims if other is kind}
        return tuple(sorted(found))

    def load(self, claim: Installed) -> type | Observer:
        """Return what is behind one claim, whatever policy says of it: a class, or an observer."""
        return _observer(claim) if claim.kind is PluginKind.OBSERVER else self.resolve(claim)

    def resolve(self, claim: Installed) -> type:
        """Return the class behind one claim, whatever policy says of it; the second time is free."""
        if claim not in self._classes:
            answer = self._hooks.ask(claim, load_plugin(claim))
            found = self._classes[claim] = checked(claim, answer)
            mark(found, claim)
        return self._classes[claim]

    @functools.cached_property
    def _hooks(self) -> Hooks:
        # A listing asks no hook, and needs no pluggy.
        from seedbed.plugins.hooks import Hooks

        return Hooks()

    def check_lock(self) -> None:
        """Raise `LockError` where what is installed is not what the lock file of the policy holds."""
        if self.policy.lock is not None:
            self.policy.lock.check()

    def claims_to(self, cls: type) -> tuple[Installed, ...]:
        """Return the claims of installed plugins that have been resolved to a class."""
        found = (claim for claim, known in self._classes.items() if known is cls)
        return tuple(sorted(claim for claim in found if claim.distribution != HERE))

    def _owner(self, kind: PluginKind, name: str) -> Installed:
        self.check_lock()
        claims = self._claims.get((kind.namespace, name))
        if not claims:
            raise unknown(kind, name, {other: self.names(other) for other in PluginKind})
        entries = self._judge(claims)
        usable = [entry.installed for entry in entries if entry.status is Status.OK]
        if not usable:
            raise refused(kind, entries)
        return next((claim for claim in usable if claim.kind is kind), usable[0])

    def _judge(self, claims: Sequence[Installed]) -> tuple[Entry, ...]:
        if claims[0].distribution == HERE:
            return (Entry(claims[0], Status.OK),)
        return judge(claims, self.policy, _running_version())


def _kind_of(cls: type) -> PluginKind:
    if inspect.isclass(cls):
        for kind in (PluginKind.LLM, PluginKind.TASK, PluginKind.STEP, PluginKind.ENGINE):
            if issubclass(cls, base_class(kind)):
                return kind
    raise UsageError(f"{cls!r} is not a class of a task, a step, an LLM or an engine")


def _observer(claim: Installed) -> Observer:
    from seedbed.plugins.observer import Observer

    return Observer(claim, load_plugin(claim))


@functools.cache
def _running_version() -> str | None:
    return running_version()


@functools.cache
def default_registry() -> Registry:
    """Return the registry that is used where none is given; made once per process."""
    return Registry()
