"""Strangers' packages, really installed into a clean environment, and used by name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.support.clean_environment import CleanEnvironment

ROOT = Path(__file__).parents[2]
FIRST_PARTY = ROOT / "plugins" / "seedbed-openai"

TASK_PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "riddle-tasks"
version = "2.1"
dependencies = ["seedbed>=0.1,<1"]

[project.entry-points."seedbed.tasks"]
riddles = "riddle_tasks"

[tool.hatch.build.targets.wheel]
packages = ["riddle_tasks"]
"""

TASK_MODULE = '''
from __future__ import annotations

from seedbed import GeneratorTask, hookimpl


class Riddles(GeneratorTask):
    """Riddles about animals."""

    template: str = "Write a riddle about a {{ animal }}."

    def sample(self, index, rng):
        return {"animal": rng.choice(["fox", "owl", "eel"])}


@hookimpl
def seedbed_task(name):
    return Riddles
'''

BACKEND_PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "parrot-llm"
version = "0.3"
dependencies = ["seedbed>=0.1,<1"]

[project.entry-points."seedbed.llms"]
parrot = "parrot_llm"

[tool.hatch.build.targets.wheel]
packages = ["parrot_llm.py"]
"""

BACKEND_MODULE = '''
from seedbed import LLM, Response, hookimpl


class ParrotLLM(LLM):
    """Repeats the prompt."""

    loud: bool = False

    async def respond(self, request):
        said = request.messages[-1]["content"]
        return Response.of_text(said.upper() if self.loud else said)


@hookimpl
def seedbed_llm(name):
    return ParrotLLM
'''

OBSERVER_PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "row-log"
version = "1.4"
dependencies = ["seedbed>=0.1,<1"]

[project.entry-points."seedbed.observers"]
row-log = "row_log"

[tool.hatch.build.targets.wheel]
packages = ["row_log.py"]
"""

OBSERVER_MODULE = '''
"""Writes what becomes of the rows of a run to a file."""

import json
from pathlib import Path

from seedbed import hookimpl


@hookimpl
def seedbed_run_started(run):
    Path("log.jsonl").write_text("")


@hookimpl
def seedbed_row_finished(run, row):
    with Path("log.jsonl").open("a") as file:
        file.write(json.dumps([run.name, row.id, row.verdict, row.columns]) + "\\n")


@hookimpl
def seedbed_run_finished(outcome):
    raise RuntimeError(f"the tracker is down: {outcome.outcome}")
'''

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of commands of an environment that has Seedbed and three strangers' packages."""
    folder = tmp_path_factory.mktemp("clean")
    task, backend, observer = folder / "task", folder / "backend", folder / "observer"
    (task / "riddle_tasks").mkdir(parents=True)
    (task / "pyproject.toml").write_text(TASK_PROJECT)
    (task / "riddle_tasks" / "__init__.py").write_text(TASK_MODULE)
    backend.mkdir()
    (backend / "pyproject.toml").write_text(BACKEND_PROJECT)
    (backend / "parrot_llm.py").write_text(BACKEND_MODULE)
    observer.mkdir()
    (observer / "pyproject.toml").write_text(OBSERVER_PROJECT)
    (observer / "row_log.py").write_text(OBSERVER_MODULE)
    environment = CleanEnvironment(folder / "env")
    environment.install(ROOT, FIRST_PARTY, task, backend, observer)
    return environment.scripts


def seedbed(scripts: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [scripts / "seedbed", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=120,
    )


def test_they_are_listed_with_their_distributions_beside_a_first_party_one(
    scripts: Path, tmp_path: Path
) -> None:
    ended = seedbed(scripts, "plugins", folder=tmp_path)

    assert ended.returncode == 0, ended.stderr
    for word in (
        "riddles",
        "riddle-tasks",
        "2.1",
        "parrot",
        "parrot-llm",
        "0.3",
        "row-log",
        "seedbed-openai",
    ):
        assert word in ended.stdout


def test_they_run_by_name_and_take_their_fields(scripts: Path, tmp_path: Path) -> None:
    ended = seedbed(
        scripts,
        *("run", "riddles", "--llm", "parrot/grey", "-n", "5", "-o", "out.jsonl", "--set", "llm.loud=true"),
        folder=tmp_path,
    )

    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(rows) == 5
    for row in rows:
        assert row["generation"] == f"Write a riddle about a {row['animal']}.".upper()
        assert row["model_name"] == "grey"


def test_an_observer_is_told_of_the_rows_and_cannot_harm_the_run(scripts: Path, tmp_path: Path) -> None:
    (tmp_path / "seedbed.toml").write_text('observers = ["row-log"]\n')
    ended = seedbed(
        scripts, "run", "riddles", "--llm", "parrot/x", "-n", "3", "-o", "o.jsonl", folder=tmp_path
    )

    assert ended.returncode == 0, ended.stderr
    assert "the observer 'row-log' of row-log 1.4 is broken: seedbed_run_finished raised" in ended.stderr
    assert "RuntimeError: the tracker is down: complete" in ended.stderr
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log == [["o", str(number), "accepted", row] for number, row in enumerate(rows)]


def test_a_misspelt_name_is_answered_with_the_installed_ones(scripts: Path, tmp_path: Path) -> None:
    ended = seedbed(scripts, "run", "ridles", "--llm", "parrot/grey", "-n", "1", folder=tmp_path)

    assert ended.returncode == 2
    assert "did you mean 'riddles'?" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_plugin_passes_its_check(scripts: Path, tmp_path: Path) -> None:
    ended = seedbed(scripts, "plugins", "check", folder=tmp_path)

    assert ended.returncode == 0, ended.stdout + ended.stderr
