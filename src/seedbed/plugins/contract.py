"""The check that what a hook returned is a class of its kind."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from seedbed.plugins.failures import broken
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.scan import Installed

WANTED: Mapping[PluginKind, str] = {
    PluginKind.TASK: "a Task or GeneratorTask class",
    PluginKind.LLM: "an LLM class",
    PluginKind.STEP: "a Step, GeneratorStep or GlobalStep class",
    PluginKind.ENGINE: "an Engine class",
    PluginKind.OBSERVER: "a class with hooks of an observer",
}


def base_class(kind: PluginKind) -> type:
    """Return the class that every plugin of `kind` derives from; an observer may be of any."""
    if kind is PluginKind.LLM:
        from seedbed.llm.llm import LLM

        return LLM
    if kind is PluginKind.ENGINE:
        from seedbed.engine.engine import Engine

        return Engine
    if kind is PluginKind.OBSERVER:
        return object
    if kind is PluginKind.TASK:
        from seedbed.tasks.task import BaseTask

        return BaseTask
    from seedbed.tasks.steps import BaseStep

    return BaseStep


def checked(claim: Installed, answer: object) -> type:
    """Return `answer` if it is a concrete class of the kind of `claim`; else raise `BrokenPluginError`."""
    hook, wanted = claim.kind.hook, WANTED[claim.kind]
    if answer is None:
        raise broken(
            claim,
            f"{hook}({claim.name!r}) returned None",
            f"it must return {wanted} for every name that {claim.distribution} registers",
        )
    if not isinstance(answer, type) or not issubclass(answer, base_class(claim.kind)):
        raise broken(
            claim, f"{hook}({claim.name!r}) returned {_describe(answer)}", f"it must return {wanted}"
        )
    if lacking := lacks(answer):
        raise broken(
            claim,
            f"{hook}({claim.name!r}) returned {_describe(answer)}, which lacks {lacking}",
            f"define {lacking} in it, or return a class that does",
        )
    return answer


def lacks(cls: type) -> str:
    """Name what an abstract class leaves to those derived from it; nothing for one that can be used."""
    return ", ".join(sorted(getattr(cls, "__abstractmethods__", ()))) if inspect.isabstract(cls) else ""


def _describe(answer: object) -> str:
    """Name the type only: the repr of a stranger's object may hold anything."""
    if isinstance(answer, type):
        return f"the class {_path(answer)}"
    return f"an object of type {_path(type(answer))}"


def _path(cls: type) -> str:
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
