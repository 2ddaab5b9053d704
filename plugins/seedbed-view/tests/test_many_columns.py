"""Rows with thousands of columns, and cells of megabytes: what is drawn is bounded, and the rest is named."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from tests.support.viewing import Get, write

WIDE = [{f"c{number}": f"v{number}" for number in range(10_000)} for _ in range(3)]


def test_the_first_columns_are_drawn_and_the_others_are_counted(runs: Path, get: Get) -> None:
    write(runs / "wide", WIDE)

    page = get("/runs/wide/rows").text

    assert len(page) < 100_000
    assert "9,970 of 10,000 columns are left out" in page
    assert "<div>v29</div>" in page
    assert "<div>v30</div>" not in page


def test_columns_are_picked_and_stay_picked_on_the_next_page(runs: Path, get: Get) -> None:
    write(runs / "wide", [{f"c{number}": n for number in range(40)} for n in range(60)])

    page = get("/runs/wide/rows?column=c35&column=&column=c2&column=nothing").text
    (after,) = re.findall(r'rel="next" href="([^"]*)"', page)

    for shown in (page, get(html.unescape(after)).text):
        titles = re.findall(r"<th scope=\"col\">(?:<a [^>]*>)?([^<]*)", shown)
        assert titles == ["Row", "c35", "c2", "nothing"]


def test_a_row_of_many_columns_is_cut_and_can_be_had_whole(runs: Path, get: Get) -> None:
    write(runs / "wide", WIDE)

    page = get("/runs/wide/row?id=0").text
    (whole,) = re.findall(r'9,900 columns more: <a href="([^"]*)"', page)

    assert len(page) < 200_000
    assert json.loads(get(html.unescape(whole)).text) == WIDE[:1]


@pytest.mark.slow
def test_an_unknown_column_is_an_error_that_names_some(runs: Path, get: Get) -> None:
    write(runs / "wide", WIDE)

    text = get("/runs/wide/rows?where=nothing+%3E+1").text

    assert "c49 and 9,950 others" in text


@pytest.mark.slow
@pytest.mark.parametrize("value", ["x" * 2_000_000, ["x" * 20] * 100_000, {"a": {"b": "y" * 2_000_000}}])
def test_a_cell_of_megabytes_shows_its_beginning(runs: Path, get: Get, value: object) -> None:
    write(runs / "long", [{"cell": value}])

    assert len(get("/runs/long/rows").text) < 20_000
    assert len(get("/runs/long/row?id=0").text) < 60_000
