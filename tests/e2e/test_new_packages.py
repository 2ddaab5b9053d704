"""What `seedbed new` writes: built, installed, tested and run by name in a clean environment."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support import first_parameters
from tests.support.clean_environment import CleanEnvironment, have_uv_install
from tests.support.made_once import made_once

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


MADE = {
    "bedtime-stories": "task bedtime-stories",
    "parrot": "llm parrot",
    "acme-cloud": "llm acme-cloud --http",
    "letters": "embedder letters",
    "word-count": "step word-count",
    "shout": "observer shout",
    "blocks": "format blocks",
    "pipes": "engine pipes",
}
"""The packages that are made, and what `seedbed new` is told for each."""


class Place(NamedTuple):
    """An author's folder, the variables of the shell there, and what `seedbed new` said of each package."""

    folder: Path
    environment: dict[str, str]
    said: dict[str, str]

    def run(self, command: str, folder: str = ".") -> str:
        """Run a command of the shell, which must succeed, and return what it wrote."""
        ended = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder / folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout


def make_packages(folder: Path) -> None:
    """Make the core's wheel, and the packages by the command of a clean environment."""
    (folder / "author").mkdir()
    place = Place(folder, CleanEnvironment(folder / "env").variables, {})
    place.run(f"uv build --quiet --wheel --out-dir wheels '{ROOT}' && uv pip install --quiet wheels/*.whl")
    for name, words in MADE.items():
        place.said[name] = place.run(f"seedbed new {words}", "author")
    (folder / "said.json").write_text(json.dumps(place.said))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the wheel, and of an author's packages."""
    return made_once(tmp_path_factory, "new-packages", make_packages)


def author(folder: Path, made: Path, *options: str) -> Place:
    """Return a folder with copies of the packages, and a clean environment with the core's wheel."""
    shutil.copytree(made / "author", folder, dirs_exist_ok=True)
    environment = CleanEnvironment(folder / "env", *options)
    (wheel,) = (made / "wheels").glob("*.whl")
    environment.install(f"{wheel}[testing]")
    return Place(folder, environment.variables, json.loads((made / "said.json").read_text()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, made: Path) -> Place:
    """A clean environment with the core's wheel, and packages made by its command; uv does what pip would."""
    place = author(tmp_path_factory.mktemp("author"), made)
    have_uv_install(place.folder / "env")
    return place


@pytest.mark.parametrize("name", MADE)
def test_what_is_built_holds_what_is_published(place: Place, name: str) -> None:
    place.run("uv build --quiet --out-dir dist", f"seedbed-{name}")

    module = f"seedbed_{name.replace('-', '_')}"
    (wheel,) = (place.folder / f"seedbed-{name}" / "dist").glob("*.whl")
    assert (wheel.parent / f"{module}-0.1.0.tar.gz").is_file()
    with zipfile.ZipFile(wheel) as archive:
        held = archive.namelist()
    for path in ("__init__.py", "py.typed"):
        assert f"{module}/{path}" in held
    assert f"{module}-0.1.0.dist-info/licenses/LICENSE" in held
    assert not [path for path in held if path.startswith("tests")]


@pytest.fixture
def fake_server(place: Place) -> Iterator[str]:
    """The address of the fake server that a new backend comes with, started as its README says."""
    command = ["python", "tests/fake_server.py"]
    folder = place.folder / "seedbed-acme-cloud"
    with subprocess.Popen(
        command, cwd=folder, env=place.environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def test_a_backend_of_its_own_protocol_is_asked_for_rows(place: Place, fake_server: str) -> None:
    place.run("pip install --quiet ./seedbed-bedtime-stories ./seedbed-acme-cloud")
    settings = f"--set llm.base_url={fake_server} --set llm.api_key=any"

    rows = place.run(f"seedbed run bedtime-stories --llm acme-cloud/any -n 3 {settings}").splitlines()

    assert len(rows) == 3
    assert all(json.loads(row)["text"].startswith("Write two calm sentences about") for row in rows)


def test_a_step_and_an_observer_are_named_in_a_run(place: Place) -> None:
    place.run("pip install --quiet ./seedbed-word-count ./seedbed-shout")
    (place.folder / "texts.jsonl").write_text('{"text": "Snow falls on the town."}\n{"text": "Hush."}\n')

    made = place.run("seedbed run word-count --input texts.jsonl --plugin shout 2> said")

    assert [json.loads(row) for row in made.splitlines()] == [{"text": "Snow falls on the town.", "words": 5}]
    said = (place.folder / "said").read_text()
    assert "is rejected by word-count: 1 words, fewer than 3" in said
    listed = place.run("seedbed plugins")
    assert all(name in listed for name in ("word-count", "seedbed-word-count", "shout", "seedbed-shout"))


def test_both_run_by_name_as_they_were_written(place: Place) -> None:
    place.run("pip install --quiet ./seedbed-bedtime-stories ./seedbed-parrot")

    rows = place.run("seedbed run bedtime-stories --llm parrot/any -n 3 --set style=wild").splitlines()

    assert [json.loads(row)["text"] for row in rows] == [
        f"Write two wild sentences about {json.loads(row)['topic']}." for row in rows
    ]
    listed = place.run("seedbed plugins")
    for words in (["bedtime-stories", "seedbed-bedtime-stories"], ["parrot", "seedbed-parrot"]):
        assert all(word in listed for word in words)
    place.run("seedbed plugins check")


@pytest.mark.parametrize("name", MADE)
def test_the_command_to_test_it_is_the_one_that_was_printed(place: Place, name: str) -> None:
    *_, test, _run, _publish = place.said[name].splitlines()
    if name == "pipes":
        # Each of its runs starts processes; Ray's engine keeps the contract with all parameters.
        shutil.copy(first_parameters.__file__, place.folder)
        test = f"export PYTHONPATH=$PWD PYTEST_ADDOPTS='-p first_parameters'; {test}"

    assert " failed" not in place.run(test)


def test_a_name_that_is_installed_is_not_made_again(place: Place) -> None:
    place.run("pip install --quiet ./seedbed-parrot")

    said = place.run("seedbed new llm parrot --directory elsewhere 2>&1 || true")

    assert "the name 'parrot' is taken by the LLM backend of seedbed-parrot 0.1.0" in said
    assert not (place.folder / "elsewhere").exists()


def test_a_lock_holds_the_versions_that_pip_installed(tmp_path: Path, made: Path) -> None:
    place = author(tmp_path, made, "--seed")
    # With the builder there, pip makes no environment of its own for each package, which takes five seconds.
    place.run("pip install --quiet hatchling editables")
    install = "pip install --quiet --no-build-isolation"
    place.run(f"{install} ./seedbed-bedtime-stories ./seedbed-parrot")
    locked = "seedbed run bedtime-stories --llm parrot/any -n 1 --locked seedbed.lock"
    place.run("seedbed plugins lock -o seedbed.lock")
    assert "editable" not in (place.folder / "seedbed.lock").read_text().partition("lock-version")[2]
    place.run(locked)

    place.run("sed -i 's/^version = .*/version = \"0.2.0\"/' pyproject.toml", "seedbed-parrot")
    place.run(f"{install} ./seedbed-parrot")
    said = place.run(f"{locked} 2>&1 || test $? = 2")
    assert "seedbed-parrot: 0.1.0 is locked, but 0.2.0 is installed" in said
    assert "pip install 'seedbed-parrot==0.1.0'" in said

    place.run(f"{install} -e ./seedbed-bedtime-stories")
    assert "seedbed-bedtime-stories: it is installed in editable form" in place.run(f"{locked} 2>&1 || true")
