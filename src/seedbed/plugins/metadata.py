"""The headers of a distribution's metadata, and the versions of Seedbed that it asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol

import importlib_metadata

from seedbed.plugins.names import normalise_distribution

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_PROJECT_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")

_UPPER = frozenset({"<", "<=", "==", "===", "~="})


class Distribution(Protocol):
    """What is used of a distribution, whichever finder supplies it."""

    @property
    def entry_points(self) -> importlib_metadata.EntryPoints:
        """All entry points, parsed."""

    def read_text(self, filename: str, /) -> str | None:
        """Return a metadata file, or None where there is none."""

    def locate_file(self, path: str, /) -> object:
        """Return the path of an installed file."""


class Headers:
    """The metadata of one distribution above the first blank line, read without an email parser."""

    def __init__(self, distribution: Distribution) -> None:
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        unfolded = re.sub(r"\n[ \t]+", " ", text.partition("\n\n")[0])
        self._fields = [
            (key.strip().lower(), value.strip())
            for key, colon, value in (line.partition(":") for line in unfolded.splitlines())
            if colon
        ]

    def all(self, field: str) -> list[str]:
        """Return every value of `field`, in order."""
        return [value for key, value in self._fields if key == field.lower()]

    def first(self, field: str, default: str) -> str:
        """Return the first value of `field`, or `default`."""
        return next(iter(self.all(field)), default)


def required_seedbed(requires_dist: Iterable[str]) -> str | None:
    """Return the specifier that `Requires-Dist` lines put on `seedbed`, or None where there is none.

    Lines whose marker does not hold here, or which belong to an extra, do not count. A line that
    cannot be read is returned as it stands, and then excludes every version.
    """
    found = [_specifier(line) for line in requires_dist if _is_for_seedbed(line)]
    return ",".join(part for part in found if part) or None


def _is_for_seedbed(line: str) -> bool:
    match = _PROJECT_NAME.match(line)
    return match is not None and normalise_distribution(match[1]) == "seedbed"


def _specifier(line: str) -> str:
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
    from packaging.requirements import InvalidRequirement

    try:
        requirement = parse_requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            return ""
    except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
        return line
    return str(requirement.specifier)


def parse_requirement(line: str) -> Requirement:
    """Parse one `Requires-Dist` line; raises `packaging.requirements.InvalidRequirement`."""
    from packaging.requirements import Requirement

    return Requirement(line)


def excludes(specifier: str | None, version: str | None) -> bool:
    """Say whether a requirement on Seedbed excludes `version`; prereleases are not excluded as such."""
    if specifier is None or version is None:
        return False
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return not SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def is_bounded_above(specifier: str) -> bool:
    """Say whether a requirement leaves versions out from some version on, or cannot be read."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return any(part.operator in _UPPER for part in SpecifierSet(specifier))
    except InvalidSpecifier:
        return True


class InstalledVersion(NamedTuple):
    """The copy of a distribution that Python would import; `editable`: its code is a developer's folder."""

    version: str
    editable: bool


def installed_version(name: str) -> InstalledVersion | None:
    """Return what is installed of the distribution `name`, or None where nothing is."""
    try:
        distribution = importlib_metadata.distribution(name)
    except (importlib_metadata.PackageNotFoundError, ValueError):
        return None
    return InstalledVersion(Headers(distribution).first("Version", ""), is_editable(distribution))


def running_version() -> str | None:
    """Return the version of the Seedbed that runs, or None where it runs without being installed."""
    found = installed_version("seedbed")
    return found.version or None if found else None


def is_editable(distribution: Distribution) -> bool:
    """Whether a distribution is installed in editable form (`pip install -e`), as PEP 610 records it."""
    try:
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    except json.JSONDecodeError:
        return False
    folder = origin.get("dir_info") if isinstance(origin, dict) else None
    return isinstance(folder, dict) and folder.get("editable") is True
