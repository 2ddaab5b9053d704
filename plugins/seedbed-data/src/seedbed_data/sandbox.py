"""Runs a Python program in a sandbox, within bounds, or says why this machine can't.

    from seedbed_data import Bounds, check_sandbox, run_python

    check_sandbox()
    ran = run_python("print(input()[::-1])", "abc", Bounds(5, 256, 16, 8, 64), packages=False)
    ran.outcome, ran.stdout    # ("passed", "cba\n")

These names are public: steps and tasks of other packages use them, too.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from seedbed import UsageError
from seedbed_data.working_folder import overfull, working_folder

__all__ = ["Bounds", "Ran", "check_sandbox", "run_python"]

_PROGRAM, _INPUT = "main.py", "input.txt"

# What Python and its libraries are made of, and nothing else: no home, no /etc, no /proc, no sockets.
_READABLE = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/dev/zero")

# Landlock has no say in who may change a file's mode, owner, times and attributes, so a program could lock
# its user out of any file. A memfd is memory that no bound counts; and root must not raise its limits again.
_DENIED = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("utime", "utimes", "utimensat", "futimesat", "setxattr", "lsetxattr", "fsetxattr"),
    *("removexattr", "lremovexattr", "fremovexattr", "memfd_create", "setrlimit", "prlimit64"),
    # One process of a program may hold the tests of another, so none looks into another.
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp"),
)

# The shell waits for a line, so that the limits are set before the program starts.
_START = f'read go; exec "$0" "$@" < {_INPUT}'

# The kernel limits each file; all files together are counted this often. On a disk that takes 1 GB/s, a
# program gets 100 MB beyond its bound.
_LOOK_SECONDS = 0.1


class Bounds(NamedTuple):
    """What a program may use: seconds, megabytes of memory and of disk, processes, kilobytes of output."""

    seconds: float
    memory_mb: int
    disk_mb: int
    processes: int
    output_kb: int


class Ran(NamedTuple):
    """How a program ended: `passed`, or what was wrong, and what it wrote."""

    outcome: str
    stdout: str
    stderr: str


def check_sandbox() -> None:
    """Raise UsageError if a program can't be held within bounds on this machine."""
    if sys.platform != "linux":
        raise UsageError(
            f"code can't be run safely on this platform ({sys.platform}): the sandbox needs Linux",
            "run the pipeline on Linux 6.7 or later, or leave the step out",
        )
    try:
        import sandlock
    except ImportError as error:
        raise UsageError(
            "running code needs the package sandlock", "pip install 'seedbed-data[code]'"
        ) from error
    found, needed = sandlock.landlock_abi_version(), sandlock.min_landlock_abi()
    if found < needed:
        raise UsageError(
            f"code can't be run safely on this machine: Landlock {needed} is needed, and there is "
            + (f"{found}" if found > 0 else "none"),
            "use Linux 6.7 or later with Landlock, which some hosts of containers turn off, or leave it out",
        )


def run_python(program: str, given: str, bounds: Bounds, *, packages: bool) -> Ran:
    """Run a program with some input in a folder of its own; raises UsageError if no sandbox can be made.

    It has no network, sees no environment and no files but Python's, and its random numbers are the same
    each time.
    """
    ran = _ran_once(program, given, bounds, packages)
    # A kill may also come from elsewhere, as where the machine itself is short of memory. A program does the
    # same each time, so its own comes again.
    return _ran_once(program, given, bounds, packages) if ran.outcome == _killed(bounds) else ran


def _ran_once(program: str, given: str, bounds: Bounds, packages: bool) -> Ran:
    with working_folder() as folder:
        (folder / _PROGRAM).write_text(program, encoding="utf-8", errors="replace")
        (folder / _INPUT).write_text(given, encoding="utf-8", errors="replace")
        try:
            process = _started(folder, bounds, packages)
        except (RuntimeError, OSError) as error:
            raise UsageError(
                f"no sandbox can be made on this machine: {error}",
                "leave the step out, or use another machine",
            ) from error
        with process:
            reason, texts = _watched(process, folder, bounds)
            result = process.wait(timeout=60)
            reason = reason or overfull(folder, bounds.disk_mb)
        out, err = (text.decode(errors="replace").replace(str(folder), ".") for text in texts)
        return Ran(reason or _ended(result, err, bounds), out, err)


