"""Facts for `seedbed plugins check` and `doctor`: what a plugin costs, and what is wrong with it."""

from __future__ import annotations

import json
import os
import platform
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from seedbed.hookspecs import PLUGIN_API
from seedbed.plugins.discovery.metadata import is_bounded_above, running_version
from seedbed.plugins.discovery.scan import HERE, Installed, strays
from seedbed.plugins.names import normalise_distribution
from seedbed.plugins.policy.eligibility import Entry, Status
from seedbed.plugins.policy.policy import KEYS
from seedbed.plugins.registry import Registry

_STATUS = re.compile(rb"\n-?\d+\n\Z")


class CheckResult(NamedTuple):
    """The result of resolving one plugin in its own process.

    `import_seconds` is the time to import the plugin's module, `resolve_seconds` the time until its hook
    answered. `heavy_modules` are third-party packages that the module loads on import instead of in the hook;
    `modules` are all modules it loads, except those of Seedbed that its kind needs. `asked` are the hosts and
    models that the module or the hook called, `printed` is the start of what they printed. `error` is the
    message of a failed import, hook or override, or None. `notes` say what is odd about the class but not a
    failure.
    """

    import_seconds: float
    resolve_seconds: float
    error: str | None = None
    heavy_modules: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    printed: str = ""
    notes: tuple[str, ...] = ()


class Level(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Finding(NamedTuple):
    """One line of a diagnosis: what it is about, and what was found."""

    level: Level
    subject: str
    text: str


def check_plugin(installed: Installed, *, timeout: float = 60.0) -> CheckResult:
    """Import one plugin in a subprocess and resolve its class, whatever policy says.

    Also makes an object of the class, and reads what the class overrides. A plugin that takes longer than
    `timeout` seconds is killed, with the processes it started.
    """
    with _started() as process:
        try:
            output, _ = process.communicate(json.dumps(installed), timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            return _killed(timeout)
        except BaseException:
            _kill(process)
            raise
    return _parse(output, process.returncode)


def check_each(installed: Sequence[Installed], *, timeout: float = 60.0) -> list[CheckResult]:
    """Do what `check_plugin` does for each, in a third of the time where processes can be copied."""
    if sys.platform != "linux":
        return [check_plugin(one, timeout=timeout) for one in installed]
    results: dict[Installed, CheckResult] = {}
    # One process for each kind: modules that all plugins of a kind need are imported once for all of them.
    for kind in dict.fromkeys(one.kind for one in installed):
        left = [one for one in installed if one.kind == kind]
        while left:
            left = left[_check_some(left, timeout, results) :]
    return [results[one] for one in installed]


def _check_some(installed: Sequence[Installed], timeout: float, results: dict[Installed, CheckResult]) -> int:
    """Check plugins until one of them has to be killed; return how many were checked."""
    with _started("--each") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for count, one in enumerate(installed, start=1):
                process.stdin.write(json.dumps(one) + "\n")
                process.stdin.flush()
                output = _until_status(process.stdout.fileno(), timeout)
                if output is None:
                    _kill(process)
                    results[one] = _killed(timeout)
                    return count
                report, _, status = output.rpartition("\n")
                if not status:
                    # A plugin has ended all processes of its group, this one included.
                    results[one] = _parse("", process.wait())
                    return count
                results[one] = _parse(report, int(status))
        except BaseException:
            _kill(process)
            raise
        process.stdin.close()
    return len(installed)


def _until_status(file: int, timeout: float) -> str | None:
    """Return a report and a line with a status; None if that takes too long, and "" if the process ends."""
    end, read = time.monotonic() + timeout, b""
    with selectors.DefaultSelector() as selector:
        selector.register(file, selectors.EVENT_READ)
        while not _STATUS.search(read):
            if not selector.select(max(0.0, end - time.monotonic())):
                return None
            some = os.read(file, 2**16)
            if not some:
                return ""
            read += some
    return read.decode(errors="replace").removesuffix("\n")


def _started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "seedbed.plugins.catalogue.probe", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _killed(timeout: float) -> CheckResult:
    return CheckResult(timeout, timeout, f"it was killed after {timeout:g} seconds without an answer")


def _kill(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


def _parse(output: str, status: int) -> CheckResult:
    try:
        report = json.loads(output)
    except json.JSONDecodeError:
        return CheckResult(0.0, 0.0, f"it ended the process with status {status}")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in report.items()
    }
    return CheckResult(**values)


def diagnose(registry: Registry) -> list[Finding]:
    """Return findings about the installed plugins, without importing them; the interpreter comes first."""
    findings = [_interpreter(), _seedbed()]
    findings.extend(_finding(entry) for entry in registry.entries() if entry.status is not Status.OK)
    findings.extend(_loose_requirements(registry))
    findings.extend(_stray_findings())
    findings.extend(_idle_settings(registry))
    findings.extend(_lock_findings(registry))
    return findings


def _interpreter() -> Finding:
    kind = "virtual environment" if sys.prefix != sys.base_prefix else "no virtual environment, prefix"
    text = f"Python {platform.python_version()}, {sys.executable} ({kind} {sys.prefix})"
    return Finding(Level.INFO, "interpreter", text)


def _seedbed() -> Finding:
    text = f"{running_version() or 'not installed'}, plugin API {PLUGIN_API}"
    return Finding(Level.INFO, "seedbed", text)


def _finding(entry: Entry) -> Finding:
    level = Level.INFO if entry.status in (Status.DISABLED, Status.UNLOCKED) else Level.ERROR
    claim = entry.installed
    return Finding(
        level, f"{claim.kind.noun} {claim.name!r} of {claim.owner}", f"{entry.status}: {entry.reason}"
    )


def _lock_findings(registry: Registry) -> Iterator[Finding]:
    lock = registry.policy.lock
    for locked, fact in lock.differences().items() if lock else ():
        yield Finding(Level.ERROR, locked.name, fact)


def _loose_requirements(registry: Registry) -> Iterator[Finding]:
    """Yield a note on each distribution that sets no upper bound on Seedbed's version."""
    claims = (entry.installed for entry in registry.entries())
    requirements = {one.owner: one.requires_seedbed for one in claims if one.distribution != HERE}
    for owner, requirement in requirements.items():
        if requirement is None:
            fact = "its metadata requires no version of seedbed"
        elif not is_bounded_above(requirement):
            fact = f"it requires seedbed {requirement}, without an upper bound"
        else:
            continue
        advice = "a later Seedbed may break it without a clear error; its authors can add a bound"
        yield Finding(Level.INFO, owner, f"{fact}: {advice}")


def _stray_findings() -> Iterator[Finding]:
    for stray in strays():
        hint = f"; {stray.meant}" if stray.meant else ""
        text = f"its group {stray.group!r} is not known to this Seedbed{hint}"
        yield Finding(Level.WARNING, f"{stray.name!r} of {stray.distribution} {stray.version}", text)


def _idle_settings(registry: Registry) -> Iterator[Finding]:
    present = {normalise_distribution(entry.installed.distribution) for entry in registry.entries()}
    for key in KEYS:
        for name in getattr(registry.policy, key):
            if name not in present:
                origin = registry.policy.origin(key)
                yield Finding(Level.WARNING, name, f"named by {origin}, but has no plugin installed")
