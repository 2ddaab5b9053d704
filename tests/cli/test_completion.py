"""What the shell offers after Tab; click's own protocol, as its scripts for the shells speak it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
from tests.cli.conftest import Result

from seedbed import Registry
from seedbed.llm.llm_kind import LLMS
from seedbed.store import run_names

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


def test_names_of_runs_engines_observers_and_forms_are_offered(
    offered: Callable[[str], list[str]], runs: Path
) -> None:
    for name in ("old", "new", "no-run"):
        (runs / name).mkdir(parents=True)
    for number, name in enumerate(("old", "new")):
        (runs / name / "run.db").touch()
        os.utime(runs / name / "run.db", (number, number))
    assert offered("seedbed runs show ") == ["plain,new", "plain,old"]
    assert offered("seedbed run qa-pairs --name o") == ["plain,old"]
    assert offered("seedbed view n") == ["plain,new"]
    assert offered("seedbed run qa-pairs --llm po") == ["plain,pool"]
    assert offered("seedbed runs export new --as pre") == ["plain,preference"]
    assert offered("seedbed run qa-pairs --engine x") == []


def test_what_is_offered_is_what_the_store_and_the_registry_have(
    offered: Callable[[str], list[str]], runs: Path
) -> None:
    for name in ("kept", ".half", "empty"):
        (runs / name).mkdir(parents=True)
    for name in ("kept", ".half"):
        (runs / name / "run.db").touch()
    assert offered("seedbed runs show ") == [f"plain,{name}" for name in run_names()]
    llms = {word.removeprefix("plain,").rstrip("/") for word in offered("seedbed run qa-pairs --llm ")}
    assert llms == {*LLMS.built_in, *Registry().names(LLMS)}


PIPELINE = """
llm: openai/m
steps:
  - use: qa-pairs
  - [{use: chat}, {use: judge, name: marks}]
"""


def test_what_the_line_names_says_which_settings_there_are(offered: Callable[[str], list[str]]) -> None:
    assert offered("seedbed run qa-pairs --set topi") == ["plain,topics="]
    assert offered("seedbed run --set topics=[] qa-pairs --set generation.temp") == [
        "plain,generation.temperature="
    ]
    assert offered("seedbed run qa-pairs --llm openai/m --set llm.base") == ["plain,llm.base_url="]
    assert offered("seedbed run qa-pairs --set l") == ["plain,llm."]
    assert offered("seedbed run qa-pairs --set reask_refusals = t") == ["plain,true"]
    assert offered("seedbed run qa-pairs --set topics =") == []


def test_the_steps_of_a_file_are_offered_and_then_their_settings(offered: Callable[[str], list[str]]) -> None:
    Path("p.yaml").write_text(PIPELINE)
    assert offered("seedbed run p.yaml --set ") == [
        f"plain,{name}." for name in ("qa-pairs", "chat", "marks", "llm")
    ]
    assert "plain,marks.scale=" in offered("seedbed run p.yaml --set marks.")
    assert offered("seedbed run p.yaml --set llm.base") == ["plain,llm.base_url="]


def test_tab_runs_no_code_of_the_folder_and_says_nothing(offered: Callable[[str], list[str]]) -> None:
    Path("loud.py").write_text("open('ran', 'w')\nclass Loud: ...\n")
    Path("loud.yaml").write_text("llm: loud.py:Loud/m\nsteps: [{use: 'loud.py:Loud'}, 7, {use: [}]")
    for line in (
        "seedbed run loud.py:Loud --set t",
        "seedbed run loud.yaml --set ",
        "seedbed run nothing.yaml --set ",
        "seedbed run no-such-task --set t",
        "seedbed run qa-pairs --llm loud.py:Loud/m --set llm.t",
        "seedbed runs retry nothing --set t",
    ):
        assert [item for item in offered(line) if item != "plain,llm."] == []
    assert not Path("ran").exists()


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
    # Where click's script would put a space after `llm.`, ours doesn't.
    assert {"bash": "compopt -o nospace", "zsh": "compadd -U -S ''", "fish": "seedbed"}[shell] in result.out
    assert {"bash": "compopt", "zsh": "_describe -V unsorted open", "fish": "seedbed"}[shell] in result.out


def test_an_unknown_shell_is_a_failure(seedbed: Seedbed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SEEDBED_COMPLETE", "tcsh_source")
    assert seedbed().status == 1


@pytest.mark.slow
def test_completion_imports_no_plugin_and_nothing_that_reads_metadata() -> None:
    unneeded = ("seedbed_", "pydantic", "openai", "importlib.metadata", "importlib_metadata", "email", "rich")
    code = (
        "import sys; from seedbed.cli import invoke; invoke([]); "
        f"print([name for name in sys.modules if name.startswith({unneeded})])"
    )
    environment = {
        **os.environ,
        "_SEEDBED_COMPLETE": "bash_complete",
        "COMP_WORDS": "seedbed run qa-p",
        "COMP_CWORD": "2",
    }
    made = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert made.stdout.split("\n")[:2] == ["plain,qa-pairs", "[]"]


SHELLS = {
    "bash": (["--norc", "--noprofile"], 'eval "$(_SEEDBED_COMPLETE=bash_source seedbed)"'),
    "zsh": (["-f"], 'autoload -U compinit; compinit -u; eval "$(_SEEDBED_COMPLETE=zsh_source seedbed)"'),
    "fish": (["--no-config"], "_SEEDBED_COMPLETE=fish_source seedbed | source"),
}


TYPED = {
    "run qa-p": r"qa-pairs (\x08 )?X",
    "run qa-pairs --llm llam": r"llam\x07?acpp/X",
    "run qa-pairs --set topi": r"topi\x07?cs=X",
    "run qa-pairs --set reask_refusals=t": r"reask_refusals=t\x07?rue (\x08 )?X",
}
"""What is typed before Tab and X, and what the line shows then, with the bell and the erasing of zsh."""


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("typed", TYPED)
def test_a_real_shell_puts_a_space_after_words_alone(tmp_path: Path, shell: str, typed: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} isn't installed")
    options, source = SHELLS[shell]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(tmp_path), "TERM": "dumb", "LANG": "C.UTF-8"}
    place = {"cwd": str(tmp_path), "env": environment, "dimensions": (24, 200)}
    child = pexpect.spawn(shell, options, **place, encoding="utf-8", timeout=250)
    child.sendline(f"{source}; echo re''ady")
    child.expect("ready")
    child.send(f"seedbed {typed}\tX")
    child.expect(TYPED[typed])
    child.close(force=True)
