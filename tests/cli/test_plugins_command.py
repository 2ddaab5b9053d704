from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Result
from tests.plugins.conftest import Site

from seedbed.cli import invoke
from seedbed.cli.terminal import progress

Seedbed = Callable[..., Result]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A folder of fake distributions: a task and a step in one, a backend in another."""
    with Site(tmp_path / "site") as site:
        points = {"seedbed.tasks": {"fake-task": "mod_task"}, "seedbed.steps": {"fake-step": "mod_task"}}
        site.install("dist-task", points, {"mod_task": site.task_module}, version="1.2")
        site.install_llm("fake")
        yield site


@pytest.fixture
def run(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Seedbed:
    """Runs the command where the fake distributions are installed, from an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(progress, "_LINE_SECONDS", math.inf)
    monkeypatch.setattr(progress, "_QUIET_LOADING_SECONDS", math.inf)
    # For the processes in which plugins are checked.
    monkeypatch.setenv("PYTHONPATH", str(site.folder))

    def command(*args: str) -> Result:
        # What is installed is read once for each process.
        site.scan()
        capfd.readouterr()
        status = invoke(args)
        return Result(status, *capfd.readouterr())

    return command


def test_the_list_groups_plugins_and_names_purpose_and_owner(run: Seedbed) -> None:
    result = run("plugins")
    assert (result.status, result.err) == (0, "")
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert (
        lines.index("Tasks that make rows") < lines.index("Tasks over rows") < lines.index("Steps: reading")
    )
    assert lines[lines.index("Tasks") + 1] == "fake-task (dist-task 1.2)"
    assert lines[lines.index("Steps") + 1] == "fake-step (dist-task 1.2)"
    assert "fake (dist-fake 1.0)" in lines[lines.index("LLM backends") :]
    purpose = "Questions with their answers, for fine-tuning and for retrieval tests."
    assert f"qa-pairs {purpose} (seedbed-tasks 0.1.0)" in lines


def test_a_plugin_that_cannot_be_used_says_why_in_the_list(run: Seedbed) -> None:
    out = run("--deny", "dist-task", "plugins").out
    assert "    disabled: 'dist-task' is denied by the option --deny" in out.splitlines()


