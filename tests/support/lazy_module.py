"""Modules that are imported by the tests that use them, not while tests are collected.

Every worker collects all tests, so what is imported for that is paid for three times.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def lazy_module(name: str) -> ModuleType:
    """Return a stand-in for a module, which imports it when an attribute is first asked for."""

    class Lazy(ModuleType):
        def __getattr__(self, attribute: str) -> object:
            # What looks for fixtures among the names of a test's module asks each for attributes of its own.
            if attribute.startswith("_"):
                raise AttributeError(attribute)
            return getattr(import_module(name), attribute)

    return Lazy(name)
