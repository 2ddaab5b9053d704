from __future__ import annotations

import pytest

from seedbed import InvalidRowError
from seedbed.pipeline.joins.join_rows import join_rows
from seedbed.pipeline.topology import Merge

JOIN = Merge("join", "fork")


def test_a_joined_row_has_the_columns_of_the_fork_and_of_each_branch() -> None:
    fork = {"id": 1, "text": "t"}
    branches = {"b": [{**fork, "x": 1}], "c": [{**fork, "y": 2}]}

    (row,) = join_rows(JOIN, fork, branches)

    assert row == {"id": 1, "text": "t", "x": 1, "y": 2}
    assert list(row) == ["id", "text", "x", "y"]


@pytest.mark.parametrize("order", [("b", "c"), ("c", "b")])
def test_a_changed_column_beats_an_unchanged_one_in_any_order(order: tuple[str, str]) -> None:
    fork = {"text": "old"}
    made = {"b": [{"text": "new"}], "c": [{"text": "old"}]}

    assert join_rows(JOIN, fork, {name: made[name] for name in order}) == [{"text": "new"}]


def test_the_branch_that_makes_several_rows_gives_their_order() -> None:
    branches = {"b": [{"x": 1}, {"x": 2}, {"x": 3}], "c": [{"y": 0}]}

    assert [row["x"] for row in join_rows(JOIN, {}, branches)] == [1, 2, 3]
    assert [row["x"] for row in join_rows(JOIN, {}, dict(reversed(branches.items())))] == [1, 2, 3]


def test_a_branch_without_rows_leaves_none() -> None:
    assert join_rows(JOIN, {}, {"b": [{"x": 1}, {"x": 2}], "c": []}) == []


def test_two_branches_that_make_several_rows_cannot_be_joined() -> None:
    rows = [{}, {}]

    with pytest.raises(InvalidRowError, match="'b' and 'c' both made several rows from one row"):
        join_rows(JOIN, {}, {"b": rows, "c": rows})


@pytest.mark.parametrize("values", [("one", "two"), (1, True), (1, 1.0), (None, False)])
def test_two_values_for_one_column_fail_the_row(values: tuple[object, object]) -> None:
    branches = {"b": [{"x": values[0]}], "c": [{"x": values[1]}]}

    with pytest.raises(InvalidRowError, match="'b' and 'c' gave column 'x' different values"):
        join_rows(JOIN, {}, branches)


def test_a_value_that_both_branches_have_made_stands_once() -> None:
    assert join_rows(JOIN, {}, {"b": [{"x": [1]}], "c": [{"x": [1]}]}) == [{"x": [1]}]


def test_a_column_that_a_branch_drops_stays_where_another_keeps_it() -> None:
    fork = {"text": "t", "raw": "r"}

    assert join_rows(JOIN, fork, {"b": [{"x": 1}], "c": [{"text": "t"}]}) == [{"x": 1, "text": "t"}]


def test_model_names_are_renamed_and_that_of_the_fork_stays() -> None:
    merge = Merge(
        "join",
        "fork",
        {"c": {"model_name": "c_model_name"}},
    )
    branches = {"b": [{"model_name": "big", "id": 1}], "c": [{"model_name": "small", "id": 1}]}
    assert join_rows(merge, {"id": 1}, branches) == [{"model_name": "big", "c_model_name": "small", "id": 1}]

    fork = {"model_name": "fork", "id": 1}
    branches = {"b": [{**fork, "b_model_name": "big"}], "c": [{**fork, "c_model_name": "small"}]}
    assert join_rows(merge, fork, branches) == [{**fork, "b_model_name": "big", "c_model_name": "small"}]
