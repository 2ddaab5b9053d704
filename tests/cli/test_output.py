"""What plugins print while they're imported, and as the process ends, stays out of standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from tests.plugins.conftest import Site

from seedbed.cli.command import seedbed

NOISE = """
import atexit, ctypes, os, subprocess, sys

def make_noise():
    print("LOUD by Python")
    sys.__stdout__.write("LOUD by the first stream\\n")
    os.write(1, b"LOUD by descriptor\\n")
    subprocess.run(["sh", "-c", "echo LOUD by a child"])
    ctypes.CDLL(None).printf(b"LOUD by C\\n")

make_noise()
atexit.register(make_noise)
"""

PLUGIN = """
from seedbed import GeneratorTask, LLM, Response, hookimpl
from seedbed.engine.local import LocalEngine

class Loud(GeneratorTask):
    "Prints."

    template: str = "Write a word."

    def format_output(self, output, input):
        if self.num_generations == 2:
            raise ValueError("fails")
        return {"word": output}

class LoudLLM(LLM):
    "Prints too."

    async def respond(self, request):
        return Response.of_text("quiet")

class LoudEngine(LocalEngine):
    "Prints as well."

@hookimpl
def seedbed_task(name):
    print("LOUD by a hook")
    return Loud

@hookimpl
def seedbed_llm(name):
    return LoudLLM

@hookimpl
def seedbed_engine(name):
    return LoudEngine

@hookimpl
def seedbed_run_started(run):
    print("LOUD by an observer")
"""

TASK, LLM, ENGINE = "loud", "loud-llm/m", "loud-engine"
RUN = f"{TASK} --llm {LLM} -n 2 --plugin loud-observer --engine {ENGINE}"


class Case(NamedTuple):
    """A command, the form of what it prints, and the words that are somewhere in it."""

    command: str
    form: str = "text"
    words: str = ""
    status: int = 0


CASES = [
    Case(f"run {RUN}", "lines", "quiet"),
    Case(f"run {RUN} --json", "lines", "quiet"),
    Case(f"run {RUN} -o new.jsonl", "nothing"),
    Case(f"run {RUN} -o new.jsonl --json", "json", "complete"),
    Case(f"run {TASK} --help", "text", "Prints."),
    Case(f"run --llm {LLM} --help", "text", "Prints too."),
    Case(f"preview {TASK} --llm {LLM}", "text", "quiet"),
    Case(f"preview {TASK} --llm {LLM} --json", "json", "quiet"),
    Case(f"preview {TASK} --help", "text", "Prints."),
    Case(f"plan {TASK} --llm {LLM} -n 3", "text", "cost"),
    Case(f"plan {TASK} --llm {LLM} -n 3 --json", "json", "calls"),
    Case(f"plan {TASK} --llm {LLM} -n 3 --name probed --probe 1 --json", "json", "calls"),
    Case(f"plan {TASK} --help", "text", "Prints."),
    Case("runs", "text", "kept"),
    Case("runs list --json", "json", "kept"),
    Case("runs show kept --json", "json", "kept"),
    Case("runs explain kept", "text", "failed"),
    Case("runs explain kept 0 --json", "json", "fails"),
    Case("runs diff good kept", "text", "num_generations"),
    Case("runs diff good kept --json", "json", "num_generations"),
    Case("runs export good", "lines", "quiet"),
    Case("runs export kept --failed", "lines", "fails"),
    Case("runs push good hf://USER/NAME", "nothing", "", 2),
    Case("runs card good", "text", "loud"),
    Case("runs retry kept --json", "lines", "", 1),
    Case("report good", "text", "Rows"),
    Case("report good --json", "json", "quiet"),
    Case("view good --port 99999", "nothing", "", 2),
    Case("runs rate good 0 good --rater ada", "text", "ada says"),
    Case("runs ratings good", "any"),
    Case("runs ratings good --json", "json", "ratings"),
    Case("runs calibrate good --score score", "nothing", "", 2),
    Case("runs merge all good kept", "nothing", "", 2),
    Case("runs copy good copied", "nothing"),
    Case("runs remove good --yes", "any"),
    Case("plugins", "text", "dist-loud"),
    Case("plugins --json", "json", "dist-loud"),
    Case("plugins search loud", "text", "dist-loud"),
    Case("plugins search loud --json", "json", "dist-loud"),
    Case("plugins show loud", "text", "Prints."),
    Case("plugins show loud --json", "json", "Prints."),
    Case("plugins show loud-llm --json", "json", "Prints too."),
    Case("plugins show loud-engine --json", "json", "Prints as well."),
    Case("plugins show loud-observer --json", "json", "seedbed_run_started"),
    Case("plugins check loud --json", "json", "dist-loud"),
    Case("plugins check loud", "text", "it prints when it's imported"),
    # Of this package alone: each plugin that is installed would be tried in a process of its own.
    Case("plugins doctor --allow dist-loud --json", "json", "interpreter"),
    Case("plugins lock", "text", "dist-loud"),
    # Of this package alone: the schema of all that is installed takes a second to make.
    Case("schema --allow dist-loud", "json", "loud"),
    Case("check loud.yaml", "text", "loud"),
    Case("check loud.yaml --json", "json", "loud"),
    Case("graph loud.yaml", "text", "loud"),
    Case("new task other", "any"),
    Case("new llm other-llm", "any"),
    Case("new step other-step", "any"),
    Case("new embedder other-embedder", "any"),
    Case("new format other-format", "any"),
    Case("new engine other-engine", "any"),
    Case("new observer other-observer", "any"),
]


def params() -> Iterator[Any]:
    """Yield the cases; those after the first of a command or group are left to `.ci/run`."""
    tried: set[str] = set()
    for case in CASES:
        word = case.command.split()[0]
        yield pytest.param(case, id=case.command, marks=[pytest.mark.slow] if word in tried else [])
        tried.add(word)


def commands(group: click.Group, *path: str) -> Iterator[str]:
    """Yield all commands that do something, as they are typed."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        if isinstance(found, click.Group):
            yield from commands(found, *path, name)
        else:
            yield " ".join((*path, name))


