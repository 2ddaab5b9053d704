from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result
from tests.support.terminal import terminal

from seedbed.cli import invoke
from seedbed.cli.terminal.counting import tries_text

Seedbed = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]

ECHO = ("--llm", "t.py:Echo/m")

CHOOSY = """
from seedbed import GeneratorTask, Reject

class Choosy(GeneratorTask):
    reasons: int = 6
    template: str = "{{ index }}"

    def sample(self, index, rng):
        return {"index": index}

    def format_output(self, output, input):
        if input["index"] < self.reasons:
            raise Reject(f"reason {input['index']}")
        return {"text": output}
"""

ADVISING = """

class Advising(GeneratorTask):
    template: str = "{{ index }}"

    def sample(self, index, rng):
        return {"index": index}

    def format_output(self, output, input):
        if input["index"] == 0:
            raise Reject("too dull", "try another prompt")
        return {"text": output}
"""


def test_without_a_file_the_rows_go_to_standard_output_and_nothing_else_does(seedbed: Seedbed) -> None:
    result = seedbed("run", "t.py:Haiku", *ECHO, "-n", "3")
    assert result.status == 0
    assert [row["haiku"][:7] for row in result.rows] == ["A CALM "] * 3
    assert "3 rows on standard output" in result.err


@pytest.mark.slow
def test_what_a_task_and_its_children_print_does_not_get_among_the_rows(start: Start) -> None:
    process = start("run", "t.py:Noisy", *ECHO, "-n", "2")
    out, err = process.communicate()
    assert [json.loads(line)["index"] for line in out.splitlines()] == [0, 1]
    assert "noise from python" in err
    assert "noise from a child process" in err


def test_the_summary_says_how_many_rows_are_where_and_what_they_took(seedbed: Seedbed) -> None:
    result = seedbed("run", "t.py:Haiku", *ECHO, "-n", "8", "-o", "qa.jsonl")
    assert (result.status, result.out) == (0, "")
    assert result.err.startswith("8 rows in qa.jsonl\n")
    assert "8 calls · 80 input + 160 output tokens" in result.err
    assert len(Path("qa.jsonl").read_text().splitlines()) == 8


def test_failed_rows_are_grouped_by_reason_with_their_ids_and_end_in_status_1(seedbed: Seedbed) -> None:
    result = seedbed("run", "t.py:Odd", *ECHO, "-n", "14", "-o", "odd.csv")
    assert result.status == 1
    assert result.err.startswith("7 of 14 rows in odd.csv\n")
    assert "7 failed: ValueError: an odd one (rows 1, 3, 5, 7, 9 ...)\n    and no other\n" in result.err
    assert "    raised in " in result.err
    assert "t.py, line " in result.err
    assert "Traceback" not in result.err


def test_rejected_rows_are_replaced_and_counted(seedbed: Seedbed) -> None:
    result = seedbed("run", "t.py:Picky", *ECHO, "-n", "2")
    assert result.status == 0
    assert [row["index"] for row in result.rows] == [1, 2]
    assert "1 rejected" in result.err


def test_what_is_said_of_a_rejected_row_is_shown_with_what_to_do(seedbed: Seedbed) -> None:
    with Path("t.py").open("a") as file:
        file.write(ADVISING)
    result = seedbed("run", "t.py:Advising", *ECHO, "-n", "2")
    assert result.status == 0
    assert "1 rejected: too dull\n    try another prompt\n" in result.err


@pytest.mark.parametrize(
    ("reasons", "last"),
    [(6, "1 rejected: reason 5"), (8, "3 rejected for 3 other reasons: --json lists them")],
)
def test_no_rejected_row_is_left_out_of_the_counts(seedbed: Seedbed, reasons: int, last: str) -> None:
    Path("choosy.py").write_text(CHOOSY)
    result = seedbed(
        "run", "choosy.py:Choosy", *ECHO, "-n", "1", "--give-up-after", "0", "--set", f"reasons={reasons}"
    )
    lines = [line.strip() for line in result.err.splitlines() if "rejected" in line]
    assert lines == [*(f"1 rejected: reason {number}" for number in range(5)), last]


def test_answers_that_were_cut_are_counted(seedbed: Seedbed) -> None:
    result = seedbed("run", "t.py:Haiku", *ECHO, "-n", "3", "--set", "llm.cut=true")
    assert "3 answers were cut off at max_tokens: raise generation.max_tokens" in result.err


