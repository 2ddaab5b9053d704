"""Whose a class is: what messages about its code call it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from seedbed.errors import BrokenPluginError
from seedbed.plugins.scan import Installed

# With two underscores: what else a class holds is part of the code that a run knows it by.
_CLAIM = "__seedbed_claim__"


def mark(cls: type, claim: Installed) -> None:
    """Have messages about a class name the plugin that it was found as."""
    setattr(cls, _CLAIM, claim)


def owner_of(cls: type) -> str:
    """Return what messages call a class: its plugin with its package, or its name where no plugin has it."""
    claim = getattr(cls, _CLAIM, None)
    if isinstance(claim, Installed):
        return f"the {claim.kind.noun} {claim.name!r} of {claim.owner}"
    return f"the class {cls.__name__!r}"


def broken_class(cls: type, fact: str, *advice: str) -> BrokenPluginError:
    """Return the error for a class whose own code does not do what the contract says."""
    return BrokenPluginError(f"{owner_of(cls)} is broken: {fact}", *advice)


def line_of(function: Callable[..., Any] | None) -> tuple[str, ...]:
    """Return `in FILE, line N`, where a function is defined; nothing for what is not written in Python."""
    code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
    return (f"in {code.co_filename}, line {code.co_firstlineno}",) if code is not None else ()


def place_of(cls: type) -> tuple[str, ...]:
    """Return `in FILE, line N`, where a class is defined; the file alone where the line cannot be found."""
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    if file is None:
        return ()
    try:
        return (f"in {file}, line {inspect.getsourcelines(cls)[1]}",)
    except (OSError, TypeError):
        return (f"in {file}",)
