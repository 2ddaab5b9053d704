"""What a command says where there is a run already: what it found, or what is in its way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result

Seedbed = Callable[..., Result]

ECHO = ("--llm", "t.py:Echo/m")
POEMS = ("run", "t.py:Haiku", *ECHO, "-o", "poems.jsonl", "-n")


def rows() -> int:
    return len(Path("poems.jsonl").read_text().splitlines())


def test_a_fresh_run_says_nothing_of_an_earlier_one(seedbed: Seedbed) -> None:
    assert seedbed(*POEMS, "3").err.startswith("3 rows in poems.jsonl\n")


def test_more_rows_are_made_behind_those_that_are_there(seedbed: Seedbed) -> None:
    seedbed(*POEMS, "3")
    result = seedbed(*POEMS, "4")
    assert result.status == 0
    assert result.err.startswith(
        "resuming the run 'poems': 3 rows kept, at least 1 call to make\n4 rows in poems.jsonl\n"
    )
    assert "1 call · 10 input + 20 output tokens" in result.err
    assert rows() == 4


def test_fewer_rows_are_cut_and_still_there_afterwards(seedbed: Seedbed) -> None:
    seedbed(*POEMS, "4")
    assert "3 rows kept, no call to make\n3 rows in" in seedbed(*POEMS, "3").err
    assert rows() == 3
    assert "4 rows kept, no call to make\n4 rows in" in seedbed(*POEMS, "4").err


def test_a_finished_run_is_not_made_again_and_it_says_how_it_would_be(seedbed: Seedbed) -> None:
    seedbed(*POEMS, "3")
    Path("poems.jsonl").unlink()
    result = seedbed(*POEMS, "3")
    assert result.status == 0
    lines = result.err.splitlines()
    assert lines[0] == "the run 'poems' has already finished: 3 rows kept, no call to make"
    assert "--restart starts it over" in lines[1]
    assert lines[2:] == ["3 rows in poems.jsonl", lines[3]]
    assert "rows/s" not in lines[3]
    assert "calls" not in lines[3]
    assert rows() == 3


def test_what_has_changed_is_said_before_it_is_made_anew(seedbed: Seedbed) -> None:
    seedbed(*POEMS, "3")
    result = seedbed(*POEMS, "3", "--set", "style=wild")
    said = "resuming the run 'poems': no row kept, at least 3 calls to make (changed since: haiku)\n"
    assert result.err.startswith(said)


def test_a_command_that_is_refused_before_anything_is_spent_changes_nothing(seedbed: Seedbed) -> None:
    seedbed(*POEMS, "3")
    refused = seedbed(*POEMS, "3", "--llm", "t.py:Echo/other", "--set", "llm.refuses=true")
    assert refused.status == 2
    again = seedbed(*POEMS, "3")
    assert again.err.startswith("the run 'poems' has already finished: 3 rows kept, no call to make\n")


def test_changed_code_that_asks_the_same_makes_no_call(seedbed: Seedbed, folder: Path) -> None:
    seedbed(*POEMS, "3")
    source = (folder / "t.py").read_text()
    (folder / "t.py").write_text(
        source.replace('return {"haiku": output}', 'return {"haiku": output, "new": 1}')
    )
    result = seedbed(*POEMS, "3")
    assert "no row kept, 3 calls replayed, no call to make (changed since: haiku)" in result.err
    assert '"new":1' in Path("poems.jsonl").read_text()


def test_restart_keeps_the_old_run_aside(seedbed: Seedbed, runs: Path) -> None:
    assert seedbed(*POEMS, "3", "--restart").status == 0
    result = seedbed(*POEMS, "3", "--restart")
    assert result.err.startswith("3 rows in poems.jsonl\n")
    assert "3 calls" in result.err
    assert sorted(path.name for path in runs.iterdir()) == ["poems", "poems.1"]
    assert seedbed("runs", "export", "poems.1").out == Path("poems.jsonl").read_text()


def test_another_task_does_not_get_into_the_run(seedbed: Seedbed) -> None:
    seedbed(*POEMS, "3")
    result = seedbed("run", "t.py:Odd", *ECHO, "-n", "3", "-o", "poems.jsonl")
    assert result.status == 2
    assert "the run 'poems' belongs to 'haiku', not to 'odd'" in result.error
    assert "--name NAME" in result.error
    assert "--restart" in result.error
    assert rows() == 3


def test_a_cap_stops_the_run_and_raised_it_goes_on(seedbed: Seedbed) -> None:
    short = ("--set", "generation.max_tokens=10", "--concurrency", "1")
    result = seedbed(*POEMS, "9", *short, "--max-tokens-total", "200")
    assert result.status == 3
    assert result.err.startswith("error: ")
    assert " of 200 tokens are spent" in result.err
    assert "raise the cap and start the run again: it resumes where it stopped" in result.err
    assert "poems.jsonl was not written" in result.err
    assert "`seedbed runs export poems -o FILE` writes the rows so far" in result.err
    assert "the same command again" not in result.err
    (stopped,) = json.loads(seedbed("runs", "--json").out)
    assert stopped["outcome"] == "stopped"
    kept = stopped["accepted"]
    assert 0 < kept < 9
    again = seedbed(*POEMS, "9", *short, "--max-tokens-total", "2000")
    assert again.status == 0
    assert f"{kept} row" in again.err.splitlines()[0]
    assert rows() == 9


def test_fewer_rows_than_were_asked_for_say_why(seedbed: Seedbed) -> None:
    command = ("run", "t.py:Picky", *ECHO, "-n", "5", "--max-attempts", "3", "-o", "picky.jsonl")
    result = seedbed(*command)
    assert result.status == 1
    assert "2 of 5 rows in picky.jsonl" in result.err
    assert "no more rows from all 3 indices that may be tried: a larger --max-attempts N" in result.err
    assert "the source ended" not in result.err
    assert "all 3 indices" in seedbed(*command).err


def test_a_source_that_ends_before_there_are_enough_rows_says_so(seedbed: Seedbed) -> None:
    Path("in.jsonl").write_text('{"question": "why?"}\n')
    result = seedbed("run", "t.py:Answer", *ECHO, "--input", "in.jsonl", "-n", "5", "-o", "answers.jsonl")
    assert result.status == 1
    assert "there were no more rows: the source ended" in result.err
    assert "--max-attempts" not in result.err


def test_a_model_without_a_price_cannot_be_capped_by_money(seedbed: Seedbed) -> None:
    result = seedbed(*POEMS, "3", "--max-cost", "1")
    assert result.status == 2
    assert "the price of 't.py:Echo/m' is not known" in result.error
    assert "--price-input and --price-output" in result.error
    priced = seedbed(*POEMS, "3", "--max-cost", "1", "--price-input", "1", "--price-output", "1")
    assert priced.status == 0


def test_json_alone_is_on_standard_error_also_when_the_run_goes_on(seedbed: Seedbed) -> None:
    seedbed(*POEMS, "3")
    for _ in range(2):
        result = seedbed("run", "t.py:Haiku", *ECHO, "-n", "4", "--name", "poems", "--json")
        assert json.loads(result.err)["accepted"] == 4
    assert json.loads(result.err)["kept"] == 4


def test_the_order_of_a_run_is_in_its_manifest(seedbed: Seedbed) -> None:
    seedbed(*POEMS, "3", "--seed", "7")
    manifest = json.loads(seedbed("runs", "show", "poems", "--json").out)["manifest"]
    order = manifest["order"]
    assert (order["what"], order["llm"], order["n"], order["seed"]) == ("t.py:Haiku", "t.py:Echo/m", 3, 7)
    assert order["out"] == "poems.jsonl"


WRONG = {
    "--max-attempts 0": "--max-attempts 0 leaves no room for anything",
    "--max-attempts x": "'x' isn't a whole number",
    "--max-failures x": "write --max-failures 20, or --max-failures 5%",
    "--max-failures 120%": "write --max-failures 20, or --max-failures 5%",
    "--give-up-after -1": "--give-up-after -1 leaves no room for anything",
    "--max-cost 0": "--max-cost 0 leaves no room for anything",
    "--max-cost nan": "--max-cost nan leaves no room for anything",
    "--max-cost -1": "--max-cost -1 leaves no room for anything",
    "--max-tokens-total 0": "--max-tokens-total 0 leaves no room for anything",
    "--max-time 5x": "write 90s, 20m or 2h",
    "--max-time 0s": "--max-time 0 leaves no room for anything",
    "--requests-per-minute 0": "--requests-per-minute 0 leaves no room for anything",
    "--tokens-per-minute -5": "--tokens-per-minute -5 leaves no room for anything",
    "--price-input 1": "give dollars per million tokens: --price-input and --price-output",
    "--concurrency 0": "--concurrency is 1 or more",
    "--seed x": "'x' isn't a whole number",
    "--leaf hiaku": "it ends in haiku",
    "--name a/b": "'a/b' isn't a name for a run",
    "--name .a": "'.a' isn't a name for a run",
    "--max-faliures 1": "did you mean '--max-failures'?",
}


@pytest.mark.variants(8)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_value_is_said_before_anything_is_spent(seedbed: Seedbed, runs: Path, wrong: str) -> None:
    result = seedbed(*POEMS, "3", *wrong.split())
    assert (result.status, result.out) == (2, "")
    assert WRONG[wrong] in result.error
    assert not Path("poems.jsonl").exists()


def test_no_name_is_no_name(seedbed: Seedbed) -> None:
    assert "'' isn't a name for a run" in seedbed(*POEMS, "3", "--name", "").error
