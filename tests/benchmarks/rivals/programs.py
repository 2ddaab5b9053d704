"""The programs that are compared, and an environment for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.child import ROOT

JOBS = Path(__file__).parent / "jobs"


class Failed(Exception):
    """A program did not do the job."""


class Program(NamedTuple):
    """A program: what pip installs of it, and the script that does the job with it.

    Without requirements it runs in the environment of the tests.
    """

    name: str
    script: str
    requirements: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Its name and version."""
        return self.requirements[0].replace("==", " ") if self.requirements else f"{self.name}, this clone"


PROGRAMS = (
    Program("seedbed", "seedbed_rows.py"),
    Program("data-designer", "data_designer_rows.py", ("data-designer==0.9.7",)),
    Program("curator", "curator_rows.py", ("bespokelabs-curator==0.1.31",)),
    # It imports requests without requiring it; packages that it requires used to bring it in.
    Program("distilabel", "distilabel_rows.py", ("distilabel[openai]==1.5.3", "requests")),
)


class Installed(NamedTuple):
    """A program in its environment."""

    program: Program
    python: Path

    def command(self, **job: Any) -> list[str]:
        """Return what does the job: `base_url`, `model`, `template`, `rows` and `in_flight`."""
        return [str(self.python), str(JOBS / self.program.script), json.dumps(job)]


def install(program: Program, folder: Path) -> Installed:
    """Make the environment of a program with uv, or take the one that is in the folder already."""
    if not program.requirements:
        return Installed(program, Path(sys.executable))
    environment = folder / program.name
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        folder.mkdir(parents=True, exist_ok=True)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        _uv(folder, "venv", "--python", version, str(environment))
    _uv(folder, "pip", "install", "--python", str(python), *program.requirements)
    return Installed(program, python)


def _uv(folder: Path, command: str, *words: str) -> None:
    # Not in the clone: uv would hold other programs to the versions in pyproject.toml.
    ended = subprocess.run(["uv", command, "--quiet", *words], cwd=folder, check=False)
    if ended.returncode:
        raise Failed(f"not installed: uv {command} ended with status {ended.returncode}")


def environment_of(program: Program) -> Mapping[str, str]:
    """Return the environment variables of a program: a key that is none, and nothing sent to its makers."""
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return {
        **kept,
        "OPENAI_API_KEY": "sk-benchmark",
        "TELEMETRY_ENABLED": "false",
        "NEMO_TELEMETRY_ENABLED": "false",
        "HF_HUB_OFFLINE": "1",
        **({} if program.requirements else {"PYTHONPATH": str(ROOT)}),
    }
