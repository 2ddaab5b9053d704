"""A kind of plugin: its entry-point group, its hooks, and the class that its plugins derive from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar, cast

_Base = TypeVar("_Base", covariant=True)

_HOMES = (
    "seedbed.tasks.task_kinds:TASKS",
    "seedbed.llm.llm_kind:LLMS",
    "seedbed.llm.embedding.embedder_kind:EMBEDDERS",
    "seedbed.tasks.task_kinds:STEPS",
    "seedbed.engine.engine_kind:ENGINES",
    "seedbed.engine.observing.observer_kind:OBSERVERS",
    "seedbed.store.format_kind:FORMATS",
)
"""Where each kind is defined, by name: this package must not import the kinds' base classes."""


class BuiltIn(NamedTuple):
    """What Seedbed itself has under a name of a kind: the class, as `MODULE:CLASS`, and what it's for."""

    home: str
    description: str

    def load(self) -> Any:
        """Return the class."""
        return _object_at(self.home)


class PluginKind(str, Generic[_Base]):
    """A kind of plugin. As a str, it's the entry-point group, which metadata and lock files have.

    `hooks` are the hook specifications; a plugin implements at least one. `base` is the plugins' base class,
    as `MODULE:CLASS`, imported only after a hook has answered. Without `base`, plugins have no class, and
    their hooks are called during a run. Names are unique in a `namespace`.

    `built_in` are the names that need no plugin; they can't be registered again.

    The rest is for messages: `noun` is the word for one plugin, `wanted` what a hook must return, `in_python`
    how to pass an unregistered class in Python, `mention` how to refer to a plugin of this kind when another
    kind was expected, and `if_unknown` is advice for a name that no plugin has.

        LLMS: PluginKind[LLM] = PluginKind("seedbed.llms", (seedbed_llm,), base="seedbed.llm.llm:LLM", ...)
    """

    hooks: tuple[Callable[..., Any], ...]
    base: str
    noun: str
    namespace: str
    wanted: str
    in_python: str
    mention: str
    if_unknown: str
    built_in: Mapping[str, BuiltIn]

    def __new__(
        cls,
        group: str,
        hooks: tuple[Callable[..., Any], ...],
        *,
        noun: str,
        wanted: str,
        in_python: str,
        base: str = "",
        namespace: str = "",
        mention: str = "{name!r} is a {noun}",
        if_unknown: str = "",
        built_in: Mapping[str, BuiltIn] = MappingProxyType({}),
    ) -> PluginKind[_Base]:
        """Return the kind whose entry points are in `group`."""
        made = super().__new__(cls, group)
        made.hooks, made.base, made.noun = hooks, base, noun
        made.namespace = namespace or f"{noun}s"
        made.built_in = built_in
        made.wanted, made.in_python, made.mention, made.if_unknown = wanted, in_python, mention, if_unknown
        return made

    @property
    def word(self) -> str:
        """The word for the kind in commands, such as `seedbed new task`."""
        return self.removeprefix("seedbed.").removesuffix("s")

    @property
    def hook(self) -> str:
        """The hook that answers for names of this kind, such as `seedbed_task`."""
        return self.hook_names[0]

    @property
    def hook_names(self) -> tuple[str, ...]:
        """The names of the hooks of this kind."""
        return tuple(hook.__name__ for hook in self.hooks)

    @property
    def base_class(self) -> type[_Base]:
        """The base class of every plugin of this kind; `object` if there is none."""
        return cast("type[_Base]", _object_at(self.base)) if self.base else cast("type[_Base]", object)

    def __reduce__(self) -> tuple[Any, ...]:
        # Each kind is a singleton: copying or unpickling one returns the same object.
        return kind_of, (str(self),)


@cache
def kinds() -> tuple[PluginKind[Any], ...]:
    """Return every kind of plugin that this version of Seedbed knows."""
    return tuple(_object_at(home) for home in _HOMES)


def kind_of(group: str) -> PluginKind[Any]:
    """Return the kind whose entry points are in `group`; raises `KeyError` if there is none."""
    return {str(kind): kind for kind in kinds()}[group]


def _object_at(reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)
