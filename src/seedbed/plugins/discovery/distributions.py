"""The installed distributions: folders of metadata on `sys.path`, and what other finders of Python supply."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from seedbed.plugins.names import normalise_distribution

_logger = logging.getLogger(__name__)

_FOLDERS = (".dist-info", ".egg-info")

_FINDERS_OF_FOLDERS = frozenset({"_frozen_importlib_external", "importlib_metadata"})
"""The modules of the finders that find what `_folders` lists."""


class Distribution(Protocol):
    """The part of a distribution that we use, whichever finder supplies it."""

    def read_text(self, filename: str, /) -> str | None:
        """Return the text of a metadata file, or None if it doesn't exist."""

    def locate_file(self, path: str, /) -> object:
        """Return the path of an installed file."""


class MetadataFolder:
    """A distribution whose metadata is in the folder `path`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read_text(self, filename: str, /) -> str | None:
        """Return the text of a metadata file, or None if it doesn't exist; raises OSError and ValueError."""
        try:
            # Making a `Path` takes longer than reading the file, and a listing of 300 plugins reads 1,000.
            with open(f"{self.path}/{filename}", "rb", buffering=0) as file:  # noqa: PTH123
                content = file.read()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError):
            return None
        return content.decode("utf-8").replace("\r\n", "\n")

    def locate_file(self, path: str, /) -> Path:
        """Return the path of an installed file."""
        return Path(self.path).parent / path


def distributions(name: str = "") -> Iterator[Distribution]:
    """Yield every copy of every installed distribution, or only those of `name`, as Python would find them.

    `importlib_metadata.distributions` finds the same, but importing it, and the `Path` it makes for each,
    take longer than all else that a listing of plugins does. It's used where metadata isn't in plain folders.
    """
    name = normalise_distribution(name)
    if any(map(_finds_more, sys.meta_path)):
        yield from _found_elsewhere(name)
        return
    for entry in sys.path:
        children = _children(entry)
        yield from (
            _found_elsewhere(name, path=[entry]) if children is None else _folders(entry, children, name)
        )


def _children(entry: str) -> list[str] | None:
    """Return the names in a folder of the path; None if it's an archive or an egg."""
    try:
        return None if entry.lower().endswith(".egg") else os.listdir(entry or os.curdir)  # noqa: PTH208
    except NotADirectoryError:
        return None
    except (OSError, ValueError):
        return []


def _finds_more(finder: object) -> bool:
    return hasattr(finder, "find_distributions") and finder.__module__ not in _FINDERS_OF_FOLDERS


def _found_elsewhere(name: str, **where: list[str]) -> Iterable[Distribution]:
    import importlib_metadata

    return importlib_metadata.distributions(**where, **({"name": name} if name else {}))


def _folders(entry: str, children: Iterable[str], name: str) -> Iterator[Distribution]:
    for child in children:
        if child.lower().endswith(_FOLDERS) and (not name or _name_in(child) == name):
            yield MetadataFolder(os.path.join(entry, child))  # noqa: PTH118


def _name_in(folder: str) -> str:
    return normalise_distribution(folder.rpartition(".")[0].partition("-")[0])


def folder_name(distribution: Distribution) -> str:
    """Return a distribution's name from its metadata folder's name, reading no file; empty if unknown."""
    if isinstance(distribution, MetadataFolder):
        return _name_in(os.path.basename(distribution.path))  # noqa: PTH119
    return _name_in(getattr(getattr(distribution, "_path", None), "name", ""))


def location(distribution: Distribution) -> str:
    """Return the folder that a distribution is installed in."""
    if isinstance(distribution, MetadataFolder):
        return os.path.dirname(distribution.path)  # noqa: PTH120
    return str(distribution.locate_file(""))


def metadata_file(distribution: Distribution, filename: str) -> str:
    """Return the text of a metadata file; empty if it's missing or can't be read.

    One package's broken files must not stop the use of other packages.
    """
    try:
        return distribution.read_text(filename) or ""
    except (OSError, ValueError) as error:
        place = distribution.locate_file("")
        _logger.warning("ignored %s of a distribution in %s: %s", filename, place, error)
        return ""
