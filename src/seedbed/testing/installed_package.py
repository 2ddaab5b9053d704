"""One installed distribution, as its metadata and the modules of its plugins show it."""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path

import importlib_metadata

from seedbed.errors import UsageError
from seedbed.plugins.inspection import CheckResult, check_plugin
from seedbed.plugins.metadata import Headers, required_seedbed
from seedbed.plugins.names import normalise_distribution
from seedbed.plugins.scan import Installed, Stray, scan, strays


class InstalledPackage:
    """A distribution by its name; raises UsageError where it is not installed."""

    def __init__(self, name: str) -> None:
        try:
            self._distribution = importlib_metadata.distribution(name)
        except importlib_metadata.PackageNotFoundError as error:
            raise UsageError(
                f"no distribution {name!r} is installed for {sys.executable}",
                "pip install -e .  in the folder of its pyproject.toml",
            ) from error
        self.name = name
        self.headers = Headers(self._distribution)

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
        """The specifier that it puts on Seedbed, or None where it says nothing."""
        return required_seedbed(self.headers.all("Requires-Dist"))

    @property
    def readme(self) -> str:
        """The text of its README, empty where it has none."""
        text = self._distribution.read_text("METADATA") or self._distribution.read_text("PKG-INFO") or ""
        return self.headers.first("Description", "") or text.partition("\n\n")[2].strip()

    @property
    def licences(self) -> list[str]:
        """What its metadata says of a licence: expressions, names, files, classifiers."""
        fields = ("License-Expression", "License", "License-File")
        classified = [text for text in self.headers.all("Classifier") if text.startswith("License ::")]
        return [value for field in fields for value in self.headers.all(field) if value] + classified

    @property
    def untyped(self) -> list[str]:
        """Its modules of plugins at the top level that have no `py.typed`."""
        names = {claim.value.partition(":")[0].partition(".")[0] for claim in self.claims}
        return sorted(name for name in names if not _has_type_marker(name))

    def checked(self) -> list[tuple[Installed, CheckResult]]:
        """Return what importing each plugin in a process of its own shows, once for a process of tests."""
        return [(claim, _checked(claim)) for claim in self.claims]

    def _owns(self, distribution: str) -> bool:
        return normalise_distribution(distribution) == normalise_distribution(self.name)


@functools.cache
def _checked(claim: Installed) -> CheckResult:
    return check_plugin(claim)


def _has_type_marker(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    if spec is None:
        return True
    return any((Path(folder) / "py.typed").is_file() for folder in spec.submodule_search_locations or ())
