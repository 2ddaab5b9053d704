"""Conditions that no row can meet, such as a text compared with a number, are found before a run or said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seedbed import GlobalStep, Row, Step, UsageError, get_step, run, when
from seedbed.cli import invoke


class Keep(Step):
    """Keeps rows."""

    condition: str

    @property
    def row_expressions(self) -> list[str]:
        return [self.condition]

    def process(self, row: Row) -> Row:
        return row


def written(folder: Path, ending: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"rows{ending}"
    if ending == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif ending == ".csv":
        path.write_text("\n".join([",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]))
    else:
        path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.mark.parametrize(
    ("ending", "condition", "kind"),
    [
        (".csv", "score == 4", "string"),
        (".csv", "score >= 3", "string"),
        (".parquet", "score == '4'", "number"),
        (".parquet", "lang == 1", "string"),
        (".jsonl", "score in ['4', '5']", "number"),
        (".jsonl", "lang > 3", "string"),
    ],
)
def test_a_comparison_with_another_type_is_found_before_a_run(
    tmp_path: Path, ending: str, condition: str, kind: str
) -> None:
    path = written(tmp_path, ending, [{"score": 4, "lang": "en"}, {"score": 5, "lang": "de"}])
    with pytest.raises(UsageError, match=f"of step 'keep' compares column .* but its type is {kind}"):
        run(Keep(condition=condition), input=path)


@pytest.mark.parametrize(
    ("ending", "condition"),
    [
        (".csv", "score == '4'"),
        (".csv", "score | int == 4"),
        (".parquet", "score == 4.0"),
        (".jsonl", "mixed == 4"),
        (".jsonl", "score == 4 or score == '4'"),
        (".jsonl", "empty == 'x'"),
    ],
)
def test_a_comparison_that_may_hold_is_left_alone(tmp_path: Path, ending: str, condition: str) -> None:
    mixed = [{"score": 4, "mixed": "4", "empty": None}, {"score": 5, "mixed": 4, "empty": None}]
    rows = mixed if ending == ".jsonl" else [{"score": 4}, {"score": 5}]
    assert run(Keep(condition=condition), input=written(tmp_path, ending, rows)).accepted == 2


def test_types_of_a_longer_file_of_lines_are_not_taken_from_its_first_rows(tmp_path: Path) -> None:
    path = written(tmp_path, ".jsonl", [*({"n": n} for n in range(120)), {"n": "late"}])
    done = run(get_step("filter", keep="n == 'late'"), input=path, give_up_after=0)
    assert list(done.rows()) == [{"n": "late"}]


def test_a_column_that_a_step_changes_has_no_type_of_the_input() -> None:
    class Texts(GlobalStep):
        keeps = True

        def process(self, rows: Any) -> Any:
            return [{"n": str(row["n"])} for row in rows]

    steps = get_step("map", make={"n": "n | string", "is_four": "n == '4'"}) >> Keep(condition="n == '4'")
    assert run(steps, input=[{"n": 4}]).accepted == 1


def test_the_summary_says_that_a_text_is_never_a_number() -> None:
    rows = [{"n": "4"} for _ in range(120)]
    done = run(get_step("filter", keep="n == 4"), input=iter(rows), give_up_after=0)
    assert done.rejections == {"not n == 4": 120}
    assert done.advice["not n == 4"] == ("'n' is text here, and 4 is a number",)


def test_it_is_not_said_where_it_is_true_of_some_rows_alone() -> None:
    rows = [{"n": 5 if n % 2 else "4"} for n in range(120)]
    done = run(get_step("filter", keep="n == 4"), input=iter(rows), give_up_after=0)
    assert (done.rejected, done.advice["not n == 4"]) == (120, ())


def test_a_route_that_takes_no_row_says_why() -> None:
    steps = Keep(condition="true") >> [when("n == 4", Keep(name="four", condition="true"))]
    done = run(steps, input=iter([{"n": "4"}]))
    assert next(done.rejected_rows()).reason.endswith("'n' is text here, and 4 is a number")


def test_check_names_the_line_of_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("score\n4\n")
    Path("p.yaml").write_text("input: rows.csv\nsteps:\n  - use: filter\n    with: {keep: score == 4}\n")
    assert invoke(["check", "p.yaml"]) == 2
    said = capfd.readouterr().out
    assert said.startswith("p.yaml:4:18: 'score == 4': the expression 'score == 4' of step 'filter'")
    assert "score | int" in said
