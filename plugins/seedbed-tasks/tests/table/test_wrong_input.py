"""What doesn't fit is refused when a table is made, with the column and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seedbed import ParameterError, UsageError, get_task, run

CASES: list[tuple[dict[str, Any], str]] = [
    ({"x": {"kind": "nummber"}}, "column 'x' has no kind 'nummber'; did you mean 'number'?"),
    ({"x": {"values": [1]}}, "column 'x' says no `kind`; kinds are category"),
    ({"x": 5}, "column 'x' is described by `kind` and its parameters"),
    ({"_x": {"kind": "uuid"}}, "'_x' can't name a column"),
    ({}, "columns: must have at least 1 item, not 0"),
    # category
    (
        {"x": {"kind": "category", "values": []}},
        "columns.x.values: must have at least 1 item, not 0",
    ),
    ({"x": {"kind": "category", "values": ["a", "b"], "weights": [1]}}, "there are 2 values, but 1 weights"),
    ({"x": {"kind": "category", "values": ["a"], "weights": [0]}}, "weights are 0 or more, and not all 0"),
    ({"x": {"kind": "category", "values": ["a", "a"]}}, "the value 'a' is there 2 times: give it a weight"),
    ({"x": {"kind": "category", "valuse": ["a"]}}, "no parameter 'valuse'; did you mean 'values'?"),
    # subcategory
    (
        {"x": {"kind": "subcategory", "of": "y", "values": {"a": ["b"]}}},
        "column 'x' reads 'y', but there is no",
    ),
    ({"x": {"kind": "subcategory", "of": "y", "values": {"a": []}}}, "there are no values for 'a'"),
    (
        {
            "x": {"kind": "subcategory", "of": "kind", "values": {"a": ["b"], "cc": ["d"]}},
            "kind": {"kind": "category", "values": ["a", "c"]},
        },
        "column 'x': there are no values for 'c', a value of 'kind'",
    ),
    (
        {
            "x": {"kind": "subcategory", "of": "kind", "values": {"cat": ["b"], "catt": ["d"]}},
            "kind": {"kind": "category", "values": ["cat"]},
        },
        "column 'x': 'kind' never has the value 'catt'; did you mean 'cat'?",
    ),
    (
        {"x": {"kind": "subcategory", "of": "y", "values": {"a": ["b"]}, "weights": {"b": [1]}}},
        "`weights` has 'b', which `values` doesn't have",
    ),
    # number
    ({"x": {"kind": "number", "min": 1}}, "a uniform distribution needs `max`"),
    ({"x": {"kind": "number", "min": 3, "max": 1}}, "min is 3, which is more than max (1)"),
    ({"x": {"kind": "number", "min": 0, "max": 1, "std": 1}}, "a uniform distribution has no `std`"),
    ({"x": {"kind": "number", "distribution": "normal", "mean": 0, "std": -1}}, "must be more than 0"),
    ({"x": {"kind": "number", "distribution": "norml"}}, "columns.x.distribution: must be"),
    (
        {"x": {"kind": "number", "min": 0.2, "max": 0.4, "integer": True}},
        "no whole number between min and max",
    ),
    ({"x": {"kind": "number", "distribution": "poisson", "mean": 0}}, "the mean of a poisson distribution"),
    (
        {"x": {"kind": "number", "distribution": "normal", "mean": 0, "std": 1, "min": 30}},
        "hardly any number of the distribution lies between min and max",
    ),
    ({"x": {"kind": "number", "distribution": "mixture"}}, "a mixture distribution needs `parts`"),
    (
        {"x": {"kind": "number", "distribution": "mixture", "parts": [{"distribution": "mixture"}]}},
        "columns.x.parts.0: a mixture distribution needs `parts`",
    ),
    ({"x": {"kind": "number", "min": float("nan"), "max": 1}}, "finite number"),
    # date
    ({"x": {"kind": "date"}}, "give `start` and `end`, or `after` with `at_most`"),
    ({"x": {"kind": "date", "start": "2024-02-01", "end": "2024-01-01"}}, "start is later than end"),
    ({"x": {"kind": "date", "start": "yesterday", "end": "2024-01-01"}}, "columns.x.start"),
    (
        {"x": {"kind": "date", "start": "2024-01-02", "end": "2024-01-30", "granularity": "month"}},
        "no month begins between start and end",
    ),
    ({"x": {"kind": "date", "start": "2024-01-01T00:00Z", "end": "2024-01-30"}}, "the time without a zone"),
    (
        {"x": {"kind": "date", "start": "2024-01-01", "end": "2024-02-01", "format": "d.m.Y"}},
        "parts such as %Y",
    ),
    ({"x": {"kind": "date", "after": "y"}}, "with `after`, `at_most` says"),
    (
        {"x": {"kind": "date", "after": "y", "at_most": 10**7}},
        "no date is 10000000 days after",
    ),
    ({"x": {"kind": "date", "after": "y", "at_least": -(10**30), "at_most": 1}}, "years end at 9999"),
    # uuid
    ({"x": {"kind": "uuid", "digits": 4}}, "must be 8 or more"),
    ({"x": {"kind": "uuid", "prefx": "a"}}, "no parameter 'prefx'; did you mean 'prefix'?"),
    ({"x": {"kind": "uuid", "prefix": 7}}, "columns.x.prefix: must be text"),
    # person
    ({"x": {"kind": "person", "locale": "dee"}}, "there is no locale 'dee'; did you mean 'de"),
    ({"x": {"kind": "person", "part": "shoe"}}, "columns.x.part: must be 'name'"),
    ({"x": {"kind": "person", "sex": "f"}}, "columns.x.sex: must be 'female' or 'male'"),
    ({"x": {"kind": "person", "balance": True}}, "`balance` is for categories, numbers and dates"),
    # from
    ({"x": {"kind": "from"}}, "columns.x.file: this field is required"),
    ({"x": {"kind": "from", "file": "a.csv", "order": "random"}}, "columns.x.order"),
    ({"x": {"kind": "from", "file": "a.csv", "order": "file", "weights": "w"}}, "aren't drawn"),
    # expression
    ({"x": {"kind": "expression", "expression": "1 +"}}, "'1 +' is not an expression"),
    ({"x": {"kind": "expression"}}, "columns.x.expression: this field is required"),
    (
        {"x": {"kind": "expression", "expression": "y + 1"}},
        "column 'x' reads 'y', but there is no such column",
    ),
    # when
    ({"x": {"kind": "uuid", "when": {"a b": {}}}}, "`when` has conditions over other columns"),
    ({"x": {"kind": "uuid", "when": {"y > 1": {"prefix": "a"}}}}, "column 'x' reads 'y'"),
    (
        {"x": {"kind": "number", "min": 0, "max": 1, "when": {"y > 1": {"min": 2}}}},
        "when 'y > 1': min is 2, which is more than max (1)",
    ),
    ({"x": {"kind": "uuid", "when": {"y": {"kind": "number"}}}}, "'kind' is the same for all rows"),
]


@pytest.mark.parametrize(("columns", "said"), CASES)
def test_a_column_that_does_not_fit_is_named_with_what_is_wrong(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        get_task("table", columns=columns)

    assert said in "\n".join([caught.value.fact, *caught.value.advice])


TWO = {"price": {"kind": "number", "min": 0, "max": 1}, "total": {"kind": "number", "min": 0, "max": 1}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"constraints": ["price <"]}, "'price <' is not an expression"),
        (
            {"constraints": ["pricee < total"]},
            "reads 'pricee', but there is no such column; did you mean 'price'?",
        ),
        ({"max_redraws": -1}, "max_redraws: must be 0 or more"),
        ({"rows": 0}, "rows: must be 1 or more"),
        (
            {"template": "Write {{ x }}"},
            "a table has no `template`: its columns have parameters of their own",
        ),
        ({"num_generations": 2}, "a table has no `num_generations`"),
        ({"colums": {}}, "there is no such field; did you mean 'columns'?"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        get_task("table", **{"columns": TWO, **given})

    assert said in "\n".join([caught.value.fact, *caught.value.advice])


def test_columns_that_read_each_other_are_named() -> None:
    columns = {
        "a": {"kind": "expression", "expression": "b + 1"},
        "b": {"kind": "expression", "expression": "c + 1"},
        "c": {"kind": "number", "min": 0, "max": 1, "when": {"a > 1": {"max": 3}}},
    }
    with pytest.raises(ParameterError) as caught:
        get_task("table", columns=columns)

    assert "columns read each other in a circle: 'a' -> 'b' -> 'c' -> 'a'" in "\n".join(caught.value.advice)


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        (None, {}, "there is no file"),
        ("", {}, "has no rows"),
        ("name,n\nAda,1\n", {"column": "nmae"}, "has no column 'nmae'"),
        ("name,n\nAda,1\n", {"weights": "name"}, "the weights in 'name' are not all numbers"),
        ("name,n\nAda,-1\n", {"weights": "n"}, "the weights in 'n' don't fit"),
        ("name,n\nAda,1\n", {"unique": True}, "has 1 values, but the run wants 2 rows"),
    ],
)
def test_a_file_that_does_not_fit_ends_the_run_before_its_first_row(
    text: str | None, given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    if text is not None:
        file.write_text(text)
    task = get_task("table", columns={"x": {"kind": "from", "file": str(file), **given}})

    with pytest.raises(UsageError) as caught:
        run(task, n=2)

    assert caught.value.fact.startswith("column 'x': ")
    assert said in caught.value.fact


def test_a_date_that_is_no_date_fails_its_row(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text('{"d": "2024-01-01"}\n{"d": "1.2.24"}\n')
    columns = {
        "d": {"kind": "from", "file": str(tmp_path / "d.jsonl"), "column": "d", "order": "file"},
        "after": {"kind": "date", "after": "d", "at_least": 2, "at_most": 2},
    }

    found = run(get_task("table", columns=columns), n=2)

    assert [row["after"] for row in found.rows()] == ["2024-01-03"]
    assert "'d' is '1.2.24', not a date in ISO 8601" in next(iter(found.failures)).reason
