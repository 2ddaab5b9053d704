"""The owner of a class, as messages about its code name it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from seedbed.errors import BrokenPluginError
from seedbed.plugins.discovery.scan import Installed

# A dunder name, since all other attributes of a class are part of its code's fingerprint.
_CLAIM = "__seedbed_claim__"


def mark(cls: type, claim: Installed) -> None:
    """Record the plugin that a class was found as, for messages."""
    setattr(cls, _CLAIM, claim)


def claim_to(cls: type) -> Installed | None:
    """Return the plugin that a class, or the class it derives from, was found as; None if it wasn't."""
    claim = getattr(cls, _CLAIM, None)
    return claim if isinstance(claim, Installed) else None


def owner_of(cls: type) -> str:
    """Return how messages name a class: its plugin and package, or its own name if it's no plugin's."""
    if (claim := claim_to(cls)) is not None:
        return f"the {claim.kind.noun} {claim.name!r} of {claim.owner}"
    return f"the class {cls.__name__!r}"


def broken_class(cls: type, fact: str, *advice: str) -> BrokenPluginError:
    """Return the error for a class whose own code violates the contract."""
    return BrokenPluginError(f"{owner_of(cls)} is broken: {fact}", *advice)


def line_of(function: Callable[..., Any] | None) -> tuple[str, ...]:
    """Return `in FILE, line N` for a function; empty if it isn't written in Python."""
    code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
    return (f"in {code.co_filename}, line {code.co_firstlineno}",) if code is not None else ()


def place_of(cls: type) -> tuple[str, ...]:
    """Return `in FILE, line N` for a class; only the file if the line can't be found."""
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    if file is None:
        return ()
    try:
        return (f"in {file}, line {inspect.getsourcelines(cls)[1]}",)
    except (OSError, TypeError):
        return (f"in {file}",)
