"""A run of 300,000 rows in a real browser: each page is made from a few rows, by the plans of its queries."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from tests.support.browser import PATIENCE, chromium
from tests.support.viewing import write

from seedbed_view import Viewer
from seedbed_view.search import Index

pytestmark = pytest.mark.slow

ROWS = 300_000
MOST_STEPS = 20_000
"""Instructions of SQLite's machine for a page: to look at each row once takes some millions."""
_AT_A_TIME = 1000
COLOURS = ("red", "green", "blue")


class Work:
    """What SQLite has done for pages: the statements, and the instructions of its machine."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.steps = 0

    def watched(self, connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
        """Return a way to connect that counts what is done over the connection."""

        def connected(*given: Any, **options: Any) -> sqlite3.Connection:
            connection = connect(*given, **options)
            connection.set_trace_callback(self.statements.append)
            connection.set_progress_handler(self._count, _AT_A_TIME)
            return connection

        return connected

    def _count(self) -> int:
        self.steps += _AT_A_TIME
        return 0

    def forget(self) -> None:
        self.statements.clear()
        self.steps = 0

    def check(self, files: list[Path]) -> None:
        """Check that little was done, and that no table was read from its beginning to its end."""
        assert self.statements
        assert self.steps <= MOST_STEPS
        for statement in {one for one in self.statements if one.startswith("SELECT")}:
            assert scans_in(statement, files) == [], statement


def scans_in(statement: str, files: list[Path]) -> list[str]:
    """Return the lines of a query's plan that go through a whole table of rows."""
    for file in files:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            try:
                plan = [str(row[-1]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
            except sqlite3.OperationalError:
                continue  # The statement is for the other file.
        of_rows = re.compile(r"SCAN (verdicts|results|calls|cells|counts|[vrcf])\b(?!.*VIRTUAL)")
        return [line for line in plan if of_rows.match(line) or "TEMP B-TREE FOR ORDER" in line]
    pytest.fail(f"no file has the tables of: {statement}")


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """What SQLite does from now on in this process."""
    work = Work()
    monkeypatch.setattr(sqlite3, "connect", work.watched(sqlite3.connect))
    return work


@pytest.fixture
def large(runs: Path) -> list[Path]:
    """The files of a run of 300,000 rows: its database, and its index."""
    write(
        runs / "large",
        ({"text": f"leaf number {n}", "colour": COLOURS[n % 3], "n": n} for n in range(ROWS)),
    )
    index = Index(runs / "large" / "run.db", "made")
    index.catch_up(300)
    assert index.count() == ROWS
    return [runs / "large" / "run.db", index.path]


@pytest.fixture
def page(large: list[Path], viewer: Viewer) -> Iterator[Page]:
    """A page that shows the rows; what is counted once for a run has been counted."""
    with sync_playwright() as playwright, chromium(playwright) as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(viewer.link())
        page.goto(f"http://127.0.0.1:{viewer.port}/runs/large/rows")
        yield page


def test_pages_and_searches_of_a_large_run_look_at_few_rows(
    large: list[Path], work: Work, page: Page, viewer: Viewer
) -> None:
    def done(heading: str) -> None:
        page.get_by_role("row", name=heading).first.wait_for()
        work.check(large)
        work.forget()

    work.forget()
    page.get_by_role("link", name="Next").click()
    done("leaf number 50 ")
    page.get_by_role("link", name="Next").click()
    done("leaf number 100 ")
    page.get_by_role("link", name="Previous").click()
    done("leaf number 50 ")
    page.goto(f"http://127.0.0.1:{viewer.port}/runs/large/rows?at=[299000]")
    done("leaf number 299001 ")
    page.get_by_label("Words").fill('"number 299999"')
    page.keyboard.press("Enter")
    done("leaf number 299999 ")
    page.get_by_label("Words").fill("number")
    page.keyboard.press("Enter")
    done("leaf number 49 ")
    page.get_by_role("link", name="Next").click()
    done("leaf number 99 ")
    page.goto(f"http://127.0.0.1:{viewer.port}/runs/large/rows")
    page.get_by_role("columnheader", name="n", exact=True).get_by_role("link").click()
    page.locator("th[aria-sort=ascending] a").click()
    done("leaf number 299999 ")
    page.get_by_text("Values", exact=True).click()
    page.get_by_role("link", name="green", exact=True).click()
    done("leaf number 299998 ")
    page.get_by_role("row", name="leaf number 299998 ").get_by_role("link").click()
    page.get_by_role("heading", name="row 299998: accepted").wait_for()
