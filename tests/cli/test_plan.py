"""`seedbed plan`: what a run would cost, said on the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Result
from tests.support.terminal import terminal

from seedbed.cli import invoke

Seedbed = Callable[..., Result]

ECHO = ("--llm", "t.py:Echo/m")
PRICED = ("--price-input", "1", "--price-output", "10")


def planned(result: Result) -> dict[str, Any]:
    assert result.status == 0, result.err
    shown: dict[str, Any] = json.loads(result.out)
    return shown


def test_the_table_has_calls_tokens_and_cost(seedbed: Seedbed) -> None:
    result = seedbed("plan", "t.py:Haiku", *ECHO, "-n", "50", "--set", "llm.max_tokens=100", *PRICED)
    assert result.status == 0, result.err
    assert "user · haiku · t.py:Echo/m · max_tokens=100\n  A calm haiku about " in result.out
    table = [line.split() for line in result.out.splitlines() if line.startswith(("STEP", "haiku"))]
    assert table[0] == ["STEP", "LLM", "ROWS", "KEPT", "CALLS", "INPUT", "OUTPUT", "COST"]
    assert table[1][:5] == ["haiku", "t.py:Echo/m", "50", "0", "50"]
    assert table[1][6:] == ["5,000", "$0.05"]
    assert "cost: at most $0.05\n" in result.out
    assert "time: unknown: no call of this run has been timed yet\n" in result.out


def test_json_has_steps_prompts_and_totals(seedbed: Seedbed) -> None:
    shown = planned(seedbed("plan", "t.py:Haiku", *ECHO, "-n", "50", "--json"))
    assert (shown["calls"], shown["cost"], shown["unpriced"]) == (50, None, ["t.py:Echo/m"])
    assert shown["steps"][0]["output_from"] == "assumed"
    assert [prompt["row"] for prompt in shown["prompts"]] == ["0", "1"]
    assert shown["prompts"][0]["messages"][0]["content"].startswith("A calm haiku")


def test_nothing_is_written(seedbed: Seedbed, folder: Path, runs: Path) -> None:
    seedbed("plan", "t.py:Haiku", *ECHO, "-n", "5", "-o", "haiku.jsonl")
    assert {path.name for path in folder.iterdir()} <= {"t.py", "__pycache__"}
    assert [*runs.iterdir()] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "named", [(), ("--name", "mine"), ("-o", "mine.jsonl")], ids=["task", "name", "stem"]
)
def test_the_run_that_the_same_options_resume_is_found(seedbed: Seedbed, named: tuple[str, ...]) -> None:
    assert seedbed("run", "t.py:Haiku", *ECHO, "-n", "3", *named).status == 0
    shown = planned(seedbed("plan", "t.py:Haiku", *ECHO, "-n", "5", *named, "--json"))
    assert (shown["kept_calls"], shown["calls"]) == (3, 2)
    assert shown["earlier"] == ("mine" if named else "haiku")
    text = seedbed("plan", "t.py:Haiku", *ECHO, "-n", "5", *named).out
    assert "has 3 rows, and the answers of 3 calls, which cost nothing" in text
    assert "calls/s as in earlier sessions" in text
    again = planned(seedbed("plan", "t.py:Haiku", *ECHO, "-n", "5", *named, "--restart", "--json"))
    assert (again["kept_calls"], again["calls"], again["earlier"]) == (0, 5, None)


def test_rows_of_a_file_are_counted_and_named(seedbed: Seedbed) -> None:
    Path("in.jsonl").write_text("".join(f'{{"question": "Q{i}?"}}\n' for i in range(250)))
    result = seedbed("plan", "t.py:Answer", *ECHO, "--input", "in.jsonl")
    assert "── in.jsonl, line 1 ──" in result.out
    shown = planned(seedbed("plan", "t.py:Answer", *ECHO, "--input", "in.jsonl", "--json"))
    assert (shown["n"], shown["calls"]) == (None, 250)


def test_a_pipeline_file_is_planned_step_by_step(seedbed: Seedbed) -> None:
    Path("p.yaml").write_text(
        "steps: [{use: t.py:Haiku, llm: t.py:Echo/m}, {use: t.py:Count}]\nn: 4\nout: haiku.jsonl\n"
    )
    shown = planned(seedbed("plan", "p.yaml", "--allow-code", "t.py", "--json"))
    assert [(step["step"], step["rows"], step["calls"]) for step in shown["steps"]] == [
        ("haiku", 4, 4),
        ("count", 4, 0),
    ]
    assert shown["name"] == "haiku"


def test_a_prompt_like_the_one_before_is_folded_on_a_terminal(folder: Path) -> None:
    template = "\n".join(f"rule {number}" for number in range(30)) + "\n{{ season }} {{ index }}"
    command = ("plan", "t.py:Haiku", *ECHO, "-n", "2", "--set", f"template={template}")
    with terminal() as screen:
        assert invoke(command) == 0
    assert "30 lines as in row 0" in screen.text
    with terminal() as screen:
        assert invoke((*command, "--full")) == 0
    assert "lines as in row 0" not in screen.text


@pytest.mark.slow
def test_a_probe_pays_for_the_first_rows_and_the_run_goes_on_after_them(seedbed: Seedbed) -> None:
    command = ("t.py:Picky", *ECHO, "-n", "40", *PRICED, "-o", "haiku.jsonl")
    result = seedbed("plan", *command, "--probe", "5")
    assert result.status == 0, result.err
    assert "probe: 6 rows tried for $0.0013, 5 accepted\n" in result.out
    assert "accepted: 83% (44% to 97%)\n" in result.out
    assert "rows to try: 48 (42 to 92)\n" in result.out
    assert "total cost: $0.01 ($" in result.out
    assert ", with 16 calls in flight\n" in result.out
    assert not Path("haiku.jsonl").exists()
    made = seedbed("run", *command, "--json")
    assert "resuming the run 'haiku': 5 rows kept" in made.err
    assert json.loads(made.out)["calls"] == 35


def test_a_probe_as_json_has_an_interval_for_each_figure(seedbed: Seedbed) -> None:
    shown = planned(seedbed("plan", "t.py:Haiku", *ECHO, "-n", "40", *PRICED, "--probe", "5", "--json"))
    probe = shown["probe"]
    assert (probe["bought"], probe["accepted"], shown["kept_calls"], shown["calls"]) == (5, 5, 5, 35)
    for name in ("acceptance", "items_needed", "cost", "seconds"):
        assert probe[name]["low"] <= probe[name]["value"] <= probe[name]["high"]
    again = planned(seedbed("plan", "t.py:Haiku", *ECHO, "-n", "40", *PRICED, "--probe", "5", "--json"))
    assert (again["probe"]["bought"], again["probe"]["cost"]) == (0, probe["cost"])


def test_a_probe_that_is_refused_by_the_server_leaves_no_run(seedbed: Seedbed, runs: Path) -> None:
    result = seedbed("plan", "t.py:Haiku", *ECHO, "--set", "llm.refuses=true", "-n", "9", "--probe", "2")
    assert result.status == 2
    assert "the key was refused" in result.error
    assert [*runs.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing to plan"),
        (("haikus", *ECHO, "-n", "5"), "'haikus'"),
        (("t.py:Haiku", "-n", "5"), "the task 'haiku' needs an LLM"),
        (("t.py:Haiku", *ECHO), "'haiku' can make any number of rows"),
        (("t.py:Haiku", *ECHO, "-n", "0"), "cannot make 0 rows"),
        (("t.py:Answer", *ECHO), "takes rows as input, and there are none"),
        (("none.yaml",), "none.yaml"),
        (("t.py:Haiku", *ECHO, "-n", "2", "--form", "chat"), "there is none"),
        (("t.py:Haiku", *ECHO, "-n", "5", "--probe", "0"), "cannot probe 0 rows"),
        (("t.py:Haiku", *ECHO, "-n", "5", "--probe", "6"), "is more than the 5 rows of the run"),
        (("t.py:Haiku", *ECHO, "-n", "5", "--probe", "some"), "--probe"),
        (("t.py:Haiku", *ECHO, "-n", "5", "--probe", "2", "--restart"), "would pay for rows"),
    ],
)
def test_what_a_run_refuses_is_refused(seedbed: Seedbed, arguments: tuple[str, ...], said: str) -> None:
    result = seedbed("plan", *arguments)
    assert result.status == 2
    assert said in result.error


def test_help_shows_the_parameters_of_the_task(seedbed: Seedbed) -> None:
    assert "Mood of the poem." in seedbed("plan", "t.py:Haiku", "--help").out
    assert "before it starts" in seedbed("plan", "--help").out


@pytest.mark.parametrize(
    ("options", "named"),
    [(["--engine", "nobody"], "'nobody'"), (["--engine", "ray", "--set", "engine.wrkers=2"], "'wrkers'")],
    ids=["name", "setting"],
)
@pytest.mark.parametrize("probe", [[], ["--probe", "2"]], ids=["plan", "probe"])
def test_an_engine_that_run_would_refuse_is_refused(
    seedbed: Seedbed, runs: Path, options: list[str], named: str, probe: list[str]
) -> None:
    line = ["t.py:Haiku", *ECHO, "-n", "5", *options]
    planned, run = seedbed("plan", *line, *probe), seedbed("run", *line)
    assert planned.err == run.err
    assert (planned.status, run.status) == (2, 2)
    assert named in planned.err
    assert [*runs.iterdir()] == []