@pytest.mark.slow
def test_answers_that_were_cut_are_counted_by_step_if_several_steps_ask(seedbed: Seedbed) -> None:
    steps = [
        {"use": "t.py:Haiku", "with": {"output_mappings": {"haiku": "question"}}},
        {"use": "t.py:Answer"},
    ]
    Path("two.yaml").write_text(json.dumps({"steps": steps}))
    cut = ["--set", "answer.llm.cut=true"]

    result = seedbed("run", "two.yaml", "--allow-code", "t.py", *ECHO, "-n", "3", *cut)
    assert (
        "3 answers of 'answer' were cut off at max_tokens: raise answer.generation.max_tokens" in result.err
    )
    assert "'haiku'" not in result.err

    counted = json.loads(
        seedbed(
            "run", "two.yaml", "--allow-code", "t.py", *ECHO, "-n", "3", *cut, "-o", "x.jsonl", "--json"
        ).out
    )
    assert (counted["truncated"], counted["truncated_steps"]) == (3, {"answer": 3})


def test_rows_that_failed_are_counted_with_their_step_if_several_steps_ask(seedbed: Seedbed) -> None:
    steps = [{"use": "t.py:Odd", "with": {"output_mappings": {"haiku": "question"}}}, {"use": "t.py:Answer"}]
    Path("two.yaml").write_text(json.dumps({"steps": steps}))

    assert (
        "2 failed at 'odd': ValueError: an odd one"
        in seedbed("run", "two.yaml", "--allow-code", "t.py", *ECHO, "-n", "4").err
    )


@pytest.mark.parametrize(("count", "said"), [(2, "2 rows"), (0, "no row")])
def test_rows_missing_before_a_step_over_all_rows_are_said(seedbed: Seedbed, count: int, said: str) -> None:
    Path("in.jsonl").write_text('{"a": 2}\n' * count)
    result = seedbed("run", "sort", "--set", "by=a", "--input", "in.jsonl", "-n", "5", "-o", "s.jsonl")
    assert result.status == 1
    assert f"  {said} came to the step over all rows, fewer than n asks for" in result.err
    assert "there were no more rows: the source ended" in result.err


def test_json_is_the_whole_of_standard_output_where_the_rows_go_to_a_file(seedbed: Seedbed) -> None:
    result = seedbed("run", "t.py:Odd", *ECHO, "-n", "4", "-o", "odd.jsonl", "--json")
    summary = json.loads(result.out)
    assert result.status == 1
    assert (summary["accepted"], summary["failed"], summary["out"]) == (2, 2, "odd.jsonl")
    assert summary["failures"][0]["row"] == "1"


def test_json_is_the_whole_of_standard_error_where_the_rows_go_to_standard_output(seedbed: Seedbed) -> None:
    result = seedbed("run", "t.py:Haiku", *ECHO, "-n", "2", "--json", "--name", "poems")
    assert len(result.rows) == 2
    assert json.loads(result.err)["name"] == "poems"


def test_a_task_over_rows_reads_them_from_a_file(seedbed: Seedbed) -> None:
    Path("in.jsonl").write_text('{"question": "Why?"}\n{"question": "Who?"}\n')
    result = seedbed("run", "t.py:Answer", *ECHO, "--input", "in.jsonl")
    assert [row["generation"] for row in result.rows] == ["ANSWER: WHY?", "ANSWER: WHO?"]


def test_a_plain_step_needs_no_llm(seedbed: Seedbed) -> None:
    Path("in.jsonl").write_text('{"a": 1, "b": 2}\n')
    assert seedbed("run", "t.py:Count", "--input", "in.jsonl").rows == [{"a": 1, "b": 2, "columns": 2}]


@pytest.mark.slow
def test_the_same_seed_samples_the_same_rows_and_another_one_does_not(seedbed: Seedbed) -> None:
    def seasons(seed: str) -> list[str]:
        rows = seedbed("run", "t.py:Haiku", *ECHO, "-n", "20", "--seed", seed).rows
        return [row["season"] for row in rows]

    assert seasons("1") == seasons("1") != seasons("2")


