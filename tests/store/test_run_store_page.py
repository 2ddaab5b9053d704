"""The reference page on runs says what is in the file."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from tests.support.run_samples import refusal, result, verdict

from seedbed.store import RunStore
from seedbed.store.run_schema import APPLICATION_ID, schema_version

PAGE = (Path(__file__).parents[2] / "docs/reference/run-store.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def make_run(folder: Path) -> None:
    with RunStore.open(folder) as store:
        store.add_result(result(1, {"question": "Why?"}))
        store.add_verdict(verdict(0, row=1)._replace(leaf="qa-pairs"))
        store.add_verdict(verdict(0, row=1)._replace(leaf="jokes"))
        store.add_result(refusal(2, "failed", reason="down"))


def test_the_page_names_every_table_view_and_column(tmp_path):
    make_run(tmp_path)
    connection = sqlite3.connect(tmp_path / "run.db")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"):
        assert f"**{name}**" in PAGE
        for column in connection.execute(f"SELECT name FROM pragma_table_info('{name}')"):
            assert re.search(rf"`{column[0]}`", PAGE), f"{name}.{column[0]}"
    connection.close()
    assert f"version {schema_version()} " in PAGE
    assert f"{APPLICATION_ID:#x}" in PAGE


def test_the_queries_of_the_page_find_what_it_says(tmp_path):
    make_run(tmp_path)
    connection = sqlite3.connect(tmp_path / "run.db")
    found = [connection.execute(query).fetchall() for query in blocks("sql")[0].strip().splitlines()]
    connection.close()
    assert found == [[("Why?",)], [("down", 1)], []]


def test_the_program_of_the_page_runs(tmp_path, monkeypatch, capsys):
    make_run(tmp_path / "runs/jokes")
    monkeypatch.chdir(tmp_path)
    exec(blocks("python")[0], {})
    assert "Why?" in capsys.readouterr().out
