"""Reports on real runs: verdicts, causes, cost, sessions, and what can't be measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import validate
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, Reject, RunReader, get_step, run
from seedbed_report import Report, html_page, markdown_page, report_of

from .conftest import write


class Counted(GeneratorTask):
    """Rejects each third row, and fails on each seventh."""

    template: str = "{{ n }}"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}

    def format_output(self, output: str | None, input: dict[str, Any]) -> dict[str, Any]:
        if input["n"] % 3 == 2:
            raise Reject("a third")
        if input["n"] % 7 == 6:
            raise ValueError(f"unlucky\n{input['n']}")
        return {"text": f"{output} number {input['n']}"}


@pytest.fixture
def made(runs: Path) -> Report:
    run(Counted(llm=scripted("a boat")), 20, name="counted")
    with RunReader.open(runs / "counted") as reader:
        return report_of(reader, "counted")


def test_counts_and_causes_are_those_of_the_run(made: Report) -> None:
    assert made.counts.model_dump() == {"wanted": 20, "accepted": 17, "rejected": 9, "failed": 3}
    causes = {(one.verdict, one.kind, one.reason): one.rows for one in made.causes}
    assert causes == {
        ("rejected", "Reject", "a third"): 9,
        ("failed", "ValueError", "ValueError: unlucky"): 3,
    }
    assert made.causes[0].examples == ["2", "5", "8", "11", "14"]


def test_calls_are_counted_by_step_and_model(made: Report) -> None:
    (spent,) = made.spending
    assert (spent.step, spent.calls, spent.unpriced) == ("counted", 29, 29)
    assert [one.accepted for one in made.sessions] == [17]


def test_the_json_fits_its_schema_and_is_the_same_each_time(made: Report, runs: Path) -> None:
    validate(made.model_dump(mode="json"), Report.model_json_schema())
    with RunReader.open(runs / "counted") as reader:
        assert report_of(reader, "counted") == made


def test_a_run_without_rows_is_reported(runs: Path) -> None:
    write(runs / "none", [])
    with RunReader.open(runs / "none") as reader:
        found = report_of(reader, "none")
    assert (found.counts.accepted, found.columns, found.duplicates, found.likeness) == (0, [], None, None)
    assert found.notes


def test_a_mapping_with_a_thousand_keys_is_no_table(runs: Path) -> None:
    write(runs / "wide", [{f"key {place}": place} for place in range(1000)])
    with RunReader.open(runs / "wide") as reader:
        found = report_of(reader, "wide")
    assert len(found.columns) == 100
    assert "only the first 100 columns are described" in found.notes[0]


ODD = {
    "numbers": [{"a": 1e308, "b": -1e-300, "": None, "n": 10**18}, {"a": -1e308, "b": True}],
    "objects": [{"a": {}, "b": [{}], "c": [[1]], "d": {"e": {"f": 1}}}, {"a": [1]}],
    "verdicts": [
        {"verdicts": [{"judge": "a", "ranks": given}, {"judge": "b", "ranks": [2, 1]}]}
        for given in (5, "zz", None)
    ],
    "scores": [{"verdicts": [{"judge": "a", "score": [1]}, {"judge": "b", "score": {}}]}],
    "escapes": [{"x\x00y\x1b": f"a\x00b {place}"} for place in range(30)],
}


@pytest.mark.parametrize("name", ODD)
def test_rows_of_any_kind_are_reported(runs: Path, name: str) -> None:
    declared = {
        "a": {"kind": "category", "values": ["x"], "weights": [0]},
        "b": {"kind": "category", "values": ["x"], "weights": [1, 2]},
        "c": {"kind": "number", "min": "low"},
        "d": None,
    }
    step = {"name": "made", "fields": {"declared": declared}}
    write(runs / name, ODD[name], manifest={"steps": [step]})
    with RunReader.open(runs / name) as reader:
        found = report_of(reader, name)
    assert html_page(found)
    assert markdown_page(found)
    assert found.balance == []


def test_what_was_rejected_before_a_step_over_all_rows_is_counted(runs: Path) -> None:
    filtered, ordered = get_step("filter", keep="n > 2"), get_step("sort", by="n", descending=True)
    run(filtered >> ordered, input=[{"n": n} for n in range(6)], name="ordered")

    with RunReader.open(runs / "ordered") as reader:
        made = report_of(reader, "ordered")
    assert (made.counts.accepted, made.counts.rejected) == (3, 3)
    assert [(one.step, one.rows) for one in made.causes] == [("filter", 3)]
