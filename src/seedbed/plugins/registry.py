"""The registry: maps names to plugins' classes, and imports only what is looked up."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from seedbed.errors import UsageError
from seedbed.plugins.authoring.contract import checked, lacks
from seedbed.plugins.discovery.loading import load_plugin
from seedbed.plugins.discovery.metadata import running_version
from seedbed.plugins.discovery.scan import HERE, Installed, scan
from seedbed.plugins.failures import of_another_kind, refused, unknown
from seedbed.plugins.kinds import PluginKind, kind_of, kinds
from seedbed.plugins.names import is_name, kebab_case
from seedbed.plugins.owner import mark
from seedbed.plugins.policy.eligibility import Entry, Status, judge
from seedbed.plugins.policy.policy import Policy, read_policy

if TYPE_CHECKING:
    from seedbed.plugins.hooks import Hooks

_Base = TypeVar("_Base")
_Class = TypeVar("_Class", bound=type)


class Registry:
    """Maps names to the classes of plugins: tasks, steps, LLM backends, embedders and engines.

        registry = Registry()
        registry.task("qa-pairs")(topics=["tides"], llm="openai/gpt-4.1-mini")

        @registry.add
        class Haiku(GeneratorTask): ...

    `installed` are the claims to names (default: what `scan` finds). `policy` chooses among them (default:
    the policy in the working directory). With a lock file in `locked`, only what it has may be used.
    Registries share no state, so a process can have several.

    Looking up a name raises `UnknownPluginError`, `AmbiguousPluginError`, `DisabledPluginError`,
    `IncompatiblePluginError` or `LockError` before anything is imported, and `BrokenPluginError` if the
    plugin's code fails or its hook returns something else than it should.
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
            from seedbed.plugins.policy.lock_file import read_lock

            self.policy = replace(self.policy, lock=read_lock(Path(locked)))
        self._claims: dict[tuple[str, str], list[Installed]] = {}
        self._classes: dict[Installed, type] = {}
        self.include(scan() if installed is None else installed)

    def include(self, installed: Iterable[Installed]) -> None:
        """Add claims, of distributions that were installed later."""
        for claim in installed:
            self._claims.setdefault((claim.kind.namespace, claim.name), []).append(claim)

    def find(self, kind: PluginKind[_Base], name: str) -> type[_Base]:
        """Return the class registered as `name`, among plugins of `kind`.

            registry.find(LLMS, "openai")

        Plugins of other kinds in the same namespace count too: a task is also a step.
        """
        claim = self.claim_to(kind, name)
        found = self.resolve(claim)
        if not issubclass(found, kind.base_class):
            raise of_another_kind(kind, claim)
        return found

    def task(self, name: str) -> type[Any]:
        """Return the class of tasks (derived from `BaseTask`) that is registered as `name`."""
        return self.find(kind_of("seedbed.tasks"), name)

    def step(self, name: str) -> type[Any]:
        """Return the class of steps (derived from `BaseStep`) registered as `name`; a task is a step too."""
        return self.find(kind_of("seedbed.steps"), name)

    def llm(self, backend: str) -> type[Any]:
        """Return the `LLM` class of the backend registered as `backend`: what comes before the first `/`."""
        return self.find(kind_of("seedbed.llms"), backend)

    def embedder(self, backend: str) -> type[Any]:
        """Return the `Embedder` class of the backend registered as `backend`."""
        return self.find(kind_of("seedbed.embedders"), backend)

    def engine(self, name: str) -> type[Any]:
        """Return the `Engine` class registered as `name`."""
        return self.find(kind_of("seedbed.engines"), name)

    def add(self, cls: _Class, name: str | None = None) -> _Class:
        """Register a class of this process, for example in a notebook, and return it.

            registry.add(Haiku)            # or @registry.add above the class

        `name` defaults to the class name in kebab-case, without the suffix `LLM` or `Embedder`. A class of
        the same module and qualified name is replaced, so that a cell can run again. Raises `UsageError` if
        another class or plugin has the name, and for an abstract class.
        """
        kind = _kind_of_class(cls)
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
        """Return every claim and its status, by kind and name; imports nothing."""
        judged = (entry for claims in self._claims.values() for entry in self._judge(claims))
        return tuple(sorted(judged))

    def names(self, kind: PluginKind[Any]) -> tuple[str, ...]:
        """Return the names claimed by plugins of `kind`, sorted."""
        found = {name for claims in self._claims.values() for other, name, *_ in claims if other is kind}
        return tuple(sorted(found))

    def load(self, claim: Installed) -> type | None:
        """Return the class of one claim, whatever policy says; None for a plugin that only has hooks.

        Raises `BrokenPluginError` if the plugin isn't what its kind promises.
        """
        if claim.kind.base:
            return self.resolve(claim)
        from seedbed.plugins.hooks import Hooks

        Hooks().implemented(claim, load_plugin(claim))
        return None

    def resolve(self, claim: Installed) -> type:
        """Return the class of one claim, whatever policy says; cached after the first time."""
        if claim not in self._classes:
            answer = self._hooks.ask(claim, load_plugin(claim))
            found = self._classes[claim] = checked(claim, answer)
            mark(found, claim)
        return self._classes[claim]

    @functools.cached_property
    def _hooks(self) -> Hooks:
        # Imported here: a listing calls no hook, and doesn't need pluggy.
        from seedbed.plugins.hooks import Hooks

        return Hooks()

    def check_lock(self) -> None:
        """Raise `LockError` if what is installed differs from the policy's lock file."""
        if self.policy.lock is not None:
            self.policy.lock.check()

    def claims_to(self, cls: type) -> tuple[Installed, ...]:
        """Return the claims of installed plugins that have been resolved to a class."""
        found = (claim for claim, known in self._classes.items() if known is cls)
        return tuple(sorted(claim for claim in found if claim.distribution != HERE))

    def claim_to(self, kind: PluginKind[Any], name: str) -> Installed:
        """Return the claim that `name` belongs to, after policy and lock; imports nothing."""
        self.check_lock()
        claims = self._claims.get((kind.namespace, name))
        if not claims:
            raise unknown(kind, name, {other: self.names(other) for other in kinds()})
        entries = self._judge(claims)
        usable = [entry.installed for entry in entries if entry.status is Status.OK]
        if not usable:
            raise refused(kind, entries)
        return next((claim for claim in usable if claim.kind is kind), usable[0])

    def _judge(self, claims: Sequence[Installed]) -> tuple[Entry, ...]:
        if claims[0].distribution == HERE:
            return (Entry(claims[0], Status.OK),)
        return judge(claims, self.policy, _running_version())


def _kind_of_class(cls: type) -> PluginKind[Any]:
    if inspect.isclass(cls):
        for kind in kinds():
            if kind.base and issubclass(cls, kind.base_class):
                return kind
    raise UsageError(f"{cls!r} is not a class of a task, a step, an LLM, an embedder, an engine or a format")


@functools.cache
def _running_version() -> str | None:
    return running_version()


@functools.cache
def default_registry() -> Registry:
    """Return the default registry; made once per process."""
    return Registry()


_used: ContextVar[Registry | None] = ContextVar("seedbed_registry", default=None)


def current_registry() -> Registry:
    """Return the registry in which the references in fields are looked up now."""
    return _used.get() or default_registry()


@contextmanager
def looking_up_in(registry: Registry | None) -> Iterator[None]:
    """Look up references in fields of what is made within in `registry`; None changes nothing."""
    token = _used.set(registry or _used.get())
    try:
        yield
    finally:
        _used.reset(token)
