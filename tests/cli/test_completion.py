"""What the shell offers after Tab; click's own protocol, as its scripts for the shells speak it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result

Seedbed = Callable[..., Result]


@pytest.fixture
def offered(seedbed: Seedbed, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Return what is offered for the last word of a line."""

    def offer(line: str) -> list[str]:
        monkeypatch.setenv("_SEEDBED_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        result = seedbed()
        assert (result.status, result.err) == (0, "")
        return result.out.split()

    return offer


def test_commands_and_registered_names_are_offered(offered: Callable[[str], list[str]]) -> None:
    assert offered("seedbed prev") == ["plain,preview"]
    assert offered("seedbed run qa-p") == ["plain,qa-pairs"]
    assert "plain,dedup-exact" in offered("seedbed preview dedup")
    assert offered("seedbed run qa-pairs --llm llam") == ["plain,llamacpp/"]
    assert offered("seedbed report kept --embedder stat") == ["plain,static/"]
    assert offered("seedbed plugins show llam") == ["plain,llamacpp"]
    assert "plain,dedup-exact" in offered("seedbed plugins check dedup")


def test_a_line_that_is_wrong_gets_no_offers_and_no_error(offered: Callable[[str], list[str]]) -> None:
    assert offered("seedbed bogus x") == []
    assert offered("seedbed runs bogus x") == []


def test_files_are_offered_where_no_name_fits(offered: Callable[[str], list[str]]) -> None:
    assert offered("seedbed run ./pipe") == ["file,./pipe"]
    assert offered("seedbed run qa-pairs --input da") == ["file,da"]
    assert offered("seedbed run qa-pairs -o da") == ["file,da"]
    assert offered("seedbed runs export kept -o da") == ["file,da"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_and_no_error(
    seedbed: Seedbed, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("_SEEDBED_COMPLETE", f"{shell}_source")
    result = seedbed()
    assert (result.status, result.err) == (0, "")
    assert f"_SEEDBED_COMPLETE={shell}_complete" in result.out


def test_an_unknown_shell_is_a_failure(seedbed: Seedbed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SEEDBED_COMPLETE", "tcsh_source")
    assert seedbed().status == 1


@pytest.mark.slow
def test_completion_imports_no_plugin() -> None:
    code = (
        "import sys; from seedbed.cli import invoke; invoke([]); "
        "print([name for name in sys.modules if name.startswith(('seedbed_', 'pydantic', 'openai'))])"
    )
    environment = {
        **os.environ,
        "_SEEDBED_COMPLETE": "bash_complete",
        "COMP_WORDS": "seedbed run qa-p",
        "COMP_CWORD": "2",
    }
    made = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert made.stdout.split("\n")[:2] == ["plain,qa-pairs", "[]"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash isn't installed")
def test_a_real_bash_completes_a_task(tmp_path: Path) -> None:
    script = (
        'eval "$(_SEEDBED_COMPLETE=bash_source seedbed)"\n'
        "COMP_WORDS=(seedbed run qa-p) COMP_CWORD=2\n"
        "_seedbed_completion seedbed\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    made = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (made.stdout, made.stderr) == ("qa-pairs\n", "")
