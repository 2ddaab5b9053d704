from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Result

from seedbed.cli.failures import ExitStatus, guarded
from seedbed.errors import UsageError
from seedbed.store import RunStore

Seedbed = Callable[..., Result]

HEAVY = {"rich", "jinja2", "aiohttp", "pyarrow", "yaml", "pydantic", "seedbed.engine.session"}
HEAVY |= {"seedbed.llm.llm"}


@pytest.mark.parametrize(
    "args", ["--version", "--help", "", "run --help", "plugins", "plugins --json", "runs", "runs list --json"]
)
def test_what_only_informs_loads_neither_engine_nor_libraries(args: str, tmp_path: Path, runs: Path) -> None:
    RunStore.open(runs / "there").close()
    program = (
        "import sys; from seedbed.cli import invoke\n"
        f"status = invoke({args.split()!r})\n"
        f"print(status, sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr == "0 []\n"
    assert done.stdout


def test_version(seedbed: Seedbed) -> None:
    assert seedbed("--version").out.startswith("seedbed 0.")


def test_the_command_alone_shows_three_commands_to_begin_with_and_then_the_groups(seedbed: Seedbed) -> None:
    lines = seedbed().out.splitlines()
    first = [shlex.split(line) for line in lines if line.startswith("  seedbed ")]
    assert [words[1] for words in first] == ["run", "preview", "plugins"]
    assert max(map(len, lines)) <= 80
    groups = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert groups == ["Three commands to begin with:", "Datasets:", "Plugins:", "Pipeline files:"]
    listed = [line.split()[0] for line in lines if re.match(r"  \w+  +[A-Z]", line)]
    datasets, files = ["run", "preview", "plan", "runs", "report", "view"], ["check", "graph", "schema"]
    assert listed == [*datasets, "plugins", "new", *files]


def test_the_commands_to_begin_with_are_understood(seedbed: Seedbed) -> None:
    for line in seedbed().out.splitlines():
        if line.startswith("  seedbed "):
            assert seedbed(*shlex.split(line)[1:], "--help").status == 0


def test_a_misspelt_command_is_answered_with_the_nearest(seedbed: Seedbed) -> None:
    result = seedbed("rnu")
    assert result.status == 2
    assert result.error.splitlines() == [
        "error: there is no command 'rnu'",
        "  did you mean 'run'?",
        "  commands: run, preview, plan, runs, report, view, plugins, new, check, graph, schema",
    ]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("export qa", "`seedbed runs export`"),
        ("list", "`seedbed runs list`"),
        ("resume", "`seedbed run`"),
        ("runs resume qa", "`seedbed run`"),
        ("runs compare a b", "`seedbed runs diff`"),
        ("runs rm a", "`seedbed runs remove`"),
        ("plugins info qa-pairs", "`seedbed plugins show`"),
    ],
)
def test_a_command_that_is_elsewhere_or_has_another_name_is_found(
    words: str, meant: str, seedbed: Seedbed
) -> None:
    assert seedbed(*words.split()).error.splitlines()[1].startswith(f"  did you mean {meant}")


@pytest.mark.parametrize(
    ("option", "instead"),
    [
        ("--model", "did you mean '--llm'?"),
        ("--rows", "did you mean '-n'?"),
        ("--output", "did you mean '--out'?"),
        ("--temperature", "write --set llm.temperature=VALUE"),
        ("--base-url", "write --set llm.base_url=VALUE"),
        ("--concurency", "did you mean '--concurrency'?"),
    ],
)
def test_an_option_that_has_another_name_is_found(option: str, instead: str, seedbed: Seedbed) -> None:
    assert seedbed("run", "qa-pairs", option, "1").error.splitlines()[1] == f"  {instead}"


@pytest.mark.parametrize(
    ("command", "there"),
    [
        ("run first.yml", "first.yaml"),
        ("check firs.yaml", "first.yaml"),
        ("run task.py:Mine", "tasks.py"),
        ("run text-generation --llm openai/x --input row.jsonl", "rows.jsonl"),
    ],
)
def test_a_file_that_is_not_there_is_answered_with_the_nearest(
    command: str, there: str, seedbed: Seedbed
) -> None:
    Path(there).write_text("")

    result = seedbed(*command.split())
    assert f"did you mean '{there}'?" in result.out + result.error


def test_a_folder_in_place_of_a_file_of_rows_shows_its_pattern(seedbed: Seedbed) -> None:
    Path("data").mkdir()
    for name in ("a.jsonl", "b.jsonl", "README.md"):
        Path("data", name).write_text("")

    result = seedbed("run", "text-generation", "--llm", "openai/x", "--input", "data")
    assert "or several by a pattern: 'data/*.jsonl'" in result.error


def test_a_field_of_the_llm_in_the_place_of_the_tasks_is_found(seedbed: Seedbed) -> None:
    result = seedbed("run", "qa-pairs", "--llm", "openai/x", "--set", "base_url=http://localhost/v1")
    assert "for a field of the LLM, write --set llm.base_url=VALUE" in result.error


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (UsageError("a fact", "advice\n  more"), ExitStatus.USAGE, "error: a fact\n  advice"),
        (click.BadParameter("Odd one."), ExitStatus.USAGE, "error: invalid value: Odd one\n"),
        (KeyboardInterrupt(), ExitStatus.INTERRUPTED, "error: interrupted\n"),
        (ZeroDivisionError("by zero"), ExitStatus.FAULT, "this is a bug in seedbed"),
    ],
)
def test_whatever_is_raised_becomes_one_message_and_a_status(
    raised: BaseException, status: ExitStatus, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _guarded(raised) == status
    err = capfd.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_the_traceback_is_shown_on_request(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEEDBED_TRACEBACK", "1")
    _guarded(ZeroDivisionError("by zero"))
    assert "Traceback" in capfd.readouterr().err


def _guarded(raised: BaseException) -> int:
    def command() -> int:
        raise raised

    return guarded(command)