def _started(folder: Path, bounds: Bounds, packages: bool) -> Any:
    from sandlock import Sandbox, StdioMode

    prefixes = (sys.base_prefix, *((sys.prefix,) if packages else ()))
    readable = [*_READABLE, *(str(Path(prefix).resolve()) for prefix in prefixes)]
    sandbox = Sandbox(
        fs_readable=[path for path in readable if Path(path).exists()],
        fs_writable=[str(folder)],
        cwd=str(folder),
        max_memory=bounds.memory_mb << 20,
        max_processes=bounds.processes,
        extra_deny_syscalls=_DENIED,
        no_coredump=True,
        clean_env=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"},
        # Neither chance nor addresses nor the order of a folder may enter a dataset. (`time_start` would hide
        # the clock, but with it a thread that waits for a tenth of a second never wakes up.)
        random_seed=0,
        deterministic_dirs=True,
        no_randomize_memory=True,
    )
    # -I: neither variables nor the user's own packages; -S: no installed ones; -B: no compiled files.
    python = sys.executable if packages else os.path.realpath(sys.executable)
    flags = ["-I", "-B", *(() if packages else ("-S",))]
    command = ["/bin/sh", "-c", _START, python, *flags, _PROGRAM]
    process = sandbox.popen(command, stdin=StdioMode.PIPED, stdout=StdioMode.PIPED, stderr=StdioMode.PIPED)
    try:
        _bound(process.pid, bounds)
        # It waits for this line.
        os.write(process.stdin.fileno(), b"\n")
        process.stdin.close()
    except BaseException:
        with process:
            process.kill()
        raise
    return process


def _bound(pid: int, bounds: Bounds) -> None:
    """Bound a process that waits to begin."""
    import resource  # not on Windows

    for limit, most in (
        (resource.RLIMIT_FSIZE, bounds.disk_mb << 20),
        (resource.RLIMIT_NOFILE, 256),
    ):
        resource.prlimit(pid, limit, (most, most))
    # The first limit tells by its signal that it was the time; the second kills what ignores the signal.
    seconds = int(bounds.seconds) + 1
    resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, seconds + 1))


def _watched(process: Any, folder: Path, bounds: Bounds) -> tuple[str, tuple[bytes, bytes]]:
    """Read what a program writes until it ends, or kill it and say why."""
    texts = (bytearray(), bytearray())
    end, room = time.monotonic() + bounds.seconds, bounds.output_kb * 1000
    with selectors.DefaultSelector() as open_ones:
        for stream, text in zip((process.stdout, process.stderr), texts, strict=True):
            open_ones.register(stream.fileno(), selectors.EVENT_READ, text)
        while open_ones.get_map():
            left = end - time.monotonic()
            ready = open_ones.select(max(0.0, min(left, _LOOK_SECONDS)))
            reason = overfull(folder, bounds.disk_mb) if left > 0 else _late(bounds)
            for key, _ in ready:
                read = os.read(key.fd, 65536)
                key.data.extend(read)
                if not read:
                    open_ones.unregister(key.fd)
            if sum(map(len, texts)) > room:
                reason = f"wrote more than {bounds.output_kb} kB"
            if reason:
                process.kill()
                return reason, (bytes(texts[0][:room]), bytes(texts[1][:room]))
    return "", (bytes(texts[0]), bytes(texts[1]))


def _late(bounds: Bounds) -> str:
    return f"ran longer than {bounds.seconds:g} s"


def _killed(bounds: Bounds) -> str:
    return f"was killed, as for more than {bounds.memory_mb} MB of memory"


def _ended(result: Any, errors: str, bounds: Bounds) -> str:
    from sandlock import ExitReason

    if result.success:
        return "passed"
    if result.reason == ExitReason.KILLED:
        return _killed(bounds)
    if result.reason == ExitReason.SIGNALED:
        return _late(bounds) if result.signal == signal.SIGXCPU else f"was ended by signal {result.signal}"
    # The last line of a traceback begins with the error's name: `ValueError: ...`, or `AssertionError` alone.
    name = errors.rstrip().rpartition("\n")[2].partition(":")[0]
    if name.replace(".", "").isidentifier() and ("Traceback" in errors or name.endswith("Error")):
        return f"raised {name}"
    return f"ended with status {result.exit_code}"
