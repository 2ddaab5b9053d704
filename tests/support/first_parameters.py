"""Leaves out all but the first parameters of each test; a plugin of pytest, also of one by itself: `-p`."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import pytest

PART = 3
"""Of so many other tests of a faulty class, one is run: each of them with a third of the faults."""


class FirstParameters:
    """Leaves out all but the first parameters of each test.

    `whole` has tests that are run with all their parameters, by class; of the other tests of these classes,
    every third is run. An empty name leaves a class as the others.
    """

    def __init__(self, whole: Mapping[str, str] | None = None) -> None:
        self.whole = whole or {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave them out of those that the options have chosen."""
        names = {item: getattr(item, "originalname", item.name) for item in items}
        first = {(item.parent, names[item]): item for item in reversed(items)}
        firsts = set(first.values())
        items[:] = [item for item in items if self._is_run(item, names[item], item in firsts)]

    def _is_run(self, item: pytest.Item, name: str, is_first: bool) -> bool:
        cls = item.parent.name if item.parent is not None else ""
        if not (whole := self.whole.get(cls)):
            return is_first
        return name == whole or (is_first and crc32(f"{cls} {name}".encode()) % PART == 0)


def pytest_configure(config: pytest.Config) -> None:
    """Do it where this module is named as a plugin."""
    config.pluginmanager.register(FirstParameters())
