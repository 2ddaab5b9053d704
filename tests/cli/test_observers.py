"""`--plugin` and the setting `observers`: who is told of a run is resolved first, and never harms it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result
from tests.plugins.conftest import Site, site

__all__ = ["site"]

Seedbed = Callable[..., Result]

LOG = """
import json

from seedbed import hookimpl


@hookimpl
def seedbed_run_started(run):
    _write("run", run.name)


@hookimpl
def seedbed_row_finished(row):
    _write(row.verdict, row.id)


@hookimpl
def seedbed_run_finished(outcome):
    _write("outcome", outcome.outcome)


def _write(*words):
    with open("heard.jsonl", "a") as file:
        file.write(json.dumps(words) + "\\n")
"""

RUN = ("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "2", "-o", "out.jsonl")
HEARD = [["run", "out"], ["accepted", "0"], ["accepted", "1"], ["outcome", "complete"]]


@pytest.fixture
def log(site: Site) -> Site:
    """An installed observer that writes what it hears to `heard.jsonl`."""
    site.install("dist-log", {"seedbed.observers": {"log": "mod_log"}}, {"mod_log": LOG}, version="1.2")
    site.scan()
    return site


def heard() -> list[list[str]]:
    """Return what was heard since the last time."""
    path = Path("heard.jsonl")
    lines = path.read_text().splitlines() if path.exists() else []
    path.write_text("")
    return [json.loads(line) for line in lines]


def test_an_observer_that_is_named_hears_of_the_run(log: Site, seedbed: Seedbed) -> None:
    result = seedbed(*RUN, "--plugin", "log")

    assert result.status == 0, result.err
    assert heard() == HEARD


def test_one_that_is_not_named_is_not_even_imported(log: Site, seedbed: Seedbed) -> None:
    (log.folder / "mod_log.py").write_text("raise AssertionError")

    assert seedbed(*RUN).status == 0


@pytest.mark.parametrize("name", ["logg", "lig"])
def test_an_unknown_name_is_answered_and_nothing_is_spent(
    log: Site, seedbed: Seedbed, runs: Path, name: str
) -> None:
    result = seedbed(*RUN, "--plugin", name)

    assert result.status == 2
    assert result.error.startswith(f"error: no observer named '{name}' is installed\n  did you mean 'log'?")
    assert [*runs.iterdir()] == []
    assert not Path("out.jsonl").exists()


def test_a_misspelt_hook_is_named_and_nothing_is_spent(log: Site, seedbed: Seedbed, runs: Path) -> None:
    (log.folder / "mod_log.py").write_text(LOG.replace("seedbed_row_finished", "seedbed_row_done"))
    result = seedbed(*RUN, "--plugin", "log")

    assert result.status == 2
    assert "the observer 'log' of dist-log 1.2 is broken: it implements 'seedbed_row_done'" in result.error
    assert [*runs.iterdir()] == []


@pytest.mark.slow
def test_an_observer_that_raises_is_named_once_and_the_run_is_complete(
    log: Site, start: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (log.folder / "mod_log.py").write_text(LOG.replace("_write(row.verdict, row.id)", "raise KeyError(7)"))
    monkeypatch.setenv("PYTHONPATH", str(log.folder))
    with start(*RUN, "--plugin", "log") as process:
        _, err = process.communicate()

    assert process.returncode == 0
    assert (
        err.count("the observer 'log' of dist-log 1.2 is broken: seedbed_row_finished raised KeyError: 7\n")
        == 1
    )
    assert "Traceback" not in err
    assert heard() == [["run", "out"], ["outcome", "complete"]]
    assert len(Path("out.jsonl").read_text().splitlines()) == 2


def test_the_settings_name_observers_and_the_command_adds_to_them(log: Site, seedbed: Seedbed) -> None:
    Path("seedbed.toml").write_text('observers = ["log"]\n')
    Path("own.py").write_text(
        "from pathlib import Path\n"
        "from seedbed import hookimpl\n"
        "class Own:\n"
        "    @hookimpl\n"
        "    def seedbed_run_finished(self, outcome):\n"
        "        Path('own').write_text(outcome.outcome)\n"
    )
    result = seedbed(*RUN, "--plugin", "own.py:Own", "--plugin", "log")

    assert result.status == 0, result.err
    assert heard() == HEARD
    assert Path("own").read_text() == "complete"


def test_a_preview_is_nobody_s_business(log: Site, seedbed: Seedbed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDBED_OBSERVERS", "log")

    assert seedbed("preview", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "1").status == 0
    assert heard() == []


def test_retry_tells_those_that_the_run_was_told_to(log: Site, seedbed: Seedbed) -> None:
    run = ("run", "t.py:Odd", "--llm", "t.py:Echo/m", "-n", "2", "--name", "odd", "--plugin", "log")
    assert seedbed(*run).status == 1
    assert heard() == [["run", "odd"], ["accepted", "0"], ["failed", "1"], ["outcome", "incomplete"]]
    again = seedbed("runs", "retry", "odd")

    assert again.status == 1, again.err
    assert heard() == [["run", "odd"], ["failed", "1"], ["outcome", "incomplete"]]


def test_an_observer_is_listed_shown_and_checked(log: Site, seedbed: Seedbed) -> None:
    listed = seedbed("plugins").out.partition("Observers\n")[2].splitlines()
    (line,) = (line for line in listed if line.lstrip().startswith("log "))
    assert line.endswith("(dist-log 1.2)")
    shown = json.loads(seedbed("plugins", "show", "log", "--json").out)
    assert shown["hooks"] == ["seedbed_run_started", "seedbed_row_finished", "seedbed_run_finished"]
    assert "seedbed_row_finished" in seedbed("plugins", "show", "log").out


@pytest.mark.slow
def test_a_broken_observer_fails_its_check(
    log: Site, seedbed: Seedbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(log.folder))
    assert seedbed("plugins", "check", "log").status == 0
    (log.folder / "mod_log.py").write_text(LOG.replace("seedbed_row_finished", "seedbed_row_done"))
    checked = seedbed("plugins", "check", "log")

    assert checked.status == 1
    assert "'seedbed_row_done', which is not a hook of Seedbed" in checked.out


ENGINE = """
from seedbed.engine.local import LocalEngine


class Own(LocalEngine):
    def __init__(self, job):
        super().__init__(job)
        print("own engine")
"""


def test_the_command_takes_an_engine_by_name_or_path_and_retry_the_same(seedbed: Seedbed) -> None:
    Path("own.py").write_text(ENGINE)
    odd = ("run", "t.py:Odd", "--llm", "t.py:Echo/m", "-n", "2", "-o", "odd.jsonl")
    made = seedbed(*odd, "--engine", "own.py:Own")
    again = seedbed("runs", "retry", "odd")

    assert (made.status, again.status) == (1, 1), made.err
    assert "own engine" in made.err
    assert "own engine" in again.err
    unknown = seedbed(*odd, "--engine", "nowhere")
    assert unknown.status == 2
    assert "no engine named 'nowhere' is installed" in unknown.error
