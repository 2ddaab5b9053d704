"""Whatever a user gives the command, it says what is wrong: no traceback, and no "this is a bug"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.support.bad_input import RUN, commands

from seedbed.cli import invoke
from seedbed.cli.failures import ExitStatus

Seedbed = Callable[..., Any]
FINE = (ExitStatus.COMPLETE, ExitStatus.INCOMPLETE, ExitStatus.USAGE, ExitStatus.INTERRUPTED)


def check_commands(examples: int, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(commands(folder))
    def check(args: list[str]) -> None:
        capfd.readouterr()
        status = invoke(args)
        err = capfd.readouterr().err
        assert status in FINE, err
        assert "Traceback" not in err
        assert "this is a bug" not in err

    check()


@pytest.mark.slow
def test_no_input_reaches_a_fault_of_ours(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    check_commands(10, folder, capfd)


@pytest.mark.slow
def test_no_input_of_thousands_reaches_a_fault_of_ours(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    check_commands(2000, folder, capfd)


def test_a_file_that_is_nested_too_deep_is_said_to_be_so(folder: Path, seedbed: Seedbed) -> None:
    (folder / "deep.yaml").write_text("steps: " + "[" * 500 + "]" * 500)
    (folder / "laughs.yaml").write_text(
        "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(12))
    )
    (folder / "itself.yaml").write_text("steps: &a [*a]")
    for name in ("deep.yaml", "laughs.yaml", "itself.yaml"):
        result = seedbed("run", name, "-n", "1")
        assert result.status == 2
        assert name in result.error
    result = seedbed(*RUN, "--set", "words=" + "[" * 100_000)
    assert result.status == 2


@pytest.mark.parametrize("option", ["--input", "-o", "--columns", "--split", "--form", "--stop-if"])
def test_an_option_that_is_given_twice_drops_neither_value_silently(option: str, seedbed: Seedbed) -> None:
    result = seedbed(*RUN, option, "first", option, "second")
    assert result.status == ExitStatus.USAGE
    assert f"{option} is given twice: 'first' and 'second'\n  " in result.error


@pytest.mark.parametrize(("name", "kind"), [("notes.txt", "file"), ("notes", "folder"), (".", "folder")])
def test_a_path_where_a_task_is_named_is_said_to_be_one(
    name: str, kind: str, folder: Path, seedbed: Seedbed
) -> None:
    (folder / "notes.txt").write_text("tea")
    (folder / "notes").mkdir()
    result = seedbed("run", name, "-n", "1")
    assert result.status == 2
    assert f"'{name}' is a {kind}, not a task" in result.error


def test_a_file_where_the_folder_of_the_dataset_is_named_is_said_to_be_one(
    folder: Path, seedbed: Seedbed
) -> None:
    (folder / "rows.jsonl").write_text("")
    result = seedbed(*RUN, "-o", "rows.jsonl/deep/a.jsonl")
    assert result.status == 2
    assert "'rows.jsonl' in 'rows.jsonl/deep/a.jsonl' is a file, not a folder" in result.error
    assert "mkdir" not in result.error


def test_a_current_folder_that_was_removed_is_said_to_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert invoke(["run", "qa-pairs", "-n", "1"]) == ExitStatus.USAGE
    assert "the current folder no longer exists" in capfd.readouterr().err


@pytest.mark.parametrize("length", [241, 252, 5000])
@pytest.mark.parametrize("args", [("--name", "{}"), ("-o", "{}.jsonl"), ("--input", "{}.jsonl")])
def test_a_name_too_long_for_the_file_system_is_said_to_be_so(
    args: tuple[str, str], length: int, seedbed: Seedbed
) -> None:
    result = seedbed(*RUN, args[0], args[1].format("y" * length))
    assert result.status == 2, result.err
    assert "yyy" in result.error or "works on rows" in result.error or "without input" in result.error


@pytest.mark.parametrize("bad", ["a\0b", "a\udcffb"])
@pytest.mark.parametrize("option", ["--name", "-o", "--input", "--set", "--llm"])
def test_an_argument_that_is_no_text_is_refused(option: str, bad: str, seedbed: Seedbed) -> None:
    assert seedbed(*RUN, option, bad).status == 2


def test_an_empty_encoding_is_refused(folder: Path, seedbed: Seedbed) -> None:
    (folder / "a.jsonl").write_text('{"question": "why?"}\n')
    result = seedbed("run", "t.py:Answer", "--llm", "t.py:Echo/m", "--input", "a.jsonl", "--encoding", "")
    assert result.status == 2
    assert "there is no encoding ''" in result.error


def test_too_little_memory_is_no_bug(folder: Path, seedbed: Seedbed) -> None:
    (folder / "big.py").write_text(
        "from seedbed import GeneratorTask\nclass Big(GeneratorTask):\n    def __init__(self, **given):\n"
        "        raise MemoryError\n"
    )
    result = seedbed("run", "big.py:Big", "--llm", "t.py:Echo/m", "-n", "1")
    assert result.status in (2, 3)
    assert "this is a bug" not in result.error


@pytest.mark.parametrize("key", ["null", "1", "true", "2001-01-01", "[a, b]"])
def test_a_key_that_is_no_text_is_an_error(key: str, folder: Path, seedbed: Seedbed) -> None:
    (folder / "keys.yaml").write_text(f"? {key}\n: 1\nsteps: []\n")
    result = seedbed("run", "keys.yaml", "-n", "1")
    assert result.status == 2
    assert "keys.yaml" in result.error


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--allow-path", "nope"], "--allow-path has 'nope', but there's no such folder"),
        (["--allow-path", ""], "--allow-path has '', but there's no such folder"),
        (["--allow-path", "~nobody-of-this-name/x"], "no such folder"),
        (["--allow-path", "x" * 5000], "no such folder"),
        (["--allow-host", "http://x y"], "--allow-host has 'http://x y', which is not a host"),
        (["--allow-host", "https://ada:hunter2@gate.example"], "'https://[secret]@gate.example', which"),
        (["--allow-host", "gate.example:99999"], "which is not a host"),
        (["--allow-code", "t.sh"], "--allow-code has 't.sh', which isn't a Python file"),
        (["--allow-code", "s.py"], "--allow-code has 's.py', but there's no such file"),
        (["--allow-code", "folder.py"], "--allow-code has 'folder.py', but there's no such file"),
        (["--allow-env", "TOKEN=hunter2"], "--allow-env has a value that isn't the name"),
        (["--allow-env", ""], "--allow-env has a value that isn't the name"),
    ],
)
@pytest.mark.parametrize("command", ["run", "preview", "plan", "check", "graph"])
@pytest.mark.variants(12)
def test_what_an_option_allows_is_checked(
    command: str, args: list[str], said: str, folder: Path, seedbed: Seedbed
) -> None:
    (folder / "folder.py").mkdir()
    (folder / "p.yaml").write_text("steps:\n  - use: qa-pairs\n")

    result = seedbed(command, "p.yaml", *args)

    assert result.status == 2
    assert said in result.error
    assert "hunter2" not in result.error
