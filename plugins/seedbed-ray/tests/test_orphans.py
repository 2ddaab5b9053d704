"""A worker ends with the run that it works for."""

from __future__ import annotations

import subprocess
import sys

from seedbed_ray.orphans import Home

WORKER = """
import sys, time
from seedbed_ray.orphans import Home, end_with
end_with(Home(sys.argv[1], int(sys.argv[2])))
print("watching", flush=True)
sys.stdin.read()
"""


def worker(host: str, pid: int) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    started = subprocess.Popen([sys.executable, "-c", WORKER, host, str(pid)], stdin=pipe, stdout=pipe)
    assert started.stdout is not None
    assert started.stdout.readline() == b"watching\n"
    return started


def test_a_worker_ends_when_the_process_of_its_run_has_ended():
    with (
        subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
        ) as run,
        worker(Home.here().host, run.pid) as one,
    ):
        run.kill()
        run.wait()
        assert one.wait(60) == 1


def test_a_worker_on_another_machine_is_left_to_ray():
    with worker("another", 2**22 + 1) as one:
        one.communicate(b"")
        assert one.returncode == 0
