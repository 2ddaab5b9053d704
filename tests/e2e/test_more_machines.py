"""The README's pipeline alone, on Ray and in two shards, by the commands of the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "more-than-one-machine.md").read_text()
README = (ROOT / "README.md").read_text()

pytestmark = pytest.mark.slow

PIPELINE = "pipeline.yaml -n 1000"
"""What the page runs; here it's what the README runs."""


def commands(title: str) -> list[str]:
    """Return the commands of a section of the page, without their comments."""
    section = PAGE.partition(f"\n## {title}")[2].partition("\n## ")[0].partition("\n### ")[0]
    shown = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return [line.partition(" #")[0].strip() for block in shown for line in block.splitlines()]


class Shell:
    """A shell in a folder, with this environment's commands, in which `uv run` takes it as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        uv = {"UV_PROJECT": str(ROOT), "UV_NO_SYNC": "1"}
        own = {name: value for name, value in os.environ.items() if "RAY_ENABLE_UV" not in name}
        self.environment = {**own, **uv, "PATH": path}

    def run(self, command: str) -> str:
        """Run a command, and return what it says."""
        ended = subprocess.run(
            ["bash", "-c", f"set -e; {command}"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout + ended.stderr

    def bytes_of(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


def test_the_readmes_pipeline_has_the_same_bytes_alone_on_ray_and_in_shards(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    alone = re.search(r"uv run (seedbed run (qa-pairs .*) -n \d+ -o qa.jsonl)", README)
    assert alone is not None
    # Fewer rows than there: each of these runs takes the model some seconds for a row.
    what = f"{alone[2]} -n 2"
    shell.run(f"seedbed run {what} -o qa.jsonl")

    installed, on_ray, _, joined = commands("Ray")
    assert installed == "pip install seedbed-ray"
    assert on_ray in joined.replace(" --set engine.address=head:6379", "")
    shell.run(f"uv run {on_ray.replace(PIPELINE, what)}")
    assert shell.bytes_of("dataset.jsonl") == shell.bytes_of("qa.jsonl")
    assert "runtime_env" in shell.run("seedbed plugins show ray")

    (shell.folder / "dataset.jsonl").unlink()
    for command in commands("Shards"):
        shell.run(command.replace(PIPELINE, what))
    assert shell.bytes_of("dataset.jsonl") == shell.bytes_of("qa.jsonl")


def test_what_the_page_shows_of_python_runs_on_ray(tmp_path: Path) -> None:
    section = PAGE.partition("\n## Ray")[2].partition("\n### ")[0]
    (shown,) = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    alone = shown.replace('address="auto", workers=64', "cpus=2, workers=2, object_store=80")
    assert alone != shown
    program = tmp_path / "program.py"
    program.write_text(f"{_PARROT}\n{alone.replace('n=1000', 'n=5')}")
    ended = subprocess.run(
        [sys.executable, program], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert len((tmp_path / "dataset.jsonl").read_text().splitlines()) == 5


_PARROT = """
import seedbed


class Parrot(seedbed.LLM):
    async def respond(self, request):
        return seedbed.Response.of_text(request.messages[-1]["content"])


class Word(seedbed.GeneratorTask):
    template: str = "word {{ n }}"

    def sample(self, index, rng):
        return {"n": index}


pipeline = Word(llm=Parrot(model="m"))
"""
