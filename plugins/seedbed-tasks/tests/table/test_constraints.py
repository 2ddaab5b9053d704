"""Constraints hold in every row, and exact shares, unique values and covered pairs are exact."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.support.lazy_module import lazy_module

from seedbed import Expression, ParameterError, Reject, UsageError, run
from seedbed_tasks.table import Category, Computed, Date, From, Number, Subcategory, Table, Uuid
from seedbed_tasks.table.linear import linear_parts

stats = lazy_module("scipy.stats")


def made(columns: dict[str, Any], count: int = 300, seed: int = 3, **parameters: Any) -> list[dict[str, Any]]:
    table = Table(columns=columns, **parameters)
    return [table.variables(index, seed) for index in range(count)]


NUMBERS = st.builds(
    lambda low, width, decimals, kind: Number(
        **(
            {"min": low, "max": low + width}
            if kind == "uniform"
            else {"distribution": "normal", "mean": low, "std": width + 0.5}
        ),
        decimals=decimals,
    ),
    st.integers(-20, 20),
    st.integers(1, 30),
    st.sampled_from([None, 0, 1, 2]),
    st.sampled_from(["uniform", "normal"]),
)
SIDES = st.sampled_from(["a", "b", "c", "a + 1", "2 * b", "c - 0.5", "a / 3", "-b", "5", "0.3 + a"])


@pytest.mark.slow
@settings(deadline=None)
@given(
    columns=st.fixed_dictionaries(dict.fromkeys("abc", NUMBERS)),
    constraints=st.lists(
        st.builds("{} {} {}".format, SIDES, st.sampled_from(["<", "<=", ">", ">="]), SIDES),
        min_size=1,
        max_size=3,
    ),
)
def test_constraints_hold_in_every_row(columns: dict[str, Number], constraints: list[str]) -> None:
    assume(all(Expression(text).columns for text in constraints))
    table = Table(columns=columns, constraints=constraints, max_redraws=30)

    for index in range(40):
        try:
            row = table.variables(index, 1)
        except Reject:
            continue
        assert all(Expression(text).holds(row) for text in constraints)
        for name, column in columns.items():
            assert column.min is None or row[name] >= column.min
            assert column.max is None or row[name] <= column.max
            if column.decimals is not None:
                assert round(row[name], column.decimals) == row[name]


def test_a_comparison_is_solved_where_drawing_again_would_hardly_ever_meet_it() -> None:
    rows = made(
        {"low": Number(min=0, max=1000), "high": Number(min=0, max=1001)},
        constraints=["low < high", "low + 0.001 > high"],
        max_redraws=0,
    )

    assert all(row["low"] < row["high"] < row["low"] + 0.001 for row in rows)


def test_the_column_named_first_keeps_its_distribution_and_the_other_what_is_left_of_its_own() -> None:
    rows = made(
        {"first": Number(min=0, max=1), "second": Number(distribution="normal", mean=0, std=1)},
        count=4000,
        constraints=["first <= second"],
    )

    assert stats.kstest([row["first"] for row in rows], stats.uniform(0, 1).cdf).pvalue > 1e-4
    near = [row["second"] for row in rows if row["first"] < 0.05]
    assert stats.kstest(near, stats.truncnorm(0.025, 99).cdf).pvalue > 1e-4


def test_a_constraint_leaves_all_other_columns_as_they_are() -> None:
    columns = {name: Number(min=0, max=9, integer=True) for name in ("a", "b", "c")}
    free, bound = made(columns), made(columns, constraints=["(a + b) % 2 == 0"])

    assert [row["c"] for row in free] == [row["c"] for row in bound]
    same = [x for x, y in zip(free, bound, strict=True) if (x["a"] + x["b"]) % 2 == 0 and x == y]
    assert len(same) == sum((row["a"] + row["b"]) % 2 == 0 for row in free)


def test_columns_made_from_those_drawn_again_follow_them() -> None:
    rows = made(
        {
            "kind": Category(values=["a", "b"]),
            "part": Subcategory(of="kind", values={"a": ["a1", "a2"], "b": ["b1", "b2"]}),
            "shout": Computed(expression="part | upper"),
            "n": Number(min=0, max=10, integer=True),
        },
        constraints=["shout != 'A1'", "kind == 'a' or n > 8"],
    )

    assert all(row["part"][0] == row["kind"] and row["shout"] == row["part"].upper() for row in rows)
    assert {row["shout"] for row in rows} == {"A2", "B1", "B2"}
    assert all(row["n"] > 8 for row in rows if row["kind"] == "b")


def test_a_column_that_only_follows_those_drawn_again_keeps_its_own_numbers() -> None:
    columns = {
        "n": Number(min=0, max=9, integer=True),
        "x": Number(min=0, max=1, when={"n > 100": {"max": 2}}),
    }

    free, bound = made(columns), made(columns, constraints=["n % 2 == 0"])

    assert [row["x"] for row in free] == [row["x"] for row in bound]
    assert [row["n"] for row in free] != [row["n"] for row in bound]


def test_dates_are_ordered_without_drawing_again() -> None:
    days = Date(start="2024-01-01", end="2024-01-10")
    rows = made({"start": days, "end": days}, constraints=["start < end"], count=600)

    assert all(row["start"] < row["end"] for row in rows)
    months = Date(start="2024-01-01", end="2024-06-01", granularity="month")
    mixed = made({"start": months, "end": days}, constraints=["start <= end"])
    assert {row["start"] for row in mixed} == {"2024-01-01"}


@pytest.mark.slow
def test_a_row_that_cannot_be_drawn_is_rejected_with_the_constraint() -> None:
    columns = {"a": Number(min=0, max=1), "b": Category(values=[1, 2])}

    found = run(Table(columns=columns, constraints=["a > b"]), n=2, max_attempts=4)
    assert (found.accepted, dict(found.rejections)) == (0, {"no values drawn meet a > b": 4})


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a <= b", 1),
        ("1 < a < b + 2", 2),
        ("a <= b and b * 2 >= -c / 3", 2),
        ("a == b", None),
        ("a * b < 2", None),
        ("a < b or a > 3", None),
        ("a | abs < 3", None),
        ("1 < 2", None),
        ("a / 0 < b", None),
        ("not a < b", None),
        ("(a", None),
    ],
)
def test_linear_inequalities_are_recognised_and_nothing_else(text: str, count: int | None) -> None:
    parts = linear_parts(text)

    assert (
        None
        if parts is None
        or any(p.constant != p.constant or any(v != v for v in p.terms.values()) for p in parts)
        else len(parts)
    ) == count


@pytest.mark.slow
def test_balanced_categories_come_exactly_as_often_as_declared() -> None:
    columns = {
        "x": Category(values=["a", "b", "c"], weights=[5, 3, 2], balance=True),
        "y": Category(values=["p", "q"], balance=True),
        "n": Number(min=0, max=10, balance=True),
    }

    rows = list(run(Table(columns=columns), n=1000, seed=4).rows())

    assert Counter(row["x"] for row in rows) == {"a": 500, "b": 300, "c": 200}
    assert Counter(row["y"] for row in rows) == {"p": 500, "q": 500}
    assert Counter(int(row["n"]) for row in rows) == dict.fromkeys(range(10), 100)
    pairs = Counter((row["x"], row["y"]) for row in rows)
    assert (
        stats.chisquare([pairs[x, y] for x in "abc" for y in "pq"], [250, 250, 150, 150, 100, 100]).pvalue
        > 1e-4
    )


@pytest.mark.slow
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any), st.integers(1, 90), st.integers(0, 9))
@settings(deadline=None)
def test_balance_is_exact_for_any_weights_and_number_of_rows(
    weights: list[int], rows: int, seed: int
) -> None:
    column = Category(values=list(range(len(weights))), weights=weights, balance=True)
    counts = Counter(row["x"] for row in made({"x": column}, rows, seed, rows=rows))

    assert all(abs(counts[k] - weight / sum(weights) * rows) < 1 for k, weight in enumerate(weights))


@pytest.mark.slow
def test_balance_keeps_its_values_when_a_run_is_extended_over_rows_that_were_planned(tmp_path: Any) -> None:
    columns = {"x": Category(values=["a", "b"], balance=True)}
    first = list(run(Table(columns=columns, rows=100), n=30).rows())
    whole = list(run(Table(columns=columns, rows=100), n=100).rows())

    assert whole[:30] == first
    assert Counter(row["x"] for row in whole) == {"a": 50, "b": 50}
    with pytest.raises(UsageError, match="over how many rows"):
        Table(columns=columns).variables(0)


@pytest.mark.slow
def test_unique_columns_have_each_value_once(tmp_path: Any) -> None:
    (tmp_path / "f.jsonl").write_text("\n".join(f'{{"k": {k}}}' for k in range(40)))
    columns = {
        "a": Category(values=list(range(40)), unique=True),
        "b": Number(min=1, max=40, integer=True, unique=True),
        "c": Date(start="2024-01-01", end="2024-02-09", unique=True),
        "d": From(file=str(tmp_path / "f.jsonl"), column="k", unique=True),
        "e": Number(min=0, max=1, unique=True),
        "f": Number(min=0, max=0.39, decimals=2, unique=True),
        "g": Uuid(unique=True),
    }

    rows = list(run(Table(columns=columns), n=40).rows())

    assert all(len({row[name] for row in rows}) == 40 for name in columns)
    assert [row["a"] for row in rows] != sorted(row["a"] for row in rows)


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_run_that_wants_more_rows_than_there_are_unique_values_says_so(name: str) -> None:
    columns = {
        "a": Category(values=[1, 2], unique=True),
        "b": Number(min=1, max=2, integer=True, unique=True),
    }

    with pytest.raises(UsageError, match=rf"column '{name}': .*2 values, but the run wants 3 rows"):
        run(Table(columns={name: columns[name]}), n=3)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (lambda: Category(values=["a"], balance=True, unique=True), "either `balance` or `unique`"),
        (lambda: Category(values=["a"], weights=[1], unique=True), "can't be combined with `weights`"),
        (lambda: Category(values=["a"], balance=True, when={"x": {"values": ["b"]}}), "`when`"),
        (lambda: Number(distribution="normal", mean=0, std=1, unique=True), "needs a uniform distribution"),
    ],
)
def test_what_excludes_each_other_is_refused(column: Any, said: str) -> None:
    with pytest.raises((ParameterError, ValidationError), match=said):
        column()


def test_a_constraint_over_columns_that_keep_their_values_is_refused() -> None:
    with pytest.raises(ParameterError, match="no column that could be drawn again"):
        Table(columns={"x": Category(values=[1, 2], balance=True)}, constraints=["x > 1"])
