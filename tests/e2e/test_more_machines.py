"""The README's pipeline alone, on Ray and in two shards, by the commands of the page, on a fresh clone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
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


class Clone:
    """A fresh clone with an environment that uv has made, as the README says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        subprocess.run(["git", "clone", "--quiet", "--no-local", ROOT, self.folder], check=True)
        venv.create(folder / "env", with_pip=True)
        scripts = folder / "env" / "bin"
        own = {name: value for name, value in os.environ.items() if not name.startswith(("UV", "VIRTUAL"))}
        self.environment = {**own, "PATH": os.pathsep.join([str(scripts), os.environ["PATH"]])}

    def run(self, command: str) -> str:
        """Run a command of the shell, and return what it says."""
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


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("fresh"))


def test_the_readmes_pipeline_has_the_same_bytes_alone_on_ray_and_in_shards(clone: Clone) -> None:
    alone = next(line.strip() for line in README.splitlines() if "uv run seedbed run qa-pairs" in line)
    what = re.search(r"seedbed run (qa-pairs .* -n \d+)", alone)
    assert what is not None
    clone.run(alone)

    installed, on_ray, _, joined = commands("Ray")
    assert installed == "pip install seedbed-ray"
    assert on_ray in joined.replace(" --set engine.address=head:6379", "")
    # It isn't on PyPI yet: the clone's environment has it.
    active = "source .venv/bin/activate"
    clone.run(f"{active}; {on_ray.replace(PIPELINE, what[1])}")
    assert clone.bytes_of("dataset.jsonl") == clone.bytes_of("qa.jsonl")
    clone.run(f"uv run {on_ray.replace(PIPELINE, what[1])} --restart --set engine.workers=1")
    assert clone.bytes_of("dataset.jsonl") == clone.bytes_of("qa.jsonl")
    assert "runtime_env" in clone.run(f"{active}; seedbed plugins show ray")

    (clone.folder / "dataset.jsonl").unlink()
    for command in commands("Shards"):
        clone.run(f"{active}; {command.replace(PIPELINE, what[1])}")
    assert clone.bytes_of("dataset.jsonl") == clone.bytes_of("qa.jsonl")


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
