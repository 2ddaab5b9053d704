"""A cluster that somebody else has started: a node of its own on this machine, joined by its address."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from .conftest import command_of

pytestmark = pytest.mark.slow

STEPS = """
import os
from typing import ClassVar

from seedbed import Step


class Says(Step):
    keeps: ClassVar[bool] = True

    def load(self):
        from greetings import SAID

        self._said = SAID

    def process(self, row):
        return {**row, "said": self._said, "to": os.environ["TO"]}


class Jobs(Step):
    keeps: ClassVar[bool] = True

    def process(self, row):
        from ray._private.worker import global_worker

        jobs = global_worker.gcs_client.get_all_job_info().values()
        return {**row, "jobs": [str(job) for job in jobs]}


class Parent(Step):
    keeps: ClassVar[bool] = True

    def process(self, row):
        return {**row, "parent": os.getppid()}
"""


class Head(NamedTuple):
    """The head node: its address, its process, and the variables of those who may join it."""

    address: str
    process: subprocess.Popen[str]
    environment: dict[str, str]


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    """A node that `ray start --head` has started, with a token of its own."""
    # Short: the path of a socket has at most 107 bytes.
    folder = Path(f"/tmp/sbh-{os.getpid()}")
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    }
    options = ("--include-dashboard=false", "--disable-usage-stats", "--object-store-memory=83886080")
    command = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", "--port=0"]
    process = subprocess.Popen(
        [*command, "--node-ip-address=127.0.0.1", "--num-cpus=2", f"--temp-dir={folder}", *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    # It goes on saying things only when something goes wrong.
    while "--block" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    # Ray has chosen the port itself: one that was found free before may be taken meanwhile.
    address = re.search(r"ray start --address='(.+:\d+)'", said)
    assert address is not None, said
    yield Head(address[1], process, environment)
    process.terminate()
    process.wait()
    process.stdout.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "in.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in range(50)))
    module = tmp_path / "elsewhere" / "greetings"
    module.mkdir(parents=True)
    (module / "__init__.py").write_text('SAID = "hello"\n')
    return tmp_path


def seedbed(
    folder: Path, step: str, environment: dict[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    settings = [part for one in options for part in ("--set", f"engine.{one}")]
    order = ["run", f"steps.py:{step}", "--input", "in.jsonl", "-o", "out.jsonl", "--restart"]
    command = [sys.executable, "-m", "seedbed", *order, "--engine", "ray", *settings]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("address", ["host:port", "auto"])
def test_rows_are_made_on_the_cluster_and_it_stays(address: str, head: Head, folder: Path) -> None:
    environment = {**head.environment, "RAY_ADDRESS": head.address}
    done = seedbed(folder, "Parent", environment, f"address={'auto' if address == 'auto' else head.address}")

    assert done.returncode == 0, done.stderr
    assert [row["n"] for row in rows(folder)] == list(range(50))
    (raylet,) = {row["parent"] for row in rows(folder)}
    # The node's own, which is there after the run as well.
    assert "/raylet" in command_of(int(str(raylet)))
    assert head.address.partition(":")[2] in command_of(int(str(raylet)))
    assert head.process.poll() is None


def test_the_cluster_is_not_told_the_command_line(head: Head, folder: Path) -> None:
    """Ray lists it, and whoever else uses the cluster would read the keys in it."""
    options = (f"address={head.address}", "workers=1")
    done = seedbed(folder, "Jobs", head.environment, *options)

    assert done.returncode == 0, done.stderr
    jobs = "".join(job for row in rows(folder) for job in row["jobs"])  # type: ignore[attr-defined]
    assert "entrypoint" in jobs
    assert "engine.address" not in jobs


def test_a_runtime_environment_brings_modules_and_variables(head: Head, folder: Path) -> None:
    brought = {"py_modules": [str(folder / "elsewhere" / "greetings")], "env_vars": {"TO": "you"}}
    options = (f"address={head.address}", "workers=1")
    without = seedbed(folder, "Says", head.environment, *options)
    done = seedbed(folder, "Says", head.environment, *options, f"runtime_env={json.dumps(brought)}")

    assert without.returncode != 0
    assert "step 'says' could not be loaded: ModuleNotFoundError" in without.stderr
    assert done.returncode == 0, done.stderr
    assert {(row["said"], row["to"]) for row in rows(folder)} == {("hello", "you")}


def test_a_runtime_environment_that_cannot_be_made_says_why() -> None:
    from ray.exceptions import RuntimeEnvSetupError

    from seedbed_ray.link import _reason

    error = RuntimeEnvSetupError("Traceback:\n  File ...\nRuntimeError: Please install virtualenv\n")
    assert _reason(error) == "Failed to set up runtime environment. RuntimeError: Please install virtualenv"
    assert _reason(RuntimeEnvSetupError()) == "Failed to set up runtime environment."


def test_without_its_token_a_cluster_is_not_joined_and_the_advice_says_what_to_set(
    head: Head, folder: Path
) -> None:
    stranger = {name: value for name, value in head.environment.items() if "RAY_AUTH" not in name}
    # Ray tries for 20 seconds otherwise.
    hurried = {"RAY_AUTH_MODE": "disabled", "RAY_gcs_rpc_server_connect_timeout_s": "1"}
    done = seedbed(folder, "Parent", {**stranger, **hurried}, f"address={head.address}")

    assert done.returncode != 0
    assert f"error: the cluster at '{head.address}' can't be joined" in done.stderr
    assert "RAY_AUTH_MODE=token" in done.stderr
    assert "Traceback" not in done.stderr
