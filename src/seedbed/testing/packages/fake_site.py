"""Fake installed distributions, without an installer: metadata and modules in a folder."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from seedbed.plugins.discovery.scan import Installed, scan
from seedbed.plugins.policy.policy import Policy
from seedbed.plugins.registry import Registry


def fake_distribution(
    folder: Path,
    name: str,
    entry_points: Mapping[str, Mapping[str, str]],
    modules: Mapping[str, str] | None = None,
    *,
    version: str = "1.0",
    requires: Sequence[str] = (),
    metadata: str | None = None,
) -> Path:
    """Write a distribution into a folder, as an installer would, and return its dist-info folder.

    `entry_points` are `{group: {name: module}}`, `modules` are `{module: source}`. `metadata` replaces the
    METADATA made from name, `version` and `requires`. Python finds it once the folder is on `sys.path`.
    """
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(metadata or _metadata(name, version, requires))
    (info / "entry_points.txt").write_text("\n".join(_sections(entry_points)))
    for module, source in (modules or {}).items():
        path = folder / f"{module.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
    return info


def _metadata(name: str, version: str, requires: Sequence[str]) -> str:
    headers = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    headers += [f"Requires-Dist: {requirement}" for requirement in requires]
    return "\n".join([*headers, "\nThe description: never a header.\n"])


def _sections(entry_points: Mapping[str, Mapping[str, str]]) -> Iterable[str]:
    for group, names in entry_points.items():
        yield f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in names.items())


def forget_modules(folder: Path, names: Iterable[str] | None = None) -> None:
    """Take modules imported from below a folder out of `sys.modules`: all of them, or those with given names.

    A package without `__init__.py` has no file, only a path: one that's left would hide the real package of
    its name, without a single attribute, from whatever runs next.
    """
    for name in [*sys.modules] if names is None else names:
        module = sys.modules[name]
        file = getattr(module, "__file__", None)
        places = [file] if file else [*getattr(module, "__path__", ())]
        if places and all(Path(place).is_relative_to(folder) for place in places):
            del sys.modules[name]


class FakeSite:
    """A folder of fake distributions, importable in a `with` block, and forgotten at its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def __enter__(self) -> Self:
        self._before = set(sys.modules)
        sys.path.insert(0, str(self.folder))
        return self

    def __exit__(self, *_: object) -> None:
        sys.path.remove(str(self.folder))
        forget_modules(self.folder, set(sys.modules) - self._before)
        scan(refresh=True)

    def install(
        self,
        name: str,
        entry_points: Mapping[str, Mapping[str, str]],
        modules: Mapping[str, str] | None = None,
        **metadata: Any,
    ) -> None:
        """Write a distribution into this folder, as `fake_distribution` does."""
        fake_distribution(self.folder, name, entry_points, modules, **metadata)

    def scan(self) -> tuple[Installed, ...]:
        """Return the plugins of the distributions in this folder."""
        return tuple(found for found in scan(refresh=True) if Path(found.location) == self.folder)


class BlockedRegistry(Registry):
    """A registry without installed plugins: it has only what you add to it or fake in it."""

    def __init__(self, site: FakeSite) -> None:
        super().__init__((), Policy())
        self._site = site

    def fake(
        self,
        name: str,
        entry_points: Mapping[str, Mapping[str, str]],
        modules: Mapping[str, str] | None = None,
        **metadata: Any,
    ) -> None:
        """Add a distribution with importable modules, written by `fake_distribution`."""
        before = self._site.scan()
        self._site.install(name, entry_points, modules, **metadata)
        self.include(found for found in self._site.scan() if found not in before)
