"""The files of a new package: whole, typed, and free of what is left over from a template."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from tests.support.no_room import no_file_larger_than

from seedbed.engine.engine_kind import ENGINES
from seedbed.engine.observing.observer_kind import OBSERVERS
from seedbed.errors import UsageError
from seedbed.llm.embedding.embedder_kind import EMBEDDERS
from seedbed.llm.llm_kind import LLMS
from seedbed.plugins.discovery.metadata import excludes, running_version
from seedbed.plugins.kinds import kind_of
from seedbed.scaffold.new_package import NewPackage
from seedbed.scaffold.rendering import rendered
from seedbed.scaffold.writing import write_files
from seedbed.store.format_kind import FORMATS
from seedbed.tasks.task_kinds import STEPS, TASKS
from seedbed.testing import LLMContract

PACKAGES = [
    NewPackage(TASKS, "bedtime-stories", "Ada Example"),
    NewPackage(TASKS, "field"),
    NewPackage(LLMS, "parrot"),
    NewPackage(LLMS, "gpt-4x"),
    NewPackage(LLMS, "acme-cloud", http=True),
    NewPackage(EMBEDDERS, "letters"),
    NewPackage(STEPS, "word-count"),
    NewPackage(OBSERVERS, "shout"),
    NewPackage(FORMATS, "blocks"),
    NewPackage(ENGINES, "pipes"),
]


@pytest.fixture(params=PACKAGES, ids=lambda package: f"{package.template} {package.name}")
def package(request: pytest.FixtureRequest) -> NewPackage:
    made: NewPackage = request.param
    return made


def test_a_package_has_all_that_is_published_with_it(package: NewPackage) -> None:
    kind = package.kind.word
    further = {"tests/fake_server.py"} if package.http else set()
    if kind == "engine":
        further = {f"src/{package.module}/worker.py"}

    assert rendered(package).keys() == further | {
        ".github/workflows/ci.yml",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        f"src/{package.module}/__init__.py",
        f"src/{package.module}/{kind}.py",
        f"src/{package.module}/py.typed",
        f"tests/test_{kind}.py",
    }


def test_nothing_of_a_template_is_left(package: NewPackage) -> None:
    for path, text in rendered(package).items():
        assert not re.search(r"<<|>>|<%|%>", text), path
        assert not text or (text.endswith("\n") and not text.endswith("\n\n")), path


def test_the_metadata_registers_the_name_and_admits_this_seedbed(package: NewPackage) -> None:
    project = tomllib.loads(rendered(package)["pyproject.toml"])["project"]
    (bound,) = (text for text in project["dependencies"] if text.startswith("seedbed"))
    specifier = bound.removeprefix("seedbed")

    assert project["entry-points"] == {str(package.kind): {package.name: package.module}}
    assert not excludes(specifier, running_version())
    assert excludes(specifier, f"{int((running_version() or '0').split('.')[0]) + 1}.0")


def test_the_author_is_named_by_the_licence_and_the_metadata() -> None:
    files = rendered(PACKAGES[0])

    assert "Copyright (c) Ada Example" in files["LICENSE"]
    assert 'authors = [{ name = "Ada Example" }]' in files["pyproject.toml"]


def test_a_backend_that_asks_a_server_says_what_belongs_together() -> None:
    files = rendered(NewPackage(LLMS, "acme-cloud", http=True))
    pairs = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", files["README.md"], re.MULTILINE)

    assert len(pairs) == 5
    for method, inverse in pairs:
        assert f"def {method}(" in files["src/seedbed_acme_cloud/llm.py"]
        assert f"def {inverse}(" in files["tests/fake_server.py"]


def test_a_backend_says_how_to_go_on_with_pages_and_a_fact_that_there_are() -> None:
    docs = Path(__file__).parents[2] / "docs"
    files = rendered(NewPackage(LLMS, "parrot"))
    code = files["src/seedbed_parrot/llm.py"]

    for page in ("tutorial/first-backend.md", "how-to/test-a-plugin.md"):
        title = (docs / page).read_text().splitlines()[0].removeprefix("# ")
        assert f"*{title}*" in files["README.md"]
    assert "`wire`" in files["README.md"]
    assert hasattr(LLMContract, "wire")
    assert '"Your first backend"' in code


@pytest.mark.parametrize("kind", ["task", "llm", "step", "http", "engine"])
@pytest.mark.parametrize("name", ["haiku", "field", "test-stories", "test", "generator-task", "row"])
def test_a_class_has_a_name_of_its_own(kind: str, name: str) -> None:
    is_http = kind == "http"
    package = NewPackage(kind_of(f"seedbed.{'llm' if is_http else kind}s"), name, http=is_http)
    trees = [ast.parse(text) for path, text in rendered(package).items() if path.endswith(".py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = [
        alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and not str(node.module).startswith(package.module)
        for alias in node.names
    ]
    classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]

    assert package.class_name not in imported
    assert classes.count(package.class_name) == 1
    assert not package.class_name.startswith("Test")


def test_the_workflow_publishes_a_tag_without_a_token(package: NewPackage) -> None:
    jobs = yaml.safe_load(rendered(package)[".github/workflows/ci.yml"])["jobs"]
    publish = jobs["publish"]

    assert publish["needs"] == "test"
    assert publish["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert publish["permissions"]["id-token"] == "write"
    assert jobs["test"]["steps"][1]["with"]["python-version"] == "${{ matrix.python }}"
    assert "secrets." not in rendered(package)[".github/workflows/ci.yml"]


def test_the_workflow_compares_the_tag_with_the_version(package: NewPackage, tmp_path: Path) -> None:
    files = rendered(package)
    steps = yaml.safe_load(files[".github/workflows/ci.yml"])["jobs"]["publish"]["steps"]
    (check,) = (step["run"] for step in steps if step.get("name") == "The tag is the version")
    (tmp_path / "pyproject.toml").write_text(files["pyproject.toml"])

    for tag, status in (("v0.1.0", 0), ("v0.2.0", 1)):
        done = subprocess.run(
            ["bash", "-c", check], cwd=tmp_path, env={"GITHUB_REF_NAME": tag, "PATH": "/usr/bin:/bin"}
        )
        assert done.returncode == status


@pytest.fixture
def checked_once(request: pytest.FixtureRequest) -> Iterator[str]:
    """A cache of mypy for all packages: it takes 25 s to check what they import, and 2 s for a package."""
    folder = request.config.cache.mkdir("mypy")
    with FileLock(folder / "lock"):
        yield str(folder)


@pytest.mark.slow
def test_the_code_is_formatted_and_typed(package: NewPackage, tmp_path: Path, checked_once: str) -> None:
    write_files(rendered(package), tmp_path)

    for command in (
        ["ruff", "check", "--select", "E,F,I,UP,B,D1,RUF,ANN", "--ignore", "D1", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "--cache-dir", checked_once],
    ):
        done = subprocess.run([sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folder", [".", "new/one"])
def test_a_package_that_the_disk_has_no_room_for_is_not_left_half_made(folder: str, tmp_path: Path) -> None:
    files = {"README.md": "short", "src/a/b.py": "x = 1\n" * 1000, "src/c.py": ""}
    with no_file_larger_than(2000), pytest.raises(UsageError, match="cannot be written to: File too large"):
        write_files(files, tmp_path / folder)
    assert [*tmp_path.iterdir()] == []
    write_files(files, tmp_path / folder)
    assert (tmp_path / folder / "src/c.py").exists()
