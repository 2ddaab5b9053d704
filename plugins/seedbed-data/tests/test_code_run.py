"""What code of a row can do, and what it can't: each attempt is a real process in the real sandbox."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedbed import Row, UsageError, run
from seedbed_data import CodeRun, sandbox

try:
    sandbox.check_sandbox()
except UsageError as error:
    pytest.skip(str(error), allow_module_level=True)

# Seconds that a busy machine may need for what takes a tenth of one.
KEPT = {"failed": "keep", "seconds": 120, "memory_mb": 128, "disk_mb": 4, "processes": 8, "output_kb": 16}


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # So that a test finds its own processes, and not those of tests that run at the same time.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def ran(code: str, **fields: object) -> Row:
    """Return the row that one piece of code becomes."""
    (row,) = run(CodeRun(**{**KEPT, **fields}), input=[{"code": code}]).rows()
    return row


@pytest.mark.slow
def test_code_runs_with_its_tests_and_its_input() -> None:
    rows = [
        {"code": "def double(n): return 2 * n", "tests": "assert double(2) == 4", "given": ""},
        {"code": "def double(n): return n", "tests": "assert double(2) == 4", "given": ""},
        {"code": "print(input()[::-1])", "tests": "", "given": "abc\n"},
        {"code": "1 +", "tests": "", "given": ""},
        {"code": "raise SystemExit(3)", "tests": "", "given": ""},
    ]
    done = run(CodeRun(tests="tests", input="given"), input=rows)

    assert [(row["outcome"], row["stdout"]) for row in done.rows()] == [("passed", ""), ("passed", "cba\n")]
    assert done.rejections == {
        "the code raised AssertionError": 1,
        "the code raised SyntaxError": 1,
        "the code ended with status 3": 1,
    }


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that isn't the code's, and a key in the environment with the same text."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    (tmp_path / "key").write_text("sk-planted")
    return tmp_path / "key"


READS = {
    "a file": "print(open({path!r}).read())",
    "a file through a link": "import os; os.symlink({path!r}, 'l'); print(open('l').read())",
    "a file through a hard link": "import os; os.link({path!r}, 'l'); print(open('l').read())",
    "the environment": "import os; print(os.environ)",
    "the environment of its parent": "import os; print(open(f'/proc/{{os.getppid()}}/environ').read())",
    "its own environment at the start": "print(open('/proc/self/environ').read())",
    "a shell's view": "import os; os.system('cat {path}; env')",
    "the user's folder": "import os; print(os.listdir({home!r}))",
}


@pytest.mark.variants(3)
@pytest.mark.parametrize("attempt", READS)
def test_nothing_of_the_user_can_be_read(attempt: str, secret: Path) -> None:
    row = ran(READS[attempt].format(path=str(secret), home=str(Path.home())))

    assert "sk-planted" not in row["stdout"] + row["stderr"]
    assert row["outcome"] == "passed" or row["outcome"].startswith(
        ("raised PermissionError", "raised OSError")
    )
    assert attempt != "the user's folder" or row["outcome"] == "raised PermissionError"


CHANGES = {
    "writes": "open({path!r}, 'w')",
    "appends through a link": "import os; os.symlink({path!r}, 'l'); open('l', 'a').write('more')",
    "truncates": "import os; os.truncate({path!r}, 0)",
    "removes": "import os; os.remove({path!r})",
    "renames": "import os; os.rename({path!r}, 'mine')",
    "replaces": "import os; open('mine', 'w'); os.rename('mine', {path!r})",
    "chmod": "import os; os.chmod({path!r}, 0)",
    "chown": "import os; os.chown({path!r}, 1, 1)",
    "utime": "import os; os.utime({path!r}, (0, 0))",
    "xattr": "import os; os.setxattr({path!r}, 'user.a', b'1')",
    "a file beside its folder": "open('../planted', 'w')",
    "shared memory": "open('/dev/shm/planted', 'w')",
}


@pytest.mark.slow
@pytest.mark.variants(4)
@pytest.mark.parametrize("attempt", CHANGES)
def test_nothing_outside_its_folder_can_be_changed(attempt: str, secret: Path) -> None:
    before = secret.stat()
    row = ran(CHANGES[attempt].format(path=str(secret)))
    after = secret.stat()

    assert row["outcome"] in ("raised PermissionError", "raised OSError"), row
    assert secret.read_text() == "sk-planted"
    assert (before.st_mode, before.st_uid, before.st_mtime) == (after.st_mode, after.st_uid, after.st_mtime)


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[dict[str, object]]:
    """Sockets of this machine that anybody may connect to, by TCP and by a path."""
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix:
        tcp.bind(("127.0.0.1", 0))
        unix.bind(str(tmp_path / "socket"))
        tcp.listen()
        unix.listen()
        yield {"port": tcp.getsockname()[1], "path": str(tmp_path / "socket")}


@pytest.mark.slow
@pytest.mark.variants(2)
@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', {port}))",
        "import socket; socket.socket(socket.AF_UNIX).connect({path!r})",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
        "import socket; socket.socket().bind(('127.0.0.1', 0))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}', timeout=3)",
    ],
)
def test_there_is_no_network(attempt: str, listening: dict[str, object]) -> None:
    assert ran(attempt.format(**listening))["outcome"] in (
        "raised PermissionError",
        "raised urllib.error.URLError",
    )


FLOODS = {
    "time": ("while True: pass", "ran longer than 1 s"),
    "sleep": ("import time; time.sleep(60)", "ran longer than 1 s"),
    "memory": ("x = bytearray(10**9)", "was killed, as for more than 128 MB of memory"),
    "shared memory": ("import mmap; mmap.mmap(-1, 10**9)", "was killed, as for more than 128 MB of memory"),
    "output": ("while True: print('x' * 1000)", "wrote more than 16 kB"),
    "errors": ("import sys\nwhile True: sys.stderr.write('x' * 1000)", "wrote more than 16 kB"),
    "one file": ("f = open('f', 'wb')\nwhile True: f.write(b'x' * 10**6)", "wrote more than 4 MB of files"),
    "files": ("for n in range(10**6): open(str(n), 'w')", "wrote more than 4 MB of files"),
    "folders": ("import os\nfor n in range(10**6): os.mkdir(str(n))", "wrote more than 4 MB of files"),
    "nested folders": (
        "import os\nwhile True:\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)",
        "made a folder whose files can't be counted",
    ),
    "memory in a file": ("import os; os.memfd_create('x')", "raised PermissionError"),
    "limits raised": (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
        "raised ValueError",
    ),
}


@pytest.mark.slow
@pytest.mark.variants(3)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_held_back(flood: str) -> None:
    code, outcome = FLOODS[flood]
    row = ran(code, seconds=1 if "1 s" in outcome else 120)

    assert row["outcome"] == outcome
    assert len(row["stdout"]) + len(row["stderr"]) <= 2 * 16_000


@pytest.mark.slow
def test_a_fork_bomb_stays_small_and_leaves_nothing_behind(tmp_path: Path) -> None:
    bomb = "import os, sys\nsys.argv[0] = 'x'\nwhile True:\n    try: os.fork()\n    except OSError: pass\n"
    row = ran(bomb, seconds=1)

    assert row["outcome"] == "ran longer than 1 s"
    wait_for_the_end(processes_in(tmp_path))


NESTED = "import os\nfor n in range(1500):\n    os.mkdir('d')\n    os.chdir('d')\n    open('f', 'w')\n"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param(NESTED, "passed", marks=pytest.mark.slow),
        ("import os; os.mkdir('d', 0)", "passed"),
        ("1 / 0", "raised"),
    ],
)
def test_nothing_is_left_of_a_folder(code: str, outcome: str, tmp_path: Path) -> None:
    assert ran(code, disk_mb=64)["outcome"].startswith(outcome)
    assert not [*tmp_path.glob("seedbed-code-*")]


@pytest.mark.slow
def test_many_processes_share_one_bound_of_memory() -> None:
    code = (
        "import os, time\n"
        "for _ in range(2): os.fork()\n"
        "parent = os.getppid()\n"
        "x = bytearray(60 * 10**6)\n"
        "open(f'ready-{os.getpid()}', 'w')\n"
        "while sum(name.startswith('ready') for name in os.listdir()) < 4:\n"
        "    time.sleep(0.01)\n"
        "    try: child = os.waitpid(-1, os.WNOHANG)[0]\n"
        "    except ChildProcessError: child = 0\n"
        "    if child or os.getppid() != parent: os._exit(1)\n"
        "print('all at once', flush=True)\n"
        "time.sleep(0.1)\n"
    )

    # Four processes of 60 MB.
    assert "all at once" not in ran(code)["stdout"]
    assert "all at once" in ran(code, memory_mb=512)["stdout"]


@pytest.mark.variants(1)
@pytest.mark.parametrize("target", ["os.getppid()", "{parent}", "1"])
def test_no_other_process_can_be_killed(target: str) -> None:
    row = ran(f"import os; os.kill({target.format(parent=os.getpid())}, 9)")

    assert row["outcome"] in ("raised PermissionError", "raised ProcessLookupError")


def test_what_it_leaves_running_ends_with_it(tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        os.close(0); os.close(1); os.close(2)\n"
        "        time.sleep(1000)\n"
        "    os._exit(0)\n"
        "print('left')\n"
    )

    assert ran(code)["stdout"] == "left\n"
    wait_for_the_end(processes_in(tmp_path))


@pytest.mark.slow
def test_a_kill_from_elsewhere_is_not_taken_for_the_codes_own(tmp_path: Path) -> None:
    # As the kernel kills where the machine is short of memory.
    waiting = "open('begun', 'w')\nwhile len(open('main.py').read()) > 1: pass\nprint('done')"
    ended = threading.Event()

    def kill_the_first() -> None:
        begun: set[Path] = set()
        while not begun and not ended.is_set():
            begun = {*tmp_path.glob("seedbed-code-*/begun")}
        for mark in begun:
            os.kill(processes_in(mark.parent)[0], signal.SIGKILL)
        again: set[Path] = set()
        while not again and not ended.is_set():
            again = {*tmp_path.glob("seedbed-code-*/begun")} - begun
        for mark in again:
            (mark.parent / "main.py").write_text("")

    thread = threading.Thread(target=kill_the_first)
    thread.start()
    row = ran(waiting)
    ended.set()
    thread.join()

    assert (row["outcome"], row["stdout"]) == ("passed", "done\n")


@pytest.mark.slow
def test_code_that_uses_several_processors_is_told_of_its_time() -> None:
    code = (
        "from hashlib import pbkdf2_hmac\n"
        "from threading import Thread\n"
        "for _ in range(2): Thread(target=pbkdf2_hmac, args=('sha256', b'', b'', 10**9)).start()\n"
    )

    assert ran(code, seconds=4)["outcome"] == "ran longer than 4 s"


def test_code_ends_when_the_run_is_killed(tmp_path: Path) -> None:
    program = (
        "from seedbed_data.sandbox import *\n"
        "import threading, os\n"
        f"os.environ['TMPDIR'] = {str(tmp_path)!r}\n"
        "code = \"open('begun', 'w')\\nimport time; time.sleep(1000)\"\n"
        "run_python(code, '', Bounds(1000, 128, 4, 8, 16), packages=False)\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", program])
    while not (found := [*tmp_path.glob("seedbed-code-*/begun")]):
        assert killed.poll() is None
    left = processes_in(found[0].parent)
    killed.send_signal(signal.SIGKILL)
    killed.wait()

    assert len(left) == 1
    wait_for_the_end(left)


@pytest.mark.slow
def test_the_same_code_says_the_same_each_time() -> None:
    code = (
        "import os, random, uuid\n"
        "for name in 'bca': open(name, 'w')\n"
        "print(random.random(), hash('a'), id(object()), uuid.uuid4(), os.urandom(4), os.listdir())\n"
        "print(__file__); 1 / 0\n"
    )

    assert ran(code) == ran(code)


@pytest.mark.slow
def test_what_is_installed_is_there_only_when_asked_for() -> None:
    assert ran("import pydantic")["outcome"] == "raised ModuleNotFoundError"
    assert ran("import pydantic", packages=True)["outcome"] == "passed"


@pytest.mark.slow
def test_ordinary_programs_work() -> None:
    code = (
        "import asyncio, json, sqlite3, subprocess, tempfile, threading, time\n"
        "asyncio.run(asyncio.sleep(0.01))\n"
        "threading.Event().wait(0.01)\n"
        "with tempfile.NamedTemporaryFile() as file: file.write(b'1')\n"
        "base = sqlite3.connect('x.db'); base.execute('create table t (a)'); base.commit()\n"
        "print(subprocess.run(['echo', 'hi'], capture_output=True, text=True).stdout)\n"
    )

    assert ran(code, memory_mb=512)["outcome"] == "passed"


@pytest.mark.slow
def test_without_a_sandbox_no_row_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # As on a kernel without Landlock: the package itself asks the kernel for its version.
    program = (
        "import sandlock\n"
        "sandlock.landlock_abi_version = lambda: -1\n"
        "from seedbed import run, UsageError\n"
        "from seedbed_data import CodeRun\n"
        "try: run(CodeRun(), input=[{'code': \"print('ran')\"}])\n"
        "except UsageError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)

    assert "code can't be run safely on this machine: Landlock 6 is needed, and there is none" in done.stdout
    assert "ran" not in done.stdout.splitlines()


def test_a_program_that_cannot_be_bounded_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def refuse(pid: int, *_: object) -> None:
        started.append(pid)
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(resource, "prlimit", refuse)
    with pytest.raises(UsageError, match="no sandbox can be made"):
        sandbox.run_python("print(1)", "", sandbox.Bounds(5, 128, 4, 8, 16), packages=False)

    [pid] = started
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.slow
def test_without_the_package_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "sandlock.py").write_text("raise ImportError('no sandlock')\n")
    (tmp_path / "rows.jsonl").write_text(json.dumps({"code": "1"}) + "\n")
    (tmp_path / "code.yaml").write_text("steps: [{use: code-run}]\n")
    done = subprocess.run(
        [sys.executable, "-m", "seedbed", "run", "code.yaml", "--input", "rows.jsonl", "-o", "out.jsonl"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "running code needs the package sandlock\n  pip install 'seedbed-data[code]'" in done.stderr


def wait_for_the_end(pids: list[int]) -> None:
    """Wait until processes that are being killed are gone: the kernel takes some milliseconds."""
    for pid in pids:
        try:
            watched = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        assert select.select([watched], [], [], 60)[0], f"process {pid} lives on"
        os.close(watched)


def processes_in(folder: Path) -> list[int]:
    """Return the processes of this machine that work in a folder or below."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink().is_relative_to(folder):
                found.append(int(entry.name))
        except OSError:
            continue
    return found
