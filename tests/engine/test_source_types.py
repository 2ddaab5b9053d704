"""Columns of sources are known before a run: a step that reads another one, or another type, is found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from seedbed import (
    BrokenPluginError,
    GeneratorStep,
    Row,
    SeedbedError,
    UsageError,
    get_step,
    types_of_rows,
)
from seedbed.cli import invoke
from seedbed.engine.plan_making import make_plan
from seedbed.tasks.base_step import BaseStep


class Poems(GeneratorStep):
    finite: ClassVar[bool] = True
    types: dict[str, Any] | None = None

    def process(self, offset: int = 0) -> Any:
        raise AssertionError("no row is made before the run")

    def column_types(self) -> Mapping[str, Any] | None:
        return self.types


def checked(source: BaseStep, keep: str) -> None:
    make_plan(source >> get_step("filter", keep=keep))


def test_a_source_says_what_columns_it_has() -> None:
    checked(Poems(types={"text": str, "n": int | None}), "n > 3 and text == 'a'")
    checked(Poems(), "whatever > 3")
    with pytest.raises(UsageError, match=r"reads a column 'm', but what 'poems' makes doesn't have it"):
        checked(Poems(types={"text": str}), "m > 3")
    with pytest.raises(UsageError, match=r"compares column 'text' of what 'poems' makes with 3 by >"):
        checked(Poems(types={"text": str}), "text > 3")


def test_columns_are_known_by_their_final_names() -> None:
    source = Poems(types={"text": str}, output_mappings={"text": "poem"})
    with pytest.raises(UsageError, match="compares column 'poem'"):
        checked(source, "poem > 3")
    with pytest.raises(UsageError, match="reads a column 'text'"):
        checked(source, "text == 'a'")


def test_types_that_are_no_dictionary_are_named_as_a_mistake_of_the_source() -> None:
    class Odd(Poems):
        def column_types(self) -> Any:
            return ["text"]

    with pytest.raises(BrokenPluginError, match="`column_types` returned a list"):
        checked(Odd(), "text == 'a'")


@pytest.mark.parametrize(
    ("rows", "types"),
    [
        ([], None),
        ([{"n": 1}, {"n": None}, {"n": 2, "m": "a"}], {"n": int | None, "m": str}),
        ([{"n": [1]}], {"n": None}),
        ([{"n": 1}] * 101, {"n": None}),
        # A later row may have other columns, if the first ones differ.
        ([{"n": 1}] * 100 + [{"m": 1}], {"n": None}),
        ([{"n": 1}] * 50 + [{"m": 1}] * 51, None),
    ],
)
def test_a_few_rows_tell_the_columns_of_all(rows: list[Row], types: Mapping[str, Any] | None) -> None:
    assert types_of_rows(iter(rows)) == types


def rows_of(folder: Path) -> BaseStep:
    return get_step("rows", rows=[{"text": "a", "n": 1}, {"text": "b", "n": None}])


def texts_of(folder: Path) -> BaseStep:
    (folder / "a.md").write_text("---\nn: 1\n---\na")
    return get_step("text", path=str(folder))


def documents_of(folder: Path) -> BaseStep:
    (folder / "a.html").write_text("<p>a")
    return get_step("documents", path=str(folder), output_mappings={"title": "m"}, on_error="keep")


def table_of(folder: Path) -> BaseStep:
    (folder / "a.csv").write_text("text,n\na,1\n")
    return get_step("sql", query="SELECT text, n FROM a -- all", tables={"a": str(folder / "a.csv")})


def database_of(folder: Path) -> BaseStep:
    with sqlite3.connect(folder / "a.sqlite") as made:
        made.execute("CREATE TABLE IF NOT EXISTS a (text, n)")
    made.close()
    return get_step("sql", query="SELECT text, n FROM a; -- all", database=str(folder / "a.sqlite"))


@pytest.mark.parametrize("source", [rows_of, texts_of, documents_of, table_of, database_of])
def test_named_sources_know_their_columns(source: Any, tmp_path: Path) -> None:
    checked(source(tmp_path), "text == 'a'")
    with pytest.raises(UsageError, match=r"reads a column 'texts', but what '.*' makes doesn't have it"):
        checked(source(tmp_path), "texts == 'a'")


@pytest.mark.parametrize("source", [rows_of, texts_of, documents_of, table_of])
def test_named_sources_know_the_types_of_their_columns(source: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"compares column 'text' .* its type is string"):
        checked(source(tmp_path), "text > 3")


@pytest.mark.parametrize(
    ("query", "fact"),
    [
        ("SELEC text", 'near "SELEC": syntax error'),
        ("DELETE FROM a", "not authorized"),
        ("-- nothing", "the query is not one SELECT"),
        ("SELECT nix FROM a", "no such column: nix"),
    ],
)
def test_a_query_that_cannot_be_answered_is_found_before_the_run(
    query: str, fact: str, tmp_path: Path
) -> None:
    database_of(tmp_path)
    with pytest.raises(SeedbedError, match=fact):
        checked(get_step("sql", query=query, database=str(tmp_path / "a.sqlite")), "text == 'a'")


def test_check_finds_wrong_columns_of_files_that_are_joined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "l.jsonl").write_text('{"k": 1, "text": "a"}\n')
    (tmp_path / "r.csv").write_text("k,score\n1,2\n")
    (tmp_path / "two.yaml").write_text(
        "steps:\n"
        "  - {use: jsonl, name: left, with: {path: l.jsonl}}\n"
        "  - {use: csv, name: right, after: [], with: {path: r.csv}}\n"
        "  - {use: filter, name: good, with: {keep: score > 1}}\n"
        '  - {use: join, after: [left, good], with: {"on": [k]}}\n'
        "  - {use: filter, name: last, with: {keep: txet == 'a'}}\n"
    )
    assert invoke(["check", str(tmp_path / "two.yaml"), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    facts = [one["fact"] for one in found["mistakes"]]
    assert [one["line"] for one in found["mistakes"]] == [4, 6]
    assert "compares column 'score'" in facts[0]
    assert "reads a column 'txet'" in facts[1]


def test_check_looks_for_the_files_of_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "q.yaml").write_text(
        "steps:\n  - use: sql\n    with: {query: SELECT 1, tables: {a: none.csv}}\n  - {use: pass}\n"
    )
    assert invoke(["check", str(tmp_path / "q.yaml")]) == 2
    assert "q.yaml:3:41: 'none.csv': there is no file" in capsys.readouterr().out
