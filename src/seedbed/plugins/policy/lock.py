"""A lock: the distributions that plugins may come from, each in one version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seedbed.errors import LockError
from seedbed.plugins.discovery.metadata import installed_version
from seedbed.plugins.discovery.scan import Installed
from seedbed.plugins.names import normalise_distribution

CORE = "seedbed"


@dataclass(frozen=True, order=True)
class LockedDistribution:
    """One distribution in one version; `plugins` are the groups and names of its entry points.

    `editable` means that it was locked as a developer's folder: the lock fixes its version, but not its code.
    """

    name: str
    version: str
    editable: bool = False
    plugins: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Lock:
    """The contents of a lock file. `files` are Python files for `PATH.py:Class`, by name and SHA-256."""

    distributions: tuple[LockedDistribution, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    place: str = field(default="", compare=False)

    def objection(self, claim: Installed) -> str | None:
        """Return why the owner of `claim` may not be used, or None if it may."""
        by_name = {normalise_distribution(locked.name): locked for locked in self.distributions}
        locked = by_name.get(normalise_distribution(claim.distribution))
        if locked is None:
            return f"{claim.owner} is not in {self._title}"
        if locked.version != claim.version:
            return f"{self._title} has {locked.name} {locked.version}, but {claim.version} is installed"
        if claim.editable and not locked.editable:
            return f"{claim.owner} is installed in editable form, but {self._title} has a published one"
        holders = [one.name for one in self.distributions if (claim.kind, claim.name) in one.plugins]
        if holders and locked.name not in holders:
            return f"{self._title} holds it as one of {holders[0]}"
        return None

    def differences(self) -> dict[LockedDistribution, str]:
        """Return the distributions that are missing or differ from the lock, with how they differ."""
        return {locked: fact for locked in self.distributions if (fact := _difference(locked))}

    def check(self) -> None:
        """Raise `LockError` if a locked distribution is missing, or differs from the lock."""
        if wrong := self.differences():
            raise LockError(
                f"what is installed is not what {self._title} holds",
                *(f"{locked.name}: {fact}" for locked, fact in wrong.items()),
                *_commands(wrong),
                "or, if this is what you want, lock it: `seedbed plugins lock -o LOCKFILE`",
            )

    def check_file(self, path: Path, source: bytes) -> None:
        """Raise `LockError` if `source`, the content of the file at `path`, is not locked."""
        if _digest(source) in {digest for _, digest in self.files}:
            return
        is_known = path.name in {name for name, _ in self.files}
        fact = "has changed since it was locked in" if is_known else "is not in"
        raise LockError(
            f"the file '{path}' {fact} {self._title}",
            "name it to `seedbed plugins lock`, or publish it as a plugin: `seedbed new task NAME`",
        )

    @property
    def _title(self) -> str:
        return f"the lock file '{self.place}'" if self.place else "the lock"


def lock_of(claims: Iterable[Installed], files: Iterable[Path] = (), place: str = "") -> Lock:
    """Return the lock of the owners of `claims`, of Seedbed itself, and of the files."""
    names: dict[tuple[str, str, bool], set[tuple[str, str]]] = {}
    for claim in claims:
        owner = (normalise_distribution(claim.distribution), claim.version, claim.editable)
        names.setdefault(owner, set()).add((str(claim.kind), claim.name))
    owners = (LockedDistribution(*owner, tuple(sorted(plugins))) for owner, plugins in names.items())
    digests = {(path.name, _digest(path.read_bytes())) for path in files}
    return Lock(tuple(sorted([*_core(), *owners])), tuple(sorted(digests)), place)


def _core() -> Iterator[LockedDistribution]:
    running = installed_version(CORE)
    if running is not None:
        yield LockedDistribution(CORE, *running)


def _difference(locked: LockedDistribution) -> str | None:
    found = installed_version(locked.name)
    if found is None:
        return f"{locked.version} is locked, but it is not installed"
    if found.version != locked.version:
        return f"{locked.version} is locked, but {found.version} is installed"
    if found.editable and not locked.editable:
        return f"it is installed in editable form, so its code may not be that of {locked.version}"
    return None


def _commands(wrong: Iterable[LockedDistribution]) -> Iterator[str]:
    """Yield commands that install the published ones; pip wouldn't replace an editable copy by itself."""
    published = [locked for locked in wrong if not locked.editable]
    by_options = {
        "": [locked for locked in published if not _is_installed(locked)],
        "--force-reinstall ": [locked for locked in published if _is_installed(locked)],
    }
    for options, wanted in by_options.items():
        if wanted:
            yield f"pip install {options}" + " ".join(f"'{one.name}=={one.version}'" for one in wanted)


def _is_installed(locked: LockedDistribution) -> bool:
    found = installed_version(locked.name)
    return found is not None and found.version == locked.version


def _digest(source: bytes) -> str:
    # Imported here: only a lock of files needs it, and the import takes 3 ms.
    import hashlib

    return hashlib.sha256(source).hexdigest()
