"""Renew the scripts of other projects in the pages, from their npm packages: `python vendor.py`.

Each is put next to its licence. The newest version with the same first number is taken: look at the pages and
run the tests in the browser before you commit a new one.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

STATIC = Path(__file__).parent / "src" / "seedbed_view" / "static"
FILES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "htmx.org@2": {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE"},
        "uplot@1": {
            "dist/uPlot.iife.min.js": "uPlot.iife.min.js",
            "dist/uPlot.min.css": "uPlot.min.css",
            "LICENSE": "uPlot.LICENSE",
        },
    }
)
"""The files of each package, and their names here."""


def packed(package: str, folder: Path) -> Mapping[str, bytes]:
    """Return the files of a package that are used here, by their names here; needs npm."""
    ended = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=folder, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, bytes] = {}
    with tarfile.open(folder / ended.stdout.strip()) as archive:
        for path, name in FILES[package].items():
            member = archive.extractfile(f"package/{path}")
            assert member is not None, f"{path} is a folder in {package}"
            found[name] = member.read()
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for package in FILES:
            for name, content in packed(package, Path(folder)).items():
                (STATIC / name).write_bytes(content)
