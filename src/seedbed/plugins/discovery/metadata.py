"""The headers of a distribution's metadata, and the versions of Seedbed that it requires."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from seedbed.plugins.discovery.distributions import Distribution, distributions, metadata_file
from seedbed.plugins.names import normalise_distribution

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_HEADER = re.compile(r"(?m)^[ \t]*([^\s:]+)[ \t]*:(.*)$")

_PROJECT_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")

_PLAIN = re.compile(r"[\w.-]+\s*(?:\[[\w\s,.-]*\])?\s*((?:(?:[<>]=?|[!=~]=)\s*[\w.*+!]+\s*,?\s*)*)")

_ONLY_EXTRA = re.compile(r"""\s*extra\s*==\s*(?:'[\w.-]+'|"[\w.-]+")\s*""")

_ONLY_NUMBERS = re.compile(r"\s*(?:[<>]=?\s*[0-9]+(?:\.[0-9]+)*\s*,?\s*)+")

_UPPER = frozenset({"<", "<=", "==", "===", "~="})


class MetadataHeaders:
    """The metadata of one distribution above the first blank line, read without an email parser."""

    def __init__(self, distribution: Distribution) -> None:
        text = metadata_file(distribution, "METADATA") or metadata_file(distribution, "PKG-INFO")
        head = text.partition("\n\n")[0]
        unfolded = re.sub(r"\n[ \t]+", " ", head) if "\n " in head or "\n\t" in head else head
        self._fields: dict[str, list[str]] = {}
        for field, value in _HEADER.findall(unfolded):
            self._fields.setdefault(field.lower(), []).append(value.strip())

    def all(self, field: str) -> list[str]:
        """Return every value of `field`, in order."""
        return self._fields.get(field.lower(), [])

    def first(self, field: str, default: str) -> str:
        """Return the first value of `field`, or `default`."""
        return next(iter(self.all(field)), default)

    @property
    def name(self) -> str:
        """The distribution's name; empty if it has none, or one that an installer would refuse."""
        name = self.first("Name", "")
        return name if _PROJECT_NAME.fullmatch(name) else ""


def required_seedbed(requires_dist: Iterable[str]) -> str | None:
    """Return the specifier for `seedbed` in `Requires-Dist` lines, or None if there is none.

    Lines whose marker doesn't hold here, or that belong to an extra, don't count. A line that can't be parsed
    is returned unchanged, and then excludes every version.
    """
    found = [_specifier(line) for line in requires_dist if _is_for_seedbed(line)]
    return ",".join(part for part in found if part) or None


def _is_for_seedbed(line: str) -> bool:
    match = _PROJECT_NAME.match(line)
    return match is not None and normalise_distribution(match[1]) == "seedbed"


def _specifier(line: str) -> str:
    # Nearly all lines have only a range, or an extra; importing a parser for the full grammar takes 13 ms.
    required, separator, marker = line.partition(";")
    if (plain := _PLAIN.fullmatch(required.rstrip())) and not separator:
        return plain[1].strip()
    if plain and _ONLY_EXTRA.fullmatch(marker):
        return ""
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


@cache
def excludes(specifier: str | None, version: str | None) -> bool:
    """Whether a requirement on Seedbed excludes `version`; prereleases aren't excluded by themselves."""
    if specifier is None or version is None:
        return False
    if _ONLY_NUMBERS.fullmatch(specifier) and re.fullmatch(r"[0-9.]+", version):
        return not all(_allows(bound, version) for bound in specifier.split(","))
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return not SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def _allows(bound: str, version: str) -> bool:
    """Whether a bound of `_ONLY_NUMBERS` allows a version, without `packaging`, whose import takes 15 ms."""
    operator, limit = bound.strip().rstrip("0123456789. "), bound.strip().lstrip("<>= ")
    mine, theirs = ([int(part) for part in text.split(".") if part] for text in (version, limit))
    length = max(len(mine), len(theirs))
    mine, theirs = (numbers + [0] * (length - len(numbers)) for numbers in (mine, theirs))
    return {">=": mine >= theirs, ">": mine > theirs, "<=": mine <= theirs, "<": mine < theirs}[
        operator.strip()
    ]


def is_bounded_above(specifier: str) -> bool:
    """Whether a requirement excludes all versions from some version on, or can't be parsed."""
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
    """Return the installed version of the distribution `name`, or None if it isn't installed."""
    distribution = first_on_path(name)
    if distribution is None:
        return None
    return InstalledVersion(MetadataHeaders(distribution).first("Version", ""), is_editable(distribution))


def first_on_path(name: str) -> Distribution | None:
    """Return the copy of a distribution that Python would import, or None if there is none.

    A copy with readable metadata comes before leftovers of an interrupted installation.
    """
    copies = [*distributions(name)] if name else []
    readable = (copy for copy in copies if MetadataHeaders(copy).name)
    return next(readable, copies[0] if copies else None)


def running_version() -> str | None:
    """Return the version of the running Seedbed, or None if it isn't installed."""
    found = installed_version("seedbed")
    return found.version or None if found else None


def is_editable(distribution: Distribution) -> bool:
    """Whether a distribution is installed in editable form (`pip install -e`), as PEP 610 records it."""
    text = metadata_file(distribution, "direct_url.json")
    try:
        origin = json.loads(text) if text else {}
    except ValueError:
        return False
    folder = origin.get("dir_info") if isinstance(origin, dict) else None
    return isinstance(folder, dict) and folder.get("editable") is True
