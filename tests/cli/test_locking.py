"""`seedbed plugins lock` writes what `--locked` takes; anything else ends the command with status 2."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Result
from tests.plugins.conftest import Site

from seedbed.plugins.discovery.scan import scan

Seedbed = Callable[..., Result]

ANSWERING = """
from seedbed import LLM, Response, hookimpl

class AnsweringLLM(LLM):
    async def respond(self, request):
        return Response.of_text("yes")

@hookimpl
def seedbed_llm(name):
    return AnsweringLLM
"""

NOTING = """
from seedbed import hookimpl

print("imported")

@hookimpl
def seedbed_run_finished(run, outcome):
    print("told")
"""

HAIKU = ("run", "t.py:Haiku", "-n", "1", "-o", "haiku.jsonl", "--llm")


@pytest.fixture
def site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Distributions beside the installed ones: a task and a step, and two backends, one of which answers."""
    site = Site(folder / "site")
    points = {"seedbed.tasks": {"fake-task": "mod_task"}, "seedbed.steps": {"fake-step": "mod_task"}}
    site.install("dist-task", points, {"mod_task": site.task_module})
    site.install_llm("fake")
    site.install_llm("answering", ANSWERING)
    monkeypatch.syspath_prepend(site.folder)
    yield site
    for name in ("mod_answering", "mod_fake", "mod_noting", "mod_task"):
        sys.modules.pop(name, None)
    monkeypatch.undo()
    scan(refresh=True)


@pytest.fixture
def run(site: Site, seedbed: Seedbed) -> Seedbed:
    """Runs the command as a process would that starts now: it sees what is installed now."""

    def command(*args: str) -> Result:
        scan(refresh=True)
        return seedbed(*args)

    return command


def held(lock: Path) -> dict[str, dict[str, list[str]]]:
    distributions = tomllib.loads(lock.read_text())["distribution"]
    return {one["name"]: one.get("entry-points", {}) for one in distributions}


def test_a_run_under_a_lock_of_all_that_is_installed(run: Seedbed, folder: Path) -> None:
    locked = run("plugins", "lock", "t.py", "-o", "seedbed.lock")
    assert (locked.status, locked.out) == (0, "")
    assert held(folder / "seedbed.lock")["dist-task"] == {
        "seedbed.tasks": ["fake-task"],
        "seedbed.steps": ["fake-step"],
    }

    result = run(*HAIKU, "answering/m", "--locked", "seedbed.lock")

    assert result.status == 0, result.err
    assert (folder / "haiku.jsonl").exists()


def test_a_lock_goes_to_standard_output_where_no_file_is_named(run: Seedbed, folder: Path) -> None:
    first, second = run("plugins", "lock"), run("plugins", "lock")

    assert first.out == second.out
    assert "dist-answering" in {one["name"] for one in tomllib.loads(first.out)["distribution"]}
    assert str(folder) not in first.out


def test_a_lock_of_a_run_holds_what_it_used(run: Seedbed, folder: Path) -> None:
    assert run(*HAIKU, "answering/m").status == 0

    refused = run("plugins", "lock", "--run", "haiku", "-o", "haiku.lock")
    assert refused.status == 2
    assert "the run 'haiku' used the class 'Haiku', which isn't in a plugin" in refused.error
    assert not (folder / "haiku.lock").exists()

    assert run("plugins", "lock", "--run", "haiku", "t.py", "-o", "haiku.lock").status == 0
    assert held(folder / "haiku.lock") == {"dist-answering": {"seedbed.llms": ["answering"]}, "seedbed": {}}
    assert run(*HAIKU, "answering/m", "--locked", "haiku.lock").status == 0
    refused = run(*HAIKU, "fake/m", "--locked", "haiku.lock")
    assert refused.status == 2
    assert "dist-fake 1.0 is not in the lock file 'haiku.lock'" in refused.error


def test_a_plugin_that_changed_its_version_makes_nothing(run: Seedbed, site: Site, folder: Path) -> None:
    run("plugins", "lock", "t.py", "-o", "seedbed.lock")
    (site.folder / "dist_answering-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: dist-answering\nVersion: 1.1\n"
    )

    for words in (HAIKU, ("preview", "t.py:Haiku", "--llm")):
        refused = run(*words, "answering/m", "--locked", "seedbed.lock")
        assert refused.status == 2
        assert "dist-answering: 1.0 is locked, but 1.1 is installed" in refused.error
        assert "pip install 'dist-answering==1.0'" in refused.error
    assert not (folder / "haiku.jsonl").exists()
    assert not (folder / "runs").exists()


