"""Folders of killed runs are removed, and no others."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seedbed_ray.own_folder import OwnFolder, remove_left

RUN = """
import sys
from pathlib import Path
from seedbed_ray.own_folder import OwnFolder
own = OwnFolder(Path(sys.argv[1]))
print(own.path, flush=True)
sys.stdin.read()
"""


@contextmanager
def run_in(root: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Yield a process that has a folder in `root`."""
    command = [sys.executable, "-c", RUN, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        (folder / "session_1" / "sockets").mkdir(parents=True)
        yield process, folder
        process.kill()


def killed_in(root: Path) -> Path:
    """Return the folder of a process that was killed."""
    with run_in(root) as (_, folder):
        pass
    return folder


def test_the_folder_of_a_killed_run_is_removed_and_that_of_a_running_one_stays(tmp_path: Path) -> None:
    killed = killed_in(tmp_path)
    with run_in(tmp_path) as (_, running):
        remove_left(tmp_path)

        assert not killed.exists()
        assert running.exists()
    remove_left(tmp_path)
    assert not running.exists()


def test_the_folder_of_this_process_goes_only_when_it_says_so(tmp_path: Path) -> None:
    own = OwnFolder(tmp_path)
    remove_left(tmp_path)
    assert own.path.exists()
    own.remove()
    assert not own.path.exists()


def test_a_folder_stays_while_one_of_rays_processes_still_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = killed_in(tmp_path)
    # The path of a socket has at most 107 bytes.
    monkeypatch.chdir(killed)
    with socket.socket(socket.AF_UNIX) as raylet:
        raylet.bind("session_1/sockets/raylet")
        raylet.listen()
        remove_left(Path(".."))
        assert killed.exists()
    remove_left(tmp_path)
    assert not killed.exists()


def test_what_another_user_has_and_what_is_no_folder_of_a_run_stays(tmp_path: Path) -> None:
    killed = killed_in(tmp_path)
    remove_left(tmp_path, user=os.geteuid() + 1)
    assert killed.exists()

    elsewhere = tmp_path / "elsewhere"
    killed.rename(elsewhere)
    link = tmp_path / "seedbed-ray-link"
    link.symlink_to(elsewhere)
    unlocked = tmp_path / "seedbed-ray-unlocked"
    unlocked.mkdir()
    (tmp_path / "seedbed-ray-file").write_text("")
    remove_left(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {
        "elsewhere",
        "seedbed-ray-link",
        "seedbed-ray-unlocked",
        "seedbed-ray-file",
    }