@pytest.mark.parametrize("option", ["--allow", "--deny", "--prefer"])
def test_a_package_that_is_not_there_is_said_to_be_mistyped(
    option: str, runs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    status = invoke([option, "seedbed-tsks", "plugins", "show", "filter"])
    said = capfd.readouterr().err
    assert f"{option} seedbed-tsks: no plugin comes from a package of this name" in said
    assert "did you mean 'seedbed-tasks'?" in said
    assert (status == 0) == (option != "--allow")


def test_a_package_that_is_there_is_not_said_to_be_mistyped(
    runs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["--deny", "Seedbed_Tasks", "plugins", "show", "filter"]) == 0
    assert capfd.readouterr().err == ""


def test_the_list_as_json_says_what_a_plugin_is_for(run: Seedbed) -> None:
    listed = {entry["name"]: entry for entry in json.loads(run("plugins", "--json").out)}
    told = listed["qa-pairs"]
    assert (told["goals"], told["takes_rows"]) == (["sft", "retrieval"], False)
    assert told["description"].startswith("Questions with their answers")
    assert (listed["fake-task"]["goals"], listed["fake-task"]["description"]) == ([], None)


def test_search_finds_by_purpose_the_best_first(run: Seedbed) -> None:
    result = run("plugins", "search", "near", "duplicate")
    assert result.status == 0
    assert result.out.split()[0] == "dedup-near"
    found = json.loads(run("plugins", "search", "rag", "--json").out)
    assert "qa-pairs" in [entry["name"] for entry in found]


def test_search_says_what_to_do_where_it_finds_nothing(run: Seedbed) -> None:
    result = run("plugins", "search", "qqpairss")
    assert (result.status, result.out) == (1, "")
    assert result.err.splitlines()[0] == "no plugin is found by 'qqpairss'"
    assert "`seedbed plugins` lists what is installed" in result.err
    empty = run("plugins", "search", "xyzzy", "--json")
    assert (empty.status, json.loads(empty.out)) == (1, [])
    assert run("plugins", "search").status == 2


@pytest.mark.slow
@pytest.mark.parametrize("words", [["plugins"], ["plugins", "search", "fake"]])
def test_listing_and_searching_import_no_plugin(site: Site, tmp_path: Path, words: list[str]) -> None:
    program = (
        "import sys; from seedbed.cli import invoke; invoke([*sys.argv[1:], '--json'])\n"
        "print([name for name in sys.modules if name.startswith(('mod_', 'seedbed_'))], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site.folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "[]\n"
    assert "fake-task" in {entry["name"] for entry in json.loads(done.stdout)}


def test_options_settle_what_two_distributions_claim(run: Seedbed, site: Site) -> None:
    site.install("other", {"seedbed.llms": {"fake": "mod_other"}}, {"mod_other": site.llm_module})

    def statuses(*options: str) -> dict[str, str]:
        entries = json.loads(run(*options, "plugins", "--json").out)
        return {entry["distribution"]: entry["status"] for entry in entries if entry["name"] == "fake"}

    assert statuses() == {"dist-fake": "ambiguous", "other": "ambiguous"}
    assert statuses("--prefer", "other") == {"dist-fake": "disabled", "other": "ok"}
    assert statuses("--deny", "other") == {"dist-fake": "ok", "other": "disabled"}
    assert statuses("--allow", "other") == {"dist-fake": "disabled", "other": "ok"}


def test_a_denied_plugin_does_not_run_and_the_option_is_named(run: Seedbed) -> None:
    result = run("run", "fake-task", "--llm", "fake/m", "-n", "1", "--deny", "dist-task")
    assert result.status == 2
    assert "'dist-task' is denied by the option --deny" in result.error


def test_a_registered_task_runs_with_a_registered_backend(run: Seedbed) -> None:
    result = run("run", "fake-task", "--llm", "fake/m", "--set", "instruction=Go", "-o", "out.jsonl")
    assert result.err.startswith("1 row in out.jsonl")
    assert result.status == 0


def test_show_tells_owner_purpose_columns_and_parameters(run: Seedbed) -> None:
    out = " ".join(run("plugins", "show", "fake-task").out.split())
    assert "fake-task, task of dist-task 1.2" in out
    assert "Columns made text, model_name" in out
    assert "instruction [text; default Write.]" in out
    shown = json.loads(run("plugins", "show", "fake", "--json").out)
    assert (shown["kind"], shown["capabilities"]) == ("LLM backend", [])
    assert "timeout" in {parameter["name"] for parameter in shown["parameters"]}


def test_an_unknown_name_is_an_error_with_the_nearest(run: Seedbed) -> None:
    for command in ("show", "check"):
        result = run("plugins", command, "fake-tusk")
        assert result.status == 2
        assert "did you mean 'fake-task'?" in result.error


@pytest.mark.slow
def test_check_times_what_works_and_fails_for_what_is_broken(run: Seedbed, site: Site) -> None:
    good = run("plugins", "check", "fake-task")
    assert good.status == 0
    assert good.out.splitlines()[1].split()[-1] == "ok"
    site.install_llm("bad", "raise RuntimeError('no luck')")
    bad = run("plugins", "check", "bad", "--json")
    [checked] = json.loads(bad.out)
    assert bad.status == 1
    assert "RuntimeError: no luck" in checked["error"]
    text = run("plugins", "check", "bad")
    assert text.status == 1
    assert "LLM backend 'bad' of dist-bad 1.0: importing 'mod_bad' raised RuntimeError: no luck" in text.out


def test_check_leaves_alone_what_does_not_fit(run: Seedbed, site: Site) -> None:
    site.install_llm("old", "raise SystemExit", requires=["seedbed<0.0.1"])
    result = run("plugins", "check", "old")
    assert result.status == 0
    assert "not imported: it requires seedbed <0.0.1" in result.out


@pytest.mark.slow
def test_doctor_names_the_interpreter_and_every_problem(run: Seedbed, site: Site) -> None:
    site.install_llm("bad", "raise RuntimeError('no luck')")
    site.install_llm("old", requires=["seedbed<0.0.1"])
    site.install("other", {"seedbed.llms": {"fake": "mod_other"}}, {"mod_other": site.llm_module})
    result = run(
        "--allow",
        "dist-bad",
        "--allow",
        "dist-old",
        "--allow",
        "dist-fake",
        "--allow",
        "other",
        "plugins",
        "doctor",
    )
    assert result.status == 1
    assert sys.executable in result.out
    assert "error: LLM backend 'bad' of dist-bad 1.0: broken: importing 'mod_bad' raised" in result.out
    assert "error: LLM backend 'old' of dist-old 1.0: incompatible" in result.out
    assert "error: LLM backend 'fake' of other 1.0: ambiguous" in result.out
    assert "task 'fake-task' of dist-task 1.2: disabled: 'dist-task' is not among those" in result.out
    assert result.out.endswith("4 problems\n")


@pytest.mark.parametrize(
    "words", [("plugins",), ("plugins", "show", "grp"), ("run", "grp", "--llm", "fake/m", "-n", "1")]
)
def test_a_name_in_a_misspelt_group_is_pointed_to(run: Seedbed, site: Site, words: tuple[str, ...]) -> None:
    site.install("typo", {"seedbed.task": {"grp": "mod_typo"}})

    said = run(*words).err

    entry_point = "an entry point 'grp' is in the unknown group 'seedbed.task' of typo 1.0"
    assert f"{entry_point}: did you mean 'seedbed.tasks'?" in said


@pytest.mark.slow
def test_doctor_is_content_where_nothing_is_wrong(run: Seedbed) -> None:
    result = run("plugins", "--allow", "dist-task", "doctor", "--json")
    assert result.status == 0
    assert {finding["level"] for finding in json.loads(result.out)} == {"info"}
