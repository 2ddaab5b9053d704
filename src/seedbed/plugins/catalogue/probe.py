"""The child process of `check_plugin`: resolves one claim and reports on standard output.

    python -P -m seedbed.plugins.catalogue.probe < claim.json

With `--each`, it does so for each line of standard input, in a copy of itself, and says how that ended. A
copy has imported nothing of other claims, like a new process, and starts in a tenth of the time.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence, Set
from contextlib import suppress
from importlib import import_module
from typing import IO, Any, NoReturn

from seedbed.errors import PluginError
from seedbed.plugins.authoring.reading import Read, read_class
from seedbed.plugins.catalogue.printed import flush_c
from seedbed.plugins.discovery.loading import load_plugin
from seedbed.plugins.discovery.scan import Installed
from seedbed.plugins.kinds import kind_of
from seedbed.plugins.policy.policy import Policy
from seedbed.plugins.registry import Registry

HEAVY_MODULES = 25
_SHOWN = 2000


def main() -> None:
    """Read claims from standard input, and write a JSON object for each, with the keys of `CheckResult`."""
    if sys.argv[1:] != ["--each"]:
        _probe(json.load(sys.stdin))
    for line in sys.stdin:
        given = json.loads(line)
        _ = kind_of(given[0]).base_class
        child = os.fork()
        if child == 0:
            # What is left of standard input is for this process's parent.
            os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
            _probe(given)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"\n{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _probe(given: Sequence[Any]) -> NoReturn:
    """Write the report on a claim, and end the process."""
    kind, *rest = given
    claim = Installed(kind_of(kind), *rest)
    report = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # By redirecting file descriptors, since C libraries and child processes print too.
    with tempfile.TemporaryFile() as prints:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(prints.fileno(), stream.fileno())
        json.dump(_check(claim, prints), report)
        report.flush()
        # Threads that the plugin started must not delay the answer.
        os._exit(0)


def _check(claim: Installed, prints: IO[bytes]) -> dict[str, object]:
    # Every plugin of this kind imports these modules, so they don't count.
    import_module("seedbed.hookspecs")
    _ = claim.kind.base_class
    asked: list[str] = []
    sys.addaudithook(lambda event, arguments: asked.extend(_asked(event, arguments)))
    before = set(sys.modules)
    started = imported = time.perf_counter()
    loaded: set[str] = set()
    found: object = None
    errors: tuple[str, ...] = ()
    try:
        load_plugin(claim)
        imported = time.perf_counter()
        loaded = set(sys.modules) - before
        found = Registry([claim], Policy()).load(claim)
    except PluginError as failure:
        errors = (str(failure),)
    ended = time.perf_counter()
    whom = sorted({*asked, *_models_asked()})
    printed = _printed(prints)
    read = read_class(found) if isinstance(found, type) else Read()
    return {
        "import_seconds": imported - started,
        "resolve_seconds": ended - started,
        "error": "\n".join((*errors, *read.faults)) or None,
        "heavy_modules": _heavy(loaded, claim),
        "modules": sorted(loaded),
        "asked": whom,
        "printed": printed,
        "notes": read.notes,
    }


def _printed(prints: IO[bytes]) -> str:
    """Return the start of what was printed so far, on standard output or error."""
    for stream in (sys.stdout, sys.stderr):
        # A plugin may have closed the stream or replaced it.
        with suppress(Exception):
            stream.flush()
    flush_c()
    return os.pread(prints.fileno(), _SHOWN, 0).decode(errors="replace")


def _asked(event: str, arguments: tuple[object, ...]) -> list[str]:
    """Return the host that an audit event of the interpreter connects to, if any."""
    if event == "socket.getaddrinfo":
        return [str(arguments[0])]
    return [str(arguments[1])] if event == "socket.connect" else []


def _models_asked() -> list[str]:
    """Return whether a model was called, even one in the process: each call starts the loop thread."""
    return ["a model"] if any(thread.name == "seedbed-loop" for thread in threading.enumerate()) else []


def _heavy(loaded: Set[str], claim: Installed) -> list[str]:
    """Return the third-party packages that the plugin's module loads on import, instead of in the hook."""
    own = claim.value.partition(":")[0].partition(".")[0]
    sizes = Counter(name.partition(".")[0] for name in loaded)
    ours = {*sys.stdlib_module_names, own, "seedbed"}
    return sorted(name for name, size in sizes.items() if size >= HEAVY_MODULES and name not in ours)


if __name__ == "__main__":
    main()
