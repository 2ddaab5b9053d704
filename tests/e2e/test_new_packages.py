"""What `seedbed new` writes: built, installed, tested and run by name in a clean environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


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


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A clean environment with the core's wheel, and two packages made there by its command."""
    folder = tmp_path_factory.mktemp("author")
    venv.create(folder / "env", with_pip=True)
    scripts = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    environment = {**os.environ, "PATH": os.pathsep.join([str(scripts), os.environ["PATH"]])}
    place = Place(folder, environment, {})
    place.run(f"uv build --quiet --wheel --out-dir wheels '{ROOT}'")
    place.run('pip install --quiet "$(echo wheels/seedbed-*.whl)[testing]"')
    place.said["task"] = place.run("seedbed new task bedtime-stories")
    place.said["llm"] = place.run("seedbed new llm parrot")
    return place


@pytest.mark.parametrize("name", ["bedtime-stories", "parrot"])
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


@pytest.mark.parametrize("kind", ["task", "llm"])
def test_the_command_to_test_it_is_the_one_that_was_printed(place: Place, kind: str) -> None:
    *_, test, _run, _publish = place.said[kind].splitlines()

    assert " failed" not in place.run(test)


def test_a_name_that_is_installed_is_not_made_again(place: Place) -> None:
    place.run("pip install --quiet ./seedbed-parrot")

    said = place.run("seedbed new llm parrot --directory elsewhere 2>&1 || true")

    assert "the name 'parrot' is taken by the LLM backend of seedbed-parrot 0.1.0" in said
    assert not (place.folder / "elsewhere").exists()


def test_a_lock_holds_the_versions_that_pip_installed(place: Place) -> None:
    place.run("pip install --quiet ./seedbed-bedtime-stories ./seedbed-parrot")
    locked = "seedbed run bedtime-stories --llm parrot/any -n 1 --locked seedbed.lock"
    place.run("seedbed plugins lock -o seedbed.lock")
    assert "editable" not in (place.folder / "seedbed.lock").read_text().partition("lock-version")[2]
    place.run(locked)

    place.run("sed -i 's/^version = .*/version = \"0.2.0\"/' pyproject.toml", "seedbed-parrot")
    place.run("pip install --quiet ./seedbed-parrot")
    said = place.run(f"{locked} 2>&1 || test $? = 2")
    assert "seedbed-parrot: 0.1.0 is locked, and 0.2.0 is installed" in said
    assert "pip install 'seedbed-parrot==0.1.0'" in said

    place.run("pip install --quiet -e ./seedbed-bedtime-stories")
    assert "seedbed-bedtime-stories: it is installed in editable form" in place.run(f"{locked} 2>&1 || true")
