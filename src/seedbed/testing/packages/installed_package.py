"""An installed distribution, read from its metadata and the modules of its plugins."""

from __future__ import annotations

import functools
import importlib.util
import sys
from itertools import accumulate
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.plugins.catalogue.inspection import CheckResult, check_each
from seedbed.plugins.discovery.distributions import metadata_file
from seedbed.plugins.discovery.metadata import MetadataHeaders, first_on_path, required_seedbed
from seedbed.plugins.discovery.scan import Installed, Stray, scan, strays
from seedbed.plugins.names import normalise_distribution


class InstalledPackage:
    """A distribution, by name; raises UsageError if it isn't installed."""

    def __init__(self, name: str) -> None:
        distribution = first_on_path(name)
        if distribution is None:
            raise UsageError(
                f"no distribution {name!r} is installed for {sys.executable}",
                "pip install -e .  in the folder of its pyproject.toml",
            )
        self._distribution = distribution
        self.name = name
        self.headers = MetadataHeaders(self._distribution)

    @functools.cached_property
    def claims(self) -> list[Installed]:
        """Its entry points in the groups that Seedbed knows."""
        return [claim for claim in scan(refresh=True) if self._owns(claim.distribution)]

    @functools.cached_property
    def strays(self) -> list[Stray]:
        """Its entry points in other groups whose names begin with `seedbed.`."""
        return [stray for stray in strays(refresh=True) if self._owns(stray.distribution)]

    @property
    def required_seedbed(self) -> str | None:
        """The versions of Seedbed that it requires, or None if it doesn't say."""
        return required_seedbed(self.headers.all("Requires-Dist"))

    @property
    def readme(self) -> str:
        """The text of its README; empty if it has none."""
        text = metadata_file(self._distribution, "METADATA") or metadata_file(self._distribution, "PKG-INFO")
        return _said(self.headers.first("Description", "")) or _said(text.partition("\n\n")[2].strip())

    @property
    def licences(self) -> list[str]:
        """Its licences in the metadata: expressions, names, files, classifiers."""
        fields = ("License-Expression", "License", "License-File")
        named = [value for field in fields for value in self.headers.all(field) if _said(value)]
        return named + [text for text in self.headers.all("Classifier") if text.startswith("License ::")]

    @property
    def untyped(self) -> list[str]:
        """The modules of its plugins whose package has no `py.typed`."""
        values = dict.fromkeys(claim.value.partition(":")[0] for claim in self.claims)
        return [value for value in values if not _has_type_marker(value)]

    def checked(self) -> list[tuple[Installed, CheckResult]]:
        """Return what importing each plugin in its own process shows; done once per test process."""
        return list(zip(self.claims, _checked(tuple(self.claims)), strict=True))

    def _owns(self, distribution: str) -> bool:
        return normalise_distribution(distribution) == normalise_distribution(self.name)


@functools.cache
def _checked(claims: tuple[Installed, ...]) -> list[CheckResult]:
    return check_each(claims)


def _said(value: str) -> str:
    # Older tools write this if no description was given.
    return "" if value == "UNKNOWN" else value


def _has_type_marker(module: str) -> bool:
    """Whether a module's outermost package, namespace packages aside, has a `py.typed`."""
    for name in accumulate(module.split("."), "{}.{}".format):
        spec = importlib.util.find_spec(name)
        if spec is None:
            return True
        if spec.origin is not None:
            folders = spec.submodule_search_locations or ()
            return any((Path(folder) / "py.typed").is_file() for folder in folders)
    return True
