"""What the page on several machines shows for Slurm, Kubernetes and CI, run by bash."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.test_how_to import HOW_TO, fences

from seedbed.cli.command import seedbed as seedbed_command
from seedbed.engine.sources.shard import Shard

PAGE = "more-than-one-machine.md"

SPY = """#!/bin/sh
printf '%s\\n' "$*" >> "$COMMANDS"
"""


class Shell:
    """Bash, in which `seedbed` writes down what it was asked to do."""

    def __init__(self, folder: Path) -> None:
        self._commands = folder / "commands.txt"
        spy = folder / "seedbed"
        spy.write_text(SPY)
        spy.chmod(0o755)
        path = f"{folder}:{os.environ['PATH']}"
        self._environment = {"PATH": path, "HOME": str(folder), "COMMANDS": str(self._commands)}

    def run(self, script: str, **variables: object) -> None:
        environment = {**self._environment, **{name: str(value) for name, value in variables.items()}}
        subprocess.run(["bash", "-eu", "-c", script], env=environment, check=True)

    def commands(self) -> list[list[str]]:
        return [line.split() for line in self._commands.read_text().splitlines()]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def parsed(arguments: list[str]) -> dict[str, object]:
    """Return the options of a `seedbed run`, as the command itself reads them."""
    name, *rest = arguments
    command = seedbed_command.get_command(
        seedbed_command.make_context("seedbed", [name, "--help"], resilient_parsing=True), name
    )
    assert command is not None
    return command.make_context(name, rest).params


def check_shards(commands: list[list[str]], count: int) -> None:
    options = [parsed(one) for one in commands]
    assert [Shard.parse(str(one["shard"])) for one in options] == [
        Shard(k, count) for k in range(1, count + 1)
    ]
    assert [one["name"] for one in options] == [f"part-{k}" for k in range(1, count + 1)]


def test_each_task_of_the_slurm_array_makes_its_shard_and_the_merge_names_all(shell: Shell) -> None:
    script = next(one for one in fences(PAGE, "sh") if "SBATCH" in one)
    assert "--array=1-16" in script
    for task in range(1, 17):
        shell.run(script, SLURM_ARRAY_TASK_ID=task)
    commands = shell.commands()
    check_shards(commands, 16)

    text = (HOW_TO / PAGE).read_text()
    merge = text[text.index("seedbed runs merge all $(seq") :].partition("`")[0]
    shell.run(merge)
    assert shell.commands()[-1] == [
        "runs",
        "merge",
        "all",
        *(one[one.index("--name") + 1] for one in commands),
    ]


def test_each_pod_of_the_kubernetes_job_makes_its_shard(shell: Shell) -> None:
    job = next(yaml.safe_load(one) for one in fences(PAGE, "yaml") if "kind: Job" in one)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["sh", "-c"]
    for index in range(job["spec"]["completions"]):
        shell.run(container["args"][0], JOB_COMPLETION_INDEX=index)
    check_shards(shell.commands(), job["spec"]["completions"])


def test_each_job_of_the_matrix_makes_its_shard(shell: Shell) -> None:
    workflow = next(yaml.safe_load(one) for one in fences(PAGE, "yaml") if "matrix" in one)
    part = workflow["jobs"]["part"]
    (command,) = (step["run"] for step in part["steps"] if "seedbed run" in step.get("run", ""))
    for shard in part["strategy"]["matrix"]["shard"]:
        shell.run(command.replace("${{ matrix.shard }}", str(shard)))
    check_shards(shell.commands(), len(part["strategy"]["matrix"]["shard"]))


@pytest.mark.parametrize(
    "word",
    ["distributed", "cluster", "multi-node", "scale out", "Slurm", "Kubernetes", "Ray", "GPU", "matrix"],
)
def test_who_searches_for_this_word_finds_the_page(word: str) -> None:
    # The site's search looks into the text; whoever reads the README or the list of pages follows its line.
    assert word in (HOW_TO / PAGE).read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_who_has_outgrown_a_machine_is_led_to_the_page(page: str) -> None:
    lines = (HOW_TO.parents[1] / page).read_text().splitlines()
    (line,) = (one for one in lines if PAGE in one)
    assert all(word in line for word in ("Ray", "Slurm", "Kubernetes", "cluster"))
