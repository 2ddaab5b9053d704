"""Which distributions' plugins may be used: allow, deny, prefer and a lock file, and where each was set."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.errors import UsageError
from seedbed.plugins.names import normalise_distribution
from seedbed.suggestions import did_you_mean

if TYPE_CHECKING:
    from seedbed.plugins.policy.lock import Lock

KEYS = ("allow", "deny", "prefer")

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Policy:
    """Names of distributions, compared as PEP 503 says.

    `allow`: if it isn't empty, only these may be used. `deny`: these may not, whatever `allow` says.
    `prefer`: if several claim a name, the first of these gets it. `origins` says where each of the three was
    set. `lock`: only what it has may be used.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    lock: Lock | None = None

    def __post_init__(self) -> None:
        for key in KEYS:
            names = tuple(normalise_distribution(name) for name in getattr(self, key))
            object.__setattr__(self, key, names)

    def origin(self, key: str) -> str:
        """Return where `key` was set, as a phrase."""
        return self.origins.get(key, f"the argument {key!r}")

    def objection(self, distribution: str) -> str | None:
        """Return why `distribution` may not be used, or None if it may."""
        name = normalise_distribution(distribution)
        if name in self.deny:
            return f"{name!r} is denied by {self.origin('deny')}"
        if self.allow and name not in self.allow:
            return f"{name!r} is not among those allowed by {self.origin('allow')}"
        return None

    def choose(self, distributions: Sequence[str]) -> str | None:
        """Return the normalised name of the preferred one of `distributions`, or None."""
        claimants = {normalise_distribution(name) for name in distributions}
        return next((name for name in self.prefer if name in claimants), None)


def read_policy(
    *,
    allow: Sequence[str] | None = None,
    deny: Sequence[str] | None = None,
    prefer: Sequence[str] | None = None,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Policy:
    """Read the current policy: for each of the three settings, the strongest place that has it.

    From weakest to strongest: `[tool.seedbed.plugins]` in pyproject.toml, `[plugins]` in
    seedbed.toml, SEEDBED_PLUGINS_ALLOW, _DENY and _PREFER (separated by commas), the arguments.
    Of each file, the nearest one with the table counts, from `folder` (default: the working directory)
    upward. Raises `UsageError` for a value that isn't a list of names of distributions.
    """
    folder = folder or Path.cwd()
    values: dict[str, tuple[str, ...]] = {}
    origins: dict[str, str] = {}
    arguments = {"allow": allow, "deny": deny, "prefer": prefer}
    for place, key, names in (
        *_file_settings(folder, "pyproject.toml", ("tool", "seedbed", "plugins")),
        *_file_settings(folder, "seedbed.toml", ("plugins",)),
        *_environment_settings(os.environ if environ is None else environ),
        *((f"the argument {key!r}", key, names) for key, names in arguments.items() if names is not None),
    ):
        values[key], origins[key] = _names(names, place), place
    allowed, denied, preferred = (values.get(key, ()) for key in KEYS)
    return Policy(allowed, denied, preferred, origins)


def _environment_settings(environ: Mapping[str, str]) -> Iterator[tuple[str, str, object]]:
    for key in KEYS:
        variable = f"SEEDBED_PLUGINS_{key.upper()}"
        if variable in environ:
            names = [name.strip() for name in environ[variable].split(",")]
            yield f"the environment variable {variable}", key, [name for name in names if name]


def _file_settings(
    folder: Path, file_name: str, table_path: tuple[str, ...]
) -> Iterator[tuple[str, str, object]]:
    title = f"[{'.'.join(table_path)}]"
    for parent in (folder, *folder.parents):
        table = settings_table(parent / file_name, table_path)
        if table is not None:
            for key, names in table.items():
                place = f"'{key}' in {title} of {parent / file_name}"
                if key not in KEYS:
                    raise UsageError(f"there is no setting {place}", *did_you_mean(key, KEYS))
                yield place, key, names
            return


def settings_table(path: Path, table_path: tuple[str, ...]) -> Mapping[str, object] | None:
    """Return the table at `table_path` of a TOML file, or None if the file or the table is missing."""
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
        # A broken pyproject.toml without our table is for other tools to report.
        node: object = _parsed(text) if all(part in text for part in table_path) else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"the file '{path}' cannot be read: {error}") from error
    for depth, part in enumerate(table_path):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
        if not isinstance(node, Mapping):
            raise UsageError(f"'{'.'.join(table_path[: depth + 1])}' in {path} is not a table")
    return node if isinstance(node, Mapping) else None


def _names(names: object, place: str) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise UsageError(f"{place} is not a list", 'give the names of distributions: ["seedbed-openai"]')
    for name in names:
        if not isinstance(name, str) or not _DISTRIBUTION.fullmatch(name):
            raise UsageError(f"{place} has {name!r}, which is not the name of a distribution")
    return tuple(names)


def _parsed(text: str) -> object:
    # Most folders have no settings, so they don't need the TOML parser.
    import tomllib

    return tomllib.loads(text)