def test_every_command_is_tried() -> None:
    tried = {case.command for case in CASES}

    assert [one for one in commands(seedbed) if not any(name.startswith(one) for name in tried)] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plugin of each kind that prints, and with the runs `good`, and `kept`, which failed."""
    folder = tmp_path_factory.mktemp("loud")
    site = Site(folder / "site")
    points = {
        "seedbed.tasks": {TASK: "mod_loud"},
        "seedbed.llms": {LLM.partition("/")[0]: "mod_loud"},
        "seedbed.engines": {ENGINE: "mod_loud"},
        "seedbed.observers": {"loud-observer": "mod_loud"},
    }
    site.install("dist-loud", points, {"mod_loud": NOISE + PLUGIN})
    (folder / "loud.yaml").write_text(f"steps: [{{use: {TASK}}}]")
    made = run(folder, f"run {RUN} --name good")
    assert made.returncode == 0, made.stderr
    assert "LOUD by an observer" in made.stderr
    made = run(folder, f"run {RUN} --name kept --set num_generations=2 --give-up-after 0")
    assert made.returncode == 1, made.stderr
    return folder


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "seedbed", *command.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "site"), "SEEDBED_RUNS": str(folder / "runs")},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="C's standard output has another name there")
@pytest.mark.parametrize("case", list(params()))
def test_what_plugins_print_does_not_mix_with_what_a_command_prints(folder: Path, case: Case) -> None:
    done = run(folder, case.command)

    assert done.returncode == case.status, done.stderr
    assert case.words in done.stdout
    if case.form == "nothing":
        assert done.stdout == ""
    elif case.form == "json":
        json.loads(done.stdout)
    elif case.form == "lines":
        assert all(isinstance(json.loads(line), dict) for line in done.stdout.splitlines())
    else:
        # What a check says of a plugin that prints quotes it.
        assert "LOUD" not in done.stdout.replace("it prints when it's imported: LOUD", "")