def test_a_pipeline_of_built_in_steps_is_held_to_the_lock_too(run: Seedbed, folder: Path) -> None:
    (folder / "seedbed.lock").write_text(
        'lock-version = 1\n[[distribution]]\nname = "seedbed"\nversion = "0.0.1"\n'
    )
    (folder / "pass.yaml").write_text("steps:\n  - use: pass\n")
    (folder / "rows.jsonl").write_text('{"a": 1}\n')

    refused = run("run", "pass.yaml", "--input", "rows.jsonl", "--locked", "seedbed.lock")

    assert refused.status == 2
    assert "seedbed: 0.0.1 is locked" in refused.error


def test_a_file_of_another_kind_is_not_overwritten(run: Seedbed, folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[project]\nname = 'a'\n")

    refused = run("plugins", "lock", "-o", "pyproject.toml")

    assert refused.status == 2
    assert "'pyproject.toml' is not a lock file: it has no lock-version" in refused.error
    assert "it has not been overwritten: choose another -o" in refused.error
    assert (folder / "pyproject.toml").read_text() == "[project]\nname = 'a'\n"


def test_a_plugin_that_cannot_serve_is_left_out_and_named(run: Seedbed, site: Site, folder: Path) -> None:
    site.install_llm("new", requires=["seedbed>=99"])

    locked = run("plugins", "lock")

    assert locked.status == 0
    assert "left out: the LLM backend 'new' of dist-new 1.0, incompatible" in locked.err
    assert "dist-new" not in locked.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plugins", "lock", "none.py"), "the file 'none.py' cannot be locked"),
        (("plugins", "lock", "--run", "none"), "there is no run 'none'"),
        (("plugins", "lock", "-o", "none/seedbed.lock"), "cannot be written"),
        (("plugins", "--locked", "none.lock"), "the lock file 'none.lock' cannot be read"),
    ],
)
def test_what_cannot_be_locked_is_said(run: Seedbed, folder: Path, words: tuple[str, ...], said: str) -> None:
    refused = run(*words)

    assert refused.status == 2
    assert said in refused.error


def test_the_list_under_a_lock_says_what_it_does_not_hold(run: Seedbed, site: Site, folder: Path) -> None:
    run("plugins", "lock", "-o", "seedbed.lock")
    site.install_llm("new")

    listed = run("plugins", "--locked", "seedbed.lock").out.splitlines()

    (new,) = (number for number, line in enumerate(listed) if line.lstrip().startswith("new "))
    assert "not locked" in listed[new + 1]
    assert sum("not locked" in line for line in listed) == 1


@pytest.mark.slow
def test_observers_are_held_to_the_lock_too(run: Seedbed, site: Site, folder: Path) -> None:
    (folder / "bare.lock").write_text(run("plugins", "lock", "t.py").out)
    site.install("dist-noting", {"seedbed.observers": {"noting": "mod_noting"}}, {"mod_noting": NOTING})

    refused = run(*HAIKU, "answering/m", "--plugin", "noting", "--locked", "bare.lock")
    assert refused.status == 2
    assert "the observer 'noting' is not served: dist-noting 1.0 is not in" in refused.err
    assert "imported" not in refused.err

    assert run(*HAIKU, "answering/m", "--plugin", "noting").status == 0
    assert run("plugins", "lock", "--run", "haiku", "t.py", "-o", "haiku.lock").status == 0
    assert held(folder / "haiku.lock")["dist-noting"] == {"seedbed.observers": ["noting"]}
    locked = run(*HAIKU, "answering/m", "--plugin", "noting", "--locked", "haiku.lock", "--restart")
    assert locked.status == 0, locked.err
    assert "told" in locked.err


@pytest.mark.slow
def test_a_retry_keeps_to_the_lock_and_the_policy_of_its_run(run: Seedbed, site: Site, folder: Path) -> None:
    run("plugins", "lock", "t.py", "-o", "seedbed.lock")
    odd = ("run", "t.py:Odd", "-n", "2", "-o", "odd.jsonl", "--llm", "answering/m")
    assert run(*odd, "--locked", "seedbed.lock", "--deny", "dist-new").status == 1
    assert run("runs", "retry", "odd").status == 1

    (site.folder / "dist_answering-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: dist-answering\nVersion: 1.1\n"
    )
    refused = run("runs", "retry", "odd")
    assert refused.status == 2
    assert "dist-answering: 1.0 is locked, but 1.1 is installed" in refused.error

    run("plugins", "lock", "t.py", "-o", "new.lock")
    assert run("runs", "retry", "odd", "--locked", "new.lock").status == 1
    denied = run("runs", "retry", "odd", "--locked", "new.lock", "--deny", "dist-answering")
    assert denied.status == 2
    assert "disabled" in denied.error
