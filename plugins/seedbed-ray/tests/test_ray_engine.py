"""The engine `ray`: what it makes is what the built-in engine makes, and it leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed import ParameterError, Registry
from seedbed_ray import RayEngine

STEPS = """
import os
from typing import ClassVar

from seedbed import Reject, Step


class Letters(Step):
    keeps: ClassVar[bool] = True

    def process(self, row):
        if row["n"] % 3 == 2:
            raise Reject("a third row")
        row = {**row, "niceness": os.nice(0)}
        return [row, {**row, "twice": True}] if row["n"] % 5 == 0 else row
"""

SMALL = (
    "--engine",
    "ray",
    "--set",
    "engine.cpus=2",
    "--set",
    "engine.workers=2",
    "--set",
    "engine.object_store=80",
)


def seedbed(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seedbed", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)


def test_it_is_found_by_its_name():
    assert Registry().engine("ray") is RayEngine


def test_options_that_do_not_exist_or_do_not_fit_are_refused():
    with pytest.raises(ParameterError, match="the parameters of the engine 'RayEngine' do not fit") as caught:
        RayEngine.with_options(adress="head:6379", workers=0)
    said = "\n".join(caught.value.advice)
    assert "did you mean 'address'" in said
    assert "workers" in said


@pytest.mark.slow
def test_ray_is_imported_only_when_the_engine_runs():
    code = "import sys, seedbed; seedbed.Registry().engine('ray'); print('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


UNDER_UV = """
from seedbed import Step, run
from seedbed_ray import RayEngine


class Looks(RayEngine):
    async def start_workers(self):
        from ray._private import ray_constants

        raise SystemExit(ray_constants.RAY_ENABLE_UV_RUN_RUNTIME_ENV)


class Same(Step):
    keeps = True

    def process(self, row):
        return row


run(Same(), input=[{"n": 1}], engine=Looks)
"""


@pytest.mark.slow
def test_a_ray_that_is_started_here_does_not_have_uv_run_its_workers():
    environment = {name: value for name, value in os.environ.items() if "RAY_ENABLE_UV" not in name}
    done = subprocess.run(
        [sys.executable, "-c", UNDER_UV], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_a_dataset_made_on_ray_has_the_bytes_of_the_built_in_engine(tmp_path: Path):
    (tmp_path / "steps.py").write_text(STEPS)
    rows = tmp_path / "in.jsonl"
    rows.write_text("".join(f'{{"n": {n}}}\n' for n in range(100)))
    order = ("run", "steps.py:Letters", "--input", "in.jsonl")
    local = seedbed(*order, "-o", "local.jsonl", folder=tmp_path)
    on_ray = seedbed(*order, "-o", "ray.jsonl", *SMALL, folder=tmp_path)

    assert (local.returncode, on_ray.returncode) == (0, 0), on_ray.stderr
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert "33 rejected: a third row" in on_ray.stderr
