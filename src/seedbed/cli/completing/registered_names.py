"""The names of installed plugins, for the shell: read from entry points without importing anything for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_POINTS = "entry_points.txt"


def registered_names(*kinds: str) -> list[str]:
    """Return the names of plugins of these kinds, such as "tasks", sorted.

    `importlib.metadata` finds the same names, but importing it takes longer than all else that Tab does. What
    it finds elsewhere than in folders (in a zip file, say) isn't offered.
    """
    sections = {f"[seedbed.{kind}]" for kind in kinds}
    return sorted({name for text in _texts() for name in _names(text, sections)})


def _texts() -> Iterator[str]:
    for folder in dict.fromkeys(sys.path):
        for distribution in _distributions_in(folder or os.curdir):
            # Most distributions have no entry points.
            with suppress(OSError):
                yield Path(distribution, _POINTS).read_text(encoding="utf-8", errors="replace")


def _distributions_in(folder: str) -> Iterator[str]:
    # A zip file, or a folder that's gone, has nothing to list.
    with suppress(OSError), os.scandir(folder) as entries:
        yield from (entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info")))


def _names(text: str, sections: set[str]) -> Iterator[str]:
    if "seedbed" not in text:
        return
    is_within = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            is_within = line.replace(" ", "") in sections
        elif is_within and "=" in line and not line.startswith(("#", ";")):
            yield line.partition("=")[0].strip()
