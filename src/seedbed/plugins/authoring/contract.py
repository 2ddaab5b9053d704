"""Checks that a hook returned a class of its kind."""

from __future__ import annotations

import inspect
from types import CoroutineType, GeneratorType

from seedbed.plugins.discovery.scan import Installed
from seedbed.plugins.failures import broken


def checked(claim: Installed, answer: object) -> type:
    """Return `answer` if it is a concrete class of the kind of `claim`; else raise `BrokenPluginError`."""
    hook, wanted = claim.kind.hook, claim.kind.wanted
    if answer is None:
        raise broken(
            claim,
            f"{hook}({claim.name!r}) returned None",
            f"it must return {wanted} for every name that {claim.distribution} registers",
        )
    if not isinstance(answer, type) or not issubclass(answer, claim.kind.base_class):
        raise broken(
            claim,
            f"{hook}({claim.name!r}) returned {_describe(answer)}",
            _remedy(claim, answer, hook) or f"it must return {wanted}",
        )
    if lacking := lacks(answer):
        raise broken(
            claim,
            f"{hook}({claim.name!r}) returned {_describe(answer)}, which lacks {lacking}",
            f"define {lacking} in it, or return a class that does",
        )
    return answer


def _remedy(claim: Installed, answer: object, hook: str) -> str | None:
    """Return what to write, for the slips that are seen at once."""
    if isinstance(answer, claim.kind.base_class):
        return f"return the class itself: {type(answer).__qualname__}, not {type(answer).__qualname__}(...)"
    if isinstance(answer, CoroutineType):
        # Python would complain that nobody awaits it.
        answer.close()
        return f"write `def {hook}(name):`, without `async`"
    if isinstance(answer, GeneratorType):
        return f"have {hook} return the class, and not yield it"
    return None


def lacks(cls: type) -> str:
    """Return the abstract methods of a class; empty if it can be instantiated."""
    return ", ".join(sorted(getattr(cls, "__abstractmethods__", ()))) if inspect.isabstract(cls) else ""


def _describe(answer: object) -> str:
    """Return the type only: the repr of a stranger's object may contain anything, even secrets."""
    if isinstance(answer, type):
        return f"the class {_path(answer)}"
    return f"an object of type {_path(type(answer))}"


def _path(cls: type) -> str:
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
