"""`seedbed runs rate`, `ratings`, `calibrate`, and exports by what people say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from seedbed import Pipeline, UsageError, get_step
from seedbed.cli import invoke
from seedbed.cli.runs.command import runs as command

ROWS = [{"text": f"t{number}", "score": number} for number in range(8)]


@pytest.fixture
def made(runs: Path) -> list[str]:
    """The ids of the rows of a run of eight."""
    pipeline = Pipeline([get_step("rows", rows=ROWS)])
    made = pipeline.run(name="made")
    return [made.explain(line=line).row for line in range(1, 9)]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def rate(made: list[str], *, good: range) -> None:
    for number, row in enumerate(made):
        run("rate", "made", row, "good" if number in good else "bad", "--rater", "ada")


def test_a_row_is_rated_by_its_name(made: list[str]) -> None:
    assert "ada says of row" in run("rate", "made", "row 2 of 'rows'", "good", "--rater", "ada").stdout

    told = json.loads(run("ratings", "made", "--json").stdout)

    assert [(one["row"], one["rater"], one["rating"]) for one in told["ratings"]] == [
        (made[1], "ada", "good")
    ]
    assert "ada: 1 good" in run("ratings", "made").stdout


def test_a_row_is_rated_by_its_line(made: list[str]) -> None:
    run("rate", "made", "--line", "3", "bad", "--rater", "ada")

    (one,) = json.loads(run("ratings", "made", "--json").stdout)["ratings"]
    assert (one["row"], one["rating"]) == (made[2], "bad")


def test_rows_of_a_file_are_named_by_file_and_line(runs: Path, tmp_path: Path) -> None:
    rows = tmp_path / "in.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    Pipeline([get_step("filter", keep="score != 1")]).run(name="read", input=rows)

    assert (
        "ada says of in.jsonl, line 3: good"
        in run("rate", "read", "--line", "2", "good", "--rater", "ada").stdout
    )
    assert "in.jsonl, line 3, ada: good" in run("ratings", "read").stdout


def test_a_hint_quotes_the_name_of_a_run_for_the_shell(runs: Path) -> None:
    Pipeline([get_step("rows", rows=ROWS)]).run(name="my run")

    assert "seedbed runs rate 'my run' ROW good" in run("ratings", "my run").stderr


@pytest.mark.parametrize("score", ["scor", "len(score)"])
def test_a_score_that_no_row_has_is_an_error_that_names_it(made: list[str], score: str) -> None:
    rate(made, good=range(4, 8))

    with pytest.raises(UsageError, match=f"no rated row has '{score.partition('(')[0]}'") as raised:
        run("calibrate", "made", "--score", score)
    assert any("columns: text, score" in line for line in raised.value.advice)


def test_a_judge_is_calibrated_and_its_threshold_chooses_rows(made: list[str]) -> None:
    rate(made, good=range(5, 8))

    said = run("calibrate", "made", "--score", "score").stdout
    exported = run("export", "made", "--where", "score >= threshold", "--rating-column", "people").stdout

    assert "threshold: score >= 5" in said
    assert [json.loads(line)["score"] for line in exported.splitlines()] == [5, 6, 7]
    assert {json.loads(line)["people"] for line in exported.splitlines()} == {"good"}


def test_an_export_of_good_rows_to_a_file_has_them_alone(made: list[str], tmp_path: Path) -> None:
    rate(made, good=range(2, 4))

    run("export", "made", "--where", "rating == 'good'", "-o", str(tmp_path / "good.jsonl"))

    rows = [json.loads(line) for line in (tmp_path / "good.jsonl").read_text().splitlines()]
    assert [row["score"] for row in rows] == [2, 3]


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["rate", "made", "nothing", "good"], "there is no row 'nothing'"),
        (["rate", "made", "row 1 of 'rows'", "perfect"], "'perfect' isn't a rating"),
        (["rate", "made"], "no row is named"),
        (["rate", "made", "row 1 of 'rows'", "good", "--line", "1"], "a row and a line are given"),
        (["rate", "made", "good", "--line", "99"], "there is no line 99"),
        (["rate", "made", "row 1 of 'rows'", "good", "--rater", ""], "rater"),
        (["calibrate", "made", "--score", "score"], "nobody has rated"),
        (["export", "made", "--where", "scor > 1"], r"did you mean 'score'\?\n  columns here: text, score"),
        (["export", "made", "--where", "score >"], "'score >' is not an expression: it ends too early"),
        (["export", "made", "--where", ""], "--where has no expression"),
        (["export", "made", "--where", "score = 3"], "a single = compares nothing: write =="),
        (["export", "made", "--failed", "--where", "score > 1"], "leave out --leaf, --where"),
    ],
)
def test_what_cannot_be_done_is_an_error_that_says_why(
    made: list[str], arguments: list[str], fact: str
) -> None:
    with pytest.raises(UsageError if "scor > 1" not in arguments else Exception, match=fact):
        run(*arguments)


@pytest.mark.parametrize("exists", [True, False])
def test_a_condition_that_no_row_fulfils_is_said_and_replaces_no_file(
    made: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    exists: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    if exists:
        Path("old.jsonl").write_text("old\n")
    capsys.readouterr()
    assert invoke(["runs", "export", "made", "--where", "score > 9", "-o", "old.jsonl"]) == 1
    ending = "not changed" if exists else "not written"
    said = f"none of the 8 rows of 'made' fulfils 'score > 9'\n  old.jsonl was {ending}\n"
    assert capsys.readouterr() == ("", said)
    assert Path("old.jsonl").exists() is exists
    assert run("export", "made", "--where", "score > 6").stdout.count("\n") == 1


def test_a_label_and_a_note_are_told_apart(made: list[str]) -> None:
    ada = ("--rater", "ada")
    said = run("rate", "made", made[0], "bad", *ada, "--label", "stale", "--note", "see above").stdout
    assert said.endswith(": bad, label stale, note: see above\n")
    run("rate", "made", made[1], *ada, "--note", "good")
    shown = run("ratings", "made").stdout
    assert "ada: bad, label stale, note: see above\n" in shown
    assert "ada: note: good\n" in shown
