"""Finds installed plugins from entry points and metadata headers, without importing them."""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

from seedbed.plugins.discovery.distributions import (
    Distribution,
    distributions,
    folder_name,
    location,
    metadata_file,
)
from seedbed.plugins.discovery.entry_points import FILE, EntryPoint, read_entry_points
from seedbed.plugins.discovery.metadata import MetadataHeaders, first_on_path, is_editable, required_seedbed
from seedbed.plugins.kinds import PluginKind, kinds
from seedbed.plugins.names import normalise_distribution
from seedbed.suggestions import did_you_mean

_logger = logging.getLogger(__name__)

HERE = "this process"
"""Stands for the distribution of a plugin that has none."""

UNNAMED = "unknown"
"""Stands for a name or version that a distribution's metadata lacks."""

_PREFIX = "seedbed."


class Installed(NamedTuple):
    """One entry point of one installed distribution: a claim to a name.

    `value` is the module that implements the hook, `requires_seedbed` the distribution's specifier for
    Seedbed (None: any), `location` the folder it's installed in. `editable` means that its code is in a
    developer's folder and may change without a new version. `summary` is the line of
    its metadata that says what the distribution is.
    """

    kind: PluginKind[Any]
    name: str
    value: str
    distribution: str
    version: str
    requires_seedbed: str | None = None
    location: str = ""
    editable: bool = False
    summary: str = ""

    @property
    def owner(self) -> str:
        """The distribution and its version, for messages."""
        if self.distribution == UNNAMED:
            return f"a distribution without a name in {self.location}"
        return f"{self.distribution} {self.version}".strip()


class Stray(NamedTuple):
    """An entry point in a `seedbed.*` group that this version of Seedbed does not know."""

    group: str
    name: str
    distribution: str
    version: str

    @property
    def meant(self) -> str:
        """The question whether a known group was meant; empty if none is similar."""
        return "; ".join(did_you_mean(self.group, kinds()))

    def __str__(self) -> str:
        place = f"the unknown group {self.group!r} of {self.distribution} {self.version}"
        return f"an entry point {self.name!r} is in {place}{': ' if self.meant else ''}{self.meant}"


def scan(*, refresh: bool = False) -> tuple[Installed, ...]:
    """Return every installed plugin; cached after the first call in a process.

    `refresh` reads again, after the process has installed something.
    """
    return _read(refresh)[0]


def strays(*, refresh: bool = False) -> tuple[Stray, ...]:
    """Return the entry points in unknown `seedbed.*` groups; cached together with `scan`."""
    return _read(refresh)[1]


def _read(refresh: bool) -> tuple[tuple[Installed, ...], tuple[Stray, ...]]:
    if refresh:
        importlib.invalidate_caches()
        _read_metadata.cache_clear()
    return _read_metadata()


@functools.cache
def _read_metadata() -> tuple[tuple[Installed, ...], tuple[Stray, ...]]:
    known = {str(kind): kind for kind in kinds()}
    installed: list[Installed] = []
    stray: list[Stray] = []
    for distribution, points_text, headers in _owners():
        name, version = headers.name or UNNAMED, headers.first("Version", "") or UNNAMED
        requirement = required_seedbed(headers.all("Requires-Dist"))
        more = (requirement, location(distribution), is_editable(distribution), headers.first("Summary", ""))
        for point in _entry_points(points_text, name):
            kind = known.get(point.group)
            if kind is not None:
                claim = (kind, point.name, point.value, name, version)
                installed.append(Installed(*claim, *more))
            else:
                stray.append(Stray(point.group, point.name, name, version))
    return tuple(sorted(installed)), tuple(sorted(stray))


class _Owner(NamedTuple):
    """One copy of a distribution, with the text of its entry_points.txt."""

    distribution: Distribution
    points_text: str
    headers: MetadataHeaders


def _owners() -> Iterator[_Owner]:
    """Yield each distribution with a `seedbed.*` entry point once: the copy that Python would import."""
    seen: set[str] = set()
    hidden: set[str] = set()
    for distribution in distributions():
        points_text = metadata_file(distribution, FILE)
        if f"[{_PREFIX}" not in points_text.replace(" ", ""):
            hidden.add(folder_name(distribution))
            continue
        headers = MetadataHeaders(distribution)
        name = normalise_distribution(headers.name)
        if not name:
            yield _Owner(distribution, points_text, headers)
        elif name not in seen:
            seen.add(name)
            # Searching the path takes a millisecond, so only do it if there was another copy before.
            winner = first_on_path(name) if name in hidden else None
            if winner is None:
                yield _Owner(distribution, points_text, headers)
            else:
                yield _Owner(winner, metadata_file(winner, FILE), MetadataHeaders(winner))


def _entry_points(points_text: str, name: str) -> list[EntryPoint]:
    try:
        return [point for point in read_entry_points(points_text) if point.group.startswith(_PREFIX)]
    except ValueError as error:
        _logger.warning("skipped %s, whose %s cannot be read: %s", name, FILE, error)
        return []
