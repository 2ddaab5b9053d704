"""What plugins are for, known without importing them: a file in the package, or the distribution's summary.

A package may have a file `seedbed-plugins.jsonl` next to its `__init__.py`, with a line for each plugin:

    {"group": "seedbed.tasks", "name": "qa-pairs", "description": "Questions with their answers.",
     "goals": ["sft"], "keywords": ["quiz"], "takes_rows": false, "text": "The whole docstring."}

Only `group` and `name` are needed. Where there's no line, the description is the distribution's own.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

from seedbed.plugins.discovery.scan import Installed

FILE = "seedbed-plugins.jsonl"
"""The name of the file in a package."""

_logger = logging.getLogger(__name__)
# A listing reads every such file, and a stranger's may be anything.
_MOST_BYTES = 4_000_000


class Listed(NamedTuple):
    """What a plugin is for: one line, the field's terms, and the docstring, all of them maybe empty.

    `takes_rows` says whether a task works on rows; None if that's not known.
    """

    description: str = ""
    goals: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    takes_rows: bool | None = None
    text: str = ""


def catalogue(claims: Iterable[Installed]) -> dict[Installed, Listed]:
    """Return what is known of each plugin; imports none of them."""
    known: dict[tuple[str, str], Mapping[tuple[str, str], Listed]] = {}
    found = {}
    for claim in claims:
        package = claim.value.partition(":")[0].partition(".")[0]
        place = (package, claim.location)
        if place not in known:
            known[place] = dict(_read(_path(claim, package)))
        alone = Listed(claim.summary)
        found[claim] = known[place].get((str(claim.kind), claim.name), alone)
    return found


def _path(claim: Installed, package: str) -> str:
    # Finding a package takes 30 times as long as opening its file, so only do it for a developer's folder.
    if not claim.editable:
        return f"{claim.location}/{package}/{FILE}"
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return ""
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return f"{folders[0]}/{FILE}" if folders else ""


def _read(path: str) -> Iterator[tuple[tuple[str, str], Listed]]:
    try:
        # Making a `Path` takes longer than to find that there's no such file.
        with open(path, "rb") as file:  # noqa: PTH123
            if os.fstat(file.fileno()).st_size > _MOST_BYTES:
                raise ValueError(f"it has over {_MOST_BYTES:,} bytes")
            content = file.read().decode()
        for line in content.splitlines():
            yield _line(json.loads(line))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        _logger.warning("ignored the rest of %s: %s: %s", path, type(error).__name__, error)


def _line(said: Any) -> tuple[tuple[str, str], Listed]:
    if not isinstance(said, dict):
        raise TypeError("a line isn't an object")
    takes_rows = said.get("takes_rows")
    listed = Listed(
        _text(said, "description"),
        _words(said, "goals"),
        _words(said, "keywords"),
        takes_rows if isinstance(takes_rows, bool) else None,
        _text(said, "text"),
    )
    return (str(said["group"]), str(said["name"])), listed


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise TypeError(f"{name} isn't a text")
    return value


def _words(said: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = said.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{name} isn't a list of texts")
    return tuple(value)