WRONG = {
    "nothing to run": ((), "nothing to run"),
    "unknown task": (("hiku",), "no task named 'hiku' is installed"),
    "unknown class": (("t.py:Hiku",), "did you mean 'Haiku'?"),
    "file without a class": (("t.py",), "t.py:CLASS"),
    "missing LLM": (("t.py:Haiku", "-n", "1"), "add --llm BACKEND/MODEL, for example"),
    "LLM without a model": (("t.py:Haiku", "-n", "1", "--llm", "echo"), "the form BACKEND/MODEL"),
    "unused LLM": (("t.py:Count", *ECHO), "nothing here would use the LLM"),
    "no rows": (("t.py:Haiku", *ECHO, "-n", "0"), "-n is 1 or more"),
    "no end": (("t.py:Haiku", *ECHO), "can make any number of rows"),
    "not a number": (("t.py:Haiku", *ECHO, "-n", "many"), "'many' isn't a whole number"),
    "missing folder": (("t.py:Haiku", *ECHO, "-n", "1", "-o", "no/a.jsonl"), "there is no folder 'no'"),
    "missing folder before ..": (("t.py:Haiku", *ECHO, "-n", "1", "-o", "no/../a.jsonl"), "mkdir -p 'no/..'"),
    "unknown ending": (("t.py:Haiku", *ECHO, "-n", "1", "-o", "a.josnl"), "did you mean '.jsonl'?"),
    "no input": (("t.py:Answer", *ECHO), "--input rows.jsonl"),
    "missing input": (("t.py:Answer", *ECHO, "--input", "inn.jsonl"), "did you mean 'in.jsonl'?"),
    "mistyped column": (("t.py:Answer", *ECHO, "--input", "in.jsonl"), "did you mean 'qestion'?"),
    "misspelt field": (("t.py:Haiku", *ECHO, "-n", "1", "--set", "stile=wild"), "did you mean 'style' or"),
    "unfit value": (("t.py:Haiku", *ECHO, "-n", "1", "--set", "lines=0"), "lines: must be 1 or more, not 0"),
    "missing field of the LLM": (
        ("t.py:Haiku", "--llm", "t.py:Keyed/m", "-n", "1"),
        "set them with --set llm.api_key=VALUE; `seedbed run --llm t.py:Keyed/m --help` shows them",
    ),
    "missing field": (("t.py:Needy", *ECHO, "-n", "1"), "instruction: this field is required"),
    "missing pipeline file": (("missing.yaml",), "there is no file 'missing.yaml'"),
    "refused key": (("t.py:Haiku", *ECHO, "-n", "1", "--set", "llm.refuses=true"), "set ECHO_API_KEY"),
    "task that cannot be made": (("t.py:Clumsy", *ECHO, "-n", "1"), "making it raised RuntimeError: no good"),
    "misspelt option": (("t.py:Haiku", "--lml", "a/b"), "did you mean '--llm'?"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_usage_is_an_error_that_says_what_to_do(seedbed: Seedbed, wrong: str) -> None:
    Path("in.jsonl").write_text('{"qestion": "Why?"}\n')
    args, said = WRONG[wrong]
    result = seedbed("run", *args)
    assert (result.status, result.out) == (2, "")
    assert said in result.error
    assert not list(Path().glob(".*.jsonl")), "a spool was left behind"


def test_the_value_of_a_key_is_never_shown(seedbed: Seedbed) -> None:
    secret = "sk-1234567890"
    for setting in (f"llm.api_kee={secret}", f"llm.api_key:{secret}", f"llm.api_key.part={secret}"):
        result = seedbed("run", "t.py:Haiku", *ECHO, "-n", "1", "--set", setting)
        assert result.status == 2
        assert secret not in result.error
    strict = ("--set", f"llm.api_key={secret}", "--set", "llm.strict=true")
    result = seedbed("run", "t.py:Haiku", *ECHO, "-n", "1", *strict)
    assert "RuntimeError: cannot use [secret]" in result.error


def test_the_file_that_was_there_stays_when_nothing_could_be_made(seedbed: Seedbed) -> None:
    Path("old.jsonl").write_text('{"a": 1}\n')
    assert (
        seedbed("run", "t.py:Haiku", *ECHO, "-n", "1", "-o", "old.jsonl", "--set", "llm.refuses=1").status
        == 2
    )
    assert Path("old.jsonl").read_text() == '{"a": 1}\n'


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_the_run_without_a_word(start: Start) -> None:
    process = start("run", "t.py:Waiting", *ECHO, "-n", "100", "--set", "llm.waits_for=go")
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["index"] == 0
    process.stdout.close()
    Path("go").touch()
    err = process.stderr.read()
    assert process.wait() == 3
    # A slow machine says how far it is, or that it loads.
    assert [line for line in err.splitlines() if " of 100 rows, " not in line and "loading" not in line] == []
    process.stderr.close()


@pytest.mark.slow
def test_a_pipeline_file_runs_with_settings_for_its_steps(seedbed: Seedbed) -> None:
    Path("in.jsonl").write_text('{"topic": "rivers"}\n')
    Path("p.yaml").write_text(
        "steps:\n"
        "  - use: text-generation\n"
        "    with: {template: 'About {{ topic }}', generation: {top_p: 0.5}}\n"
    )
    run = ("run", "p.yaml", *ECHO, "--input", "in.jsonl")
    assert seedbed(*run).rows[0]["generation"] == "ABOUT RIVERS"
    changed = seedbed(*run, "--set", "text-generation.template=On {{ topic }}")
    assert changed.rows[0]["generation"] == "ON RIVERS"
    for setting in ("text-generatoin.template=x", "text-generation.tempalte=x"):
        assert "did you mean" in seedbed(*run, "--set", setting).error
    assert "write --set STEP.template=VALUE" in seedbed(*run, "--set", "template=x").error


def test_a_pipeline_file_names_code_that_the_command_allows_and_no_other(seedbed: Seedbed) -> None:
    Path("p.yaml").write_text("llm: t.py:Echo/m\nsteps: [{use: t.py:Haiku}]\n")
    refused = seedbed("run", "p.yaml", "-n", "2")
    assert (refused.status, refused.out) == (2, "")
    assert "--allow-code t.py" in refused.error
    Path("other.py").touch()
    assert seedbed("run", "p.yaml", "-n", "2", "--allow-code", "other.py").status == 2
    result = seedbed("run", "p.yaml", "-n", "2", "--allow-code", "t.py")
    assert (result.status, len(result.rows)) == (0, 2)


def test_a_cap_stops_a_run_whose_rows_are_printed(seedbed: Callable[..., Result]) -> None:
    result = seedbed(
        "run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "9", "--max-tokens-total", "40", "--json"
    )

    assert len(result.rows) < 9
    assert json.loads(result.err)["outcome"] == "stopped"


def test_the_summary_of_a_resumed_run_says_what_was_kept(seedbed: Seedbed) -> None:
    seedbed("run", "t.py:Haiku", *ECHO, "-n", "3", "-o", "h.jsonl")
    result = seedbed("run", "t.py:Haiku", *ECHO, "-n", "5", "-o", "h.jsonl")
    assert "s · 3 kept · " in result.err
    assert " · 2 calls · " in result.err


@pytest.mark.parametrize(
    ("retried", "refused", "said"),
    [
        (0, 0, ""),
        (1, 0, "1 try failed"),
        (12, 5, "12 tries failed, 5 at a rate limit"),
        (0, 3, "3 at a rate limit"),
    ],
)
def test_tries_that_met_a_rate_limit_are_counted_apart(retried: int, refused: int, said: str) -> None:
    assert tries_text(retried, refused) == said


@pytest.mark.parametrize("kept", [True, False])
def test_a_person_is_shown_how_to_look_at_a_run_that_is_kept(folder: Path, kept: bool) -> None:
    with terminal() as screen:
        invoke(["run", "t.py:Haiku", *ECHO, "-n", "1", "--max-attempts", "1", *(["-o", "a b.jsonl"] * kept)])
    assert ("`seedbed view 'a b'` shows the rows" in screen.text) is kept


def test_json_tells_how_long_each_step_waited_for_answers(seedbed: Seedbed) -> None:
    Path("in.jsonl").write_text('{"question": "Why?"}\n')
    summary = json.loads(
        seedbed("run", "t.py:Answer", *ECHO, "--input", "in.jsonl", "-o", "a.jsonl", "--json").out
    )
    assert [*summary["step_seconds"]] == ["answer"]
    assert summary["step_seconds"]["answer"] >= 0
