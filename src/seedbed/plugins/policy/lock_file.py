"""Lock files: a lock as TOML; the same lock gives the same bytes on every machine."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from seedbed.errors import UsageError
from seedbed.plugins.fields.build import build
from seedbed.plugins.policy.lock import Lock, LockedDistribution

_HEADING = """\
# Written by `seedbed plugins lock`: `seedbed run ... --locked` takes plugins only from these distributions
# and files. An editable one is a developer's folder: its version is locked, but its code is not.
"""

_VERSION = "lock-version"
_NEWEST = 1
_WRITES = "`seedbed plugins lock -o LOCKFILE` writes one"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=False)


class _DistributionEntry(_Entry):
    name: str
    version: str
    editable: bool = False
    entry_points: dict[str, list[str]] = Field(default_factory=dict, alias="entry-points")


class _FileEntry(_Entry):
    name: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class _LockFile(_Entry):
    lock_version: Literal[1] = Field(alias="lock-version")
    distribution: list[_DistributionEntry] = Field(default_factory=list)
    file: list[_FileEntry] = Field(default_factory=list)


def read_lock(path: Path) -> Lock:
    """Return the lock in a file; raise `UsageError` if it can't be read or isn't a lock file."""
    text = _read(path)
    _check_version(path, text.get(_VERSION))
    held = build(_LockFile, text, f"the lock file '{path}'")
    distributions = (
        LockedDistribution(one.name, one.version, one.editable, tuple(_flat(one.entry_points)))
        for one in held.distribution
    )
    return Lock(tuple(distributions), tuple((one.name, one.sha256) for one in held.file), str(path))


def lock_text(lock: Lock) -> str:
    """Return a lock as the text of its file."""
    blocks = [f"{_HEADING}lock-version = 1"]
    blocks += ["\n".join(["[[distribution]]", *_distribution(one)]) for one in lock.distributions]
    blocks += [f"[[file]]\nname = {_value(name)}\nsha256 = {_value(digest)}" for name, digest in lock.files]
    return "\n\n".join(blocks) + "\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the lock file '{path}' cannot be read: {error.strerror}", _WRITES) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"'{path}' is not a lock file: {error}", _WRITES) from error


def _check_version(path: Path, version: object) -> None:
    if version is None:
        raise UsageError(f"'{path}' is not a lock file: it has no {_VERSION}", _WRITES)
    if isinstance(version, int) and version > _NEWEST:
        raise UsageError(
            f"the lock file '{path}' was made by a newer Seedbed: its {_VERSION} is {version}",
            f"pip install --upgrade seedbed, which reads {_VERSION} {_NEWEST} so far",
        )


def _flat(entry_points: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    return ((group, name) for group, names in entry_points.items() for name in names)


def _distribution(locked: LockedDistribution) -> Iterator[str]:
    yield f"name = {_value(locked.name)}"
    yield f"version = {_value(locked.version)}"
    if locked.editable:
        yield "editable = true"
    for group, plugins in groupby(locked.plugins, key=lambda plugin: plugin[0]):
        names = (name for _, name in plugins)
        yield f"entry-points.{_value(group)} = [{', '.join(map(_value, names))}]"


def _value(text: str) -> str:
    # A JSON string is a TOML string.
    return json.dumps(text, ensure_ascii=False)
