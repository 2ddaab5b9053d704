"""Writing a lock file: for all installed plugins, or for those that a run has used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.counting import count_if_any
from seedbed.cli.terminal.printing import echo
from seedbed.errors import UsageError
from seedbed.plugins.discovery.scan import Installed
from seedbed.plugins.kinds import kind_of
from seedbed.plugins.policy.eligibility import Status
from seedbed.plugins.policy.lock import Lock, lock_of
from seedbed.plugins.policy.lock_file import lock_text, read_lock
from seedbed.plugins.registry import Registry
from seedbed.store import RunReader
from seedbed.store.atomic_replace import replacing
from seedbed.store.stored_json import unreadable

_CORE = "seedbed"


def write_lock(registry: Registry, files: Sequence[Path], run: str | None, out: Path | None) -> ExitStatus:
    """Write the lock of the plugins that can be used here, or that the last session of `run` used.

    It goes to standard output, or to `out`, which is only overwritten if it's a lock file.
    """
    if out is not None and out.exists():
        _check_replaceable(out)
    claims = _used_in(run, has_files=bool(files)) if run is not None else _serving(registry)
    lock = lock_of(claims, map(_readable, files))
    if out is None:
        echo(lock_text(lock), nl=False)
    else:
        _place(lock_text(lock), out)
        echo(f"{out}: {_contents(lock)}", err=True)
    return ExitStatus.COMPLETE


def _check_replaceable(out: Path) -> None:
    try:
        read_lock(out)
    except UsageError as error:
        raise UsageError(error.fact, "it has not been overwritten: choose another -o") from error


def _serving(registry: Registry) -> Iterator[Installed]:
    for entry in registry.entries():
        claim = entry.installed
        if entry.status is Status.OK:
            yield claim
        else:
            left_out = f"left out: the {claim.kind.noun} {claim.name!r} of {claim.owner}"
            echo(f"{left_out}, {entry.status}: {entry.reason}", err=True)


def _used_in(name: str, has_files: bool) -> Iterator[Installed]:
    """Yield the plugins that a run's last session used; raise UsageError for code outside plugins."""
    with RunReader.open(kept_run(name)) as reader:
        session = reader.last_working_session()
    if session is None:
        raise UsageError(f"the run '{name}' has made nothing yet", "start it with `seedbed run`")
    try:
        for step in session.manifest["steps"]:
            for used in (step, *step["llms"]):
                _check_origin(name, used, has_files)
                yield from map(_claim, used["plugins"])
        yield from map(_claim, session.manifest.get("others", ()))
    except (KeyError, TypeError) as error:
        # The store checks what every reader needs, and only this one needs the plugins.
        raise unreadable("what the session was started with", "it lacks the plugins of a step") from error


def _claim(plugin: Mapping[str, Any]) -> Installed:
    kind = kind_of(plugin["group"])
    return Installed(
        kind, plugin["name"], "", plugin["distribution"], plugin["version"], editable=plugin["editable"]
    )


def _check_origin(name: str, used: Mapping[str, Any], has_files: bool) -> None:
    if "plugins" not in used:
        raise UsageError(f"the run '{name}' is older than lock files", "resume it once, and lock it then")
    is_own = used["class"].partition(".")[0] == _CORE
    if used["plugins"] or is_own or has_files:
        return
    raise UsageError(
        f"the run '{name}' used the class {used['class'].rpartition('.')[2]!r}, which isn't in a plugin",
        f"name its file to lock that too: seedbed plugins lock --run {name} FILE.py",
    )


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"the file '{path}' cannot be locked: there is no such file")
    return path


def _place(text: str, out: Path) -> None:
    try:
        with replacing(out) as made:
            made.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the lock file '{out}' cannot be written: {error.strerror}") from error


def _contents(lock: Lock) -> str:
    counts = (count_if_any(len(lock.distributions), "distribution"), count_if_any(len(lock.files), "file"))
    editable = sum(one.editable for one in lock.distributions)
    note = f"; {editable} editable, so the version doesn't fix its code" if editable else ""
    return " and ".join(filter(None, counts)) + note
