"""Tables fit the terminal that they are written to, and are whole elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.cli.conftest import Result
from tests.support.terminal import terminal

from seedbed.cli import invoke
from seedbed.cli.terminal.cell_width import shortened, width_of
from seedbed.cli.terminal.counting import brief_number
from seedbed.cli.terminal.fitting import FittedTable, TableColumn, fitted

Seedbed = Callable[..., Result]

ECHO = ("--llm", "t.py:Echo/m")
LONG = "poems-about-the-seasons-of-the-year-2026-11-27-second-try"
WIDE = "日本語の詩のデータセット"
TITLES = [
    *("NAME", "TASK", "OUTCOME", "ROWS", "FAILED", "REJECTED", "CALLS"),
    *("INPUT TOKENS", "OUTPUT TOKENS", "COST", "STARTED"),
]


@pytest.fixture
def three(seedbed: Seedbed) -> None:
    for name in (LONG, WIDE):
        seedbed("run", "t.py:Haiku", *ECHO, "-n", "3", "--name", name)
    prices = ("--price-input", "10000", "--price-output", "20000")
    seedbed("run", "t.py:Odd", *ECHO, "-n", "8", "--name", "odd", *prices)


@pytest.fixture
def on_terminal(seedbed: Seedbed, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the command on a terminal of so many columns, and returns what it shows."""

    def run(columns: int, *args: str) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        with terminal() as screen:
            assert invoke(args) == 0
        return re.sub(r"\x1b\[[0-9;]*m", "", screen.text)

    return run


@pytest.mark.parametrize("columns", [36, 40, 60, 80, 100, 132, 200])
def test_the_list_of_runs_fits_the_terminal(
    three: None, on_terminal: Callable[..., str], columns: int
) -> None:
    table, _, left_out = on_terminal(columns, "runs").partition("not shown")
    assert max(map(cell_len, table.splitlines())) <= columns
    assert all(word in table for word in ("NAME", "OUTCOME", "ROWS", "odd", "incomplete", "4 of 8"))
    # What is left out is named, where it says anything: no row was rejected.
    shown = {title for title in TITLES if title.split()[0] in table}
    assert shown | set(re.findall(r"[A-Z]{3,}(?: TOKENS)?", left_out)) >= set(TITLES) - {"REJECTED"}


def test_at_eighty_columns_rows_failures_tokens_cost_and_start_are_there(
    three: None, on_terminal: Callable[..., str]
) -> None:
    words = on_terminal(80, "runs").partition("odd")[0].split()
    assert words[:2] == ["INPUT", "OUTPUT"]
    assert words[2:] == ["NAME", "OUTCOME", "ROWS", "FAILED", "TOKENS", "TOKENS", "COST", "STARTED"]


def test_elsewhere_the_list_is_whole_and_each_line_has_as_many_cells(
    seedbed: Seedbed, three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    titles, *lines = (re.split(" {2,}", line.strip()) for line in seedbed("runs").out.splitlines())
    assert titles == TITLES
    assert sorted(line[0] for line in lines) == sorted([LONG, WIDE, "odd"])
    assert {len(line) for line in lines} == {len(titles)}


@pytest.mark.parametrize("columns", [1, 10, 20, 30, 40])
def test_the_list_of_plugins_comes_also_where_no_name_fits(
    folder: Path, on_terminal: Callable[..., str], columns: int
) -> None:
    assert "Tasks that make rows" in on_terminal(columns, "plugins")


@pytest.mark.slow
@given(
    titles=st.lists(st.text("ABC \n", max_size=14), min_size=1, max_size=4),
    cells=st.lists(st.text("ab日", max_size=30), min_size=4, max_size=4),
    width=st.integers(0, 60),
)
def test_names_are_shortened_until_the_table_fits_or_nothing_is_left_to_shorten(
    titles: list[str], cells: list[str], width: int
) -> None:
    columns = tuple(TableColumn(title, name=True) for title in titles)
    table = fitted(FittedTable(columns, [cells[: len(titles)]]), width)
    shortest = [max(8, *map(len, column.title.split("\n"))) for column in table.columns]
    assert table.width() <= width or all(
        found <= least for found, least in zip(table.widths(), shortest, strict=True)
    )


def test_the_list_of_plugins_fits_too(folder: Path, on_terminal: Callable[..., str]) -> None:
    lines = on_terminal(50, "--deny", "seedbed-tasks", "plugins").splitlines()
    assert any("disabled" in line for line in lines)
    assert max(map(len, lines)) <= 50


@pytest.mark.slow
@given(st.text(), st.integers(1, 40))
def test_a_shortened_text_takes_no_more_cells_than_there_are(text: str, width: int) -> None:
    short = shortened(text, width)
    assert width_of(short) <= max(width, 1)
    assert (short == text) is (width_of(text) <= width)


@pytest.mark.parametrize(
    ("number", "brief"),
    [
        ("9,999", "9,999"),
        ("12,345", "12.3k"),
        ("123,456", "123k"),
        ("999,999", "1.00M"),
        ("4 of 8", "4 of 8"),
    ],
)
def test_long_numbers_are_cut_to_three_digits(number: str, brief: str) -> None:
    assert brief_number(number) == brief
