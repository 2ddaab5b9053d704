"""The grammar of entry_points.txt, and the object that a line of it names.

See https://packaging.python.org/en/latest/specifications/entry-points/.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple

FILE = "entry_points.txt"
"""The name of the file in a distribution's metadata."""

_REFERENCE = re.compile(r"([\w.]+)\s*(?::\s*([\w.]+)\s*)?(?:\[.*\]\s*)?")


class EntryPoint(NamedTuple):
    """One line, with the title of its section: `[seedbed.llms]`, then `openai = seedbed_openai.plugin`."""

    group: str
    name: str
    value: str


def read_entry_points(text: str) -> Iterator[EntryPoint]:
    """Yield the entry points of a file's text in order; raises ValueError for a line that isn't one.

    `importlib_metadata` reads the same, but importing it takes longer than reading 300 such files.
    """
    group: str | None = None
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            group = line.strip("[]")
        elif group is not None:
            name, separator, value = line.partition("=")
            if not separator:
                raise ValueError(f"{line!r} has no '='")
            yield EntryPoint(group, name.strip(), value.strip())


def load(value: str) -> object:
    """Import what `value` names: `module`, `module:attribute` or `module:one.inside`, maybe with [extras].

    Raises ValueError for another form, and whatever the import raises.
    """
    match = _REFERENCE.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is not of the form module or module:attribute")
    module, attributes = match.groups()
    return functools.reduce(getattr, attributes.split(".") if attributes else (), import_module(module))
