"""Finding rows: words, values, order and pages, by indexes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.datastructures import QueryParams
from tests.support.viewing import Get, write

from seedbed import RunReader, RunStore, UsageError
from seedbed_view.query import Query, place_text
from seedbed_view.search import Index
from seedbed_view.table import Found, found_page

COLOURS = ("red", "green", "blue")
ROWS = [
    {"text": f"row number {n} naïve", "colour": COLOURS[n % 3], "score": n % 10 / 2, "n": n}
    for n in range(250)
]


@pytest.fixture
def index(runs: Path) -> Index:
    """The index of a run of 250 rows."""
    write(runs / "one", ROWS)
    return indexed(runs / "one")


def indexed(folder: Path) -> Index:
    index = Index(folder / "run.db", "made")
    index.catch_up(60)
    return index


def asked(index: Index, most: int = 50, **given: str) -> Found:
    with RunReader.open(index.path.parent) as reader:
        return found_page(reader, index, "made", Query.of(QueryParams(given)), most)


def numbers(index: Index, **given: str) -> list[int]:
    """Return the numbers of all rows that are found, page after page."""
    found, place = [], {}
    while True:
        page = asked(index, **{**given, **place})
        found += [row.data["n"] for row in page.rows]
        if page.after is None:
            return found
        place = {"at": place_text(page.after)}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, lambda row: True),
        ({"q": "naive"}, lambda row: True),
        ({"q": "number 7"}, lambda row: str(row["n"]).startswith("7")),
        ({"q": '"number 7"'}, lambda row: row["n"] == 7),
        ({"q": '7 AND NOT OR ( " *'}, lambda row: False),
        ({"is.colour": '"red"'}, lambda row: row["colour"] == "red"),
        ({"is.colour": '"red"', "is.score": "2.0"}, lambda row: row["colour"] == "red" and row["score"] == 2),
        ({"q": "number", "is.colour": '"blue"'}, lambda row: row["colour"] == "blue"),
        ({"where": "n > 200 and colour == 'red'"}, lambda row: row["n"] > 200 and row["colour"] == "red"),
        ({"where": "n > 200", "is.colour": '"red"'}, lambda row: row["n"] > 200 and row["colour"] == "red"),
    ],
)
def test_the_rows_that_fit_are_found_in_their_order(index: Index, given: dict[str, str], kept: Any) -> None:
    assert numbers(index, **given) == [row["n"] for row in ROWS if kept(row)]


@pytest.mark.parametrize("down", ["", "1"])
@pytest.mark.parametrize("also", [{}, {"is.colour": '"red"'}, {"q": "naive"}])
def test_rows_are_sorted_by_a_column_and_then_by_their_number(
    index: Index, down: str, also: dict[str, str]
) -> None:
    kept = [row for row in ROWS if "is.colour" not in also or row["colour"] == "red"]
    expected = sorted(kept, key=lambda row: (row["score"], row["n"]), reverse=down == "1")

    assert numbers(index, sort="score", down=down, **also) == [row["n"] for row in expected]


@pytest.mark.parametrize("given", [{}, {"sort": "score"}, {"q": "naive"}, {"sort": "score", "down": "1"}])
def test_the_page_before_is_the_one_that_was_shown(index: Index, given: dict[str, str]) -> None:
    first = asked(index, **given)
    second = asked(index, **given, at=place_text(first.after or ()))
    back = asked(index, **given, at=place_text(second.before or ()), back="1")

    assert first.before is None
    assert [row.seq for row in back.rows] == [row.seq for row in first.rows]
    assert back.before is None
    assert back.after == first.after


def test_no_way_of_asking_scans_the_table(index: Index) -> None:
    ways = [
        {"q": "naive"},
        {"q": "naive", "is.colour": '"red"'},
        {"is.colour": '"red"'},
        {"is.colour": '"red"', "is.score": "2.0"},
        {"sort": "score"},
        {"sort": "score", "down": "1", "is.colour": '"red"'},
    ]
    for given in ways:
        for place in ((), (1.5, 20) if "sort" in given else (20,)):
            plan = index.explained(Query.of(QueryParams(given)), place)
            assert not any("TEMP B-TREE" in line for line in plan), (given, plan)
            scans = [line for line in plan if line.startswith("SCAN") and "VIRTUAL TABLE" not in line]
            assert scans == [], (given, plan)


def test_the_index_follows_a_run_that_goes_on(runs: Path) -> None:
    write(runs / "one", ROWS[:100])
    index = indexed(runs / "one")
    with RunStore.open(runs / "one") as store:
        from seedbed import Result, Verdict

        store.add_result(Result("made", "100", b"", 0, "done", b'[{"text": "the last one", "n": 100}]'))
        store.add_verdict(Verdict("made", 100, "100", "accepted", "made", "100", 0))
        store.flush()
    index.catch_up(60)

    assert index.count() == 101
    assert numbers(index, q="last") == [100]


def test_rows_that_a_later_session_made_again_are_found_by_their_new_words(runs: Path) -> None:
    write(runs / "one", [{"text": "old", "n": 0}])
    index = indexed(runs / "one")
    assert numbers(index, q="old") == [0]

    write(runs / "one", [{"text": "new", "n": 0}])
    index.catch_up(60)

    assert numbers(index, q="old") == []
    assert numbers(index, q="new") == [0]


def test_values_are_counted_unless_there_are_too_many(index: Index) -> None:
    names = ["text", "colour", "score", "n", "none"]
    assert index.facets(names)["colour"] == [("red", 84), ("blue", 83), ("green", 83)]
    assert "n" not in index.facets(names)
    assert index.facets(["n"]) == {}
    assert index.columns(names) == {"colour", "n", "score", "text"}


@pytest.mark.parametrize(
    "given",
    [{"where": "n >"}, {"where": "colourr == 'red'"}, {"is.colour": "red"}, {"at": "{}"}, {"at": "[[1]]"}],
)
def test_what_cannot_be_asked_is_an_error_that_says_why(index: Index, given: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        asked(index, **given)


def test_a_wrong_expression_is_shown_as_a_page(runs: Path, get: Get) -> None:
    write(runs / "one", ROWS[:3])

    answer = get("/runs/one/rows?where=colourr+%3D%3D+1")

    assert answer.status == 400
    assert "colourr" in answer.text
    assert "text, colour, score, n" in answer.text


def test_removing_a_run_removes_its_index(runs: Path, index: Index) -> None:
    from seedbed.store import remove_run

    assert index.path.exists()
    remove_run(runs / "one")
    assert not (runs / "one").exists()


def test_a_condition_can_be_left_out_again() -> None:
    query = Query.of(QueryParams({"is.colour": '"red"', "is.score": "2.0", "q": "tea"}))

    assert query.parameters(values={"colour": None})["is.score"] == "2.0"
    assert "is.colour" not in query.parameters(values={"colour": None})


@pytest.mark.parametrize(
    "asked_for",
    [
        'at=["x"]',
        'at=[0,"y"]',
        "at=[0.5]",
        "at=[true]",
        "at=[1,2,3]",
        "at=[9223372036854775808]",
        "sort=n&at=[1]",
        "at=[1,2]",
        "is.n=[1]",
        "is.n={}",
    ],
)
def test_an_address_that_no_page_has_made_is_an_error(runs: Path, get: Get, asked_for: str) -> None:
    write(runs / "one", ROWS[:3])

    assert get(f"/runs/one/rows?{quote(asked_for, safe='=&')}").status == 400


def test_rows_are_sorted_by_a_column_that_some_have(runs: Path, get: Get) -> None:
    write(runs / "one", [{"n": 2, "text": "tea"}, {"n": None, "text": "milk"}, {"n": 1, "long": "x" * 99}])

    shown = get("/runs/one/rows?sort=n")
    assert shown.status == 200
    assert "sorted by n, without the rows that have no short value there" in shown.text
    for name in ("m", "long", "__proto__", "n' OR 1"):
        refused = get(f"/runs/one/rows?sort={quote(name)}")
        assert refused.status == 400
        assert "no row has a short value in a column" in refused.text


def test_a_value_too_large_for_the_index_is_found(runs: Path, get: Get) -> None:
    write(runs / "one", [{"n": 2**63, "text": "tea"}, {"n": 1, "text": "milk"}])

    text = get(f"/runs/one/rows?is.n={2**63}").text

    assert "<div>tea</div>" in text
    assert "<div>milk</div>" not in text


def test_a_damaged_index_is_made_again(runs: Path, get: Get) -> None:
    write(runs / "one", ROWS[:3])
    (runs / "one" / "run.db.search-made").write_bytes(b"no index" * 1000)

    assert get("/runs/one/rows").status == 200
    assert "row number 1" in get("/runs/one/rows?q=number").text


def test_an_index_whose_inside_is_damaged_is_made_again(runs: Path, get: Get) -> None:
    write(runs / "one", ROWS)
    index = indexed(runs / "one")
    with closing(sqlite3.connect(index.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = index.path.read_bytes()
    index.path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

    get("/runs/one/rows?sort=n")

    assert "row number 1" in get("/runs/one/rows?q=number").text


def test_rows_are_shown_without_an_index_that_cannot_be_opened(runs: Path, get: Get) -> None:
    write(runs / "one", ROWS[:3])
    (runs / "one" / "run.db.search-made").mkdir()

    assert "row number 1" in get("/runs/one/rows").text
    assert get("/runs/one/rows?q=number").status == 400


def test_an_index_that_cannot_be_written_says_so_and_goes_on_later(
    index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(index.path)) as file, file:
        file.execute("DELETE FROM marks WHERE name = 'last'")
        file.execute("DELETE FROM cells")
        file.execute("INSERT INTO words (words) VALUES ('delete-all')")
        file.execute("CREATE TRIGGER full BEFORE INSERT ON cells BEGIN SELECT RAISE(FAIL, 'no room'); END")
    index.catch_up(60)
    index.catch_up(60)

    (said,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert said.endswith("can't be brought up to date: no room")
    with closing(sqlite3.connect(index.path)) as file, file:
        file.execute("DROP TRIGGER full")
    index.catch_up(60)
    assert numbers(index, q="number") == [*range(250)]


def test_a_row_nested_too_deep_for_the_index_does_not_hide_the_others(runs: Path, get: Get) -> None:
    deep: object = "tea"
    for _ in range(900):
        deep = [deep]
    write(runs / "one", [{"text": "tea"}, {"text": "tea"}, {"text": "hot tea"}])
    with closing(sqlite3.connect(runs / "one" / "run.db")) as file, file:
        row = json.dumps([{"text": "tea", "deep": deep}])
        file.execute("UPDATE results SET data = ? WHERE row = '1'", [row])

    index = indexed(runs / "one")

    assert index.count() == 2
    assert "hot" in get("/runs/one/rows?q=hot").text
