"""What people say about rows: kept next to the run, by many at once, of the text that they saw."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from seedbed import Result, RunReader, RunStore, UsageError, Verdict
from seedbed.store import remove_run
from seedbed.store.ratings.people_ratings import KeptCalibration, Ratings
from seedbed.store.ratings.rated_rows import RatedRows


def write(folder: Path, *texts: str, **more: object) -> None:
    """Write a run whose step `made` has accepted a row with each text, after one that was rejected."""
    with RunStore.open(folder) as store:
        store.begin_session({"task": "made", "leaf": "made", "steps": []})
        store.add_result(Result("made", "0", b"", 0, "rejected", b"[]", b"[]"))
        store.add_verdict(Verdict("made", 0, "0", "rejected", "made", "0", 0))
        for place, text in enumerate(texts, 1):
            data = json.dumps([{"text": text, **more}]).encode()
            store.add_result(Result("made", str(place), b"", 0, "done", data))
            store.add_verdict(Verdict("made", place, str(place), "accepted", "made", str(place), 0))
        store.end_session("complete", {})


@pytest.fixture
def folder(runs: Path) -> Path:
    write(runs / "one", "tea", "milk", "salt", score=2)
    return runs / "one"


@pytest.fixture
def ratings(folder: Path) -> Iterator[Ratings]:
    with RunReader.open(folder) as reader:
        yield Ratings(reader, "made")


def test_what_is_not_said_again_stays_and_an_empty_text_removes(ratings: Ratings) -> None:
    ratings.rate("1", "good", rater="ada", note="warm")
    ratings.rate("1", "bad", rater="ada")
    ratings.rate("1", "", rater="bo", label="drink")

    ada, bo = ratings.of("1")

    assert (ada.rating, ada.label, ada.note) == ("bad", None, "warm")
    assert (bo.rating, bo.label) == (None, "drink")
    assert ratings.rate("1", note="", rater="ada").note is None


def test_a_rating_of_a_row_that_was_made_again_is_of_an_older_text(folder: Path, ratings: Ratings) -> None:
    for row in ("1", "2", "3"):
        ratings.rate(row, "good", rater="ada")

    write(folder, "coffee", "milk", score=3)

    said = {one.row: one for one in ratings.read()}
    assert said["1"].changed == ("text", "score")
    assert said["2"].changed == ("score",)
    assert [one.is_current for one in ratings.read(frozenset({"score"}))] == [False, True, True]
    assert ratings.read().rows["1"].rating is None
    # A rating of the new text doesn't take over what was said of the old one.
    ratings.rate("1", label="hot", rater="ada")
    assert ratings.of("1")[0].rating is None


@pytest.mark.parametrize(
    ("row", "rating", "more", "fact"),
    [
        ("0", "good", {}, "was rejected at 'made'"),
        ("9", "good", {}, "there is no row '9'"),
        ("1", "fine", {}, "'fine' isn't a rating"),
        ("1", None, {}, "nothing is said"),
        ("1", "good", {"rater": " "}, "rater"),
        ("1", None, {"label": "two\nlines"}, "label"),
        ("1", None, {"note": "x" * 10_001}, "note"),
    ],
)
def test_what_is_no_rating_is_an_error_and_keeps_nothing(
    ratings: Ratings, row: str, rating: str | None, more: dict[str, str], fact: str
) -> None:
    with pytest.raises(UsageError, match=fact):
        ratings.rate(row, rating, **{"rater": "ada", **more})

    assert len(ratings.read()) == 0


def test_many_raters_at_once_lose_nothing(folder: Path) -> None:
    def rate(number: int) -> None:
        with RunReader.open(folder) as reader:
            Ratings(reader, "made").rate(str(number % 3 + 1), "good", rater=f"rater {number // 3}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(rate, range(60)))

    with RunReader.open(folder) as reader:
        assert len(Ratings(reader, "made").read()) == 60


def test_two_raters_say_different_things_of_one_row_at_once(folder: Path) -> None:
    """A label and a rating that one person gives in two windows are both kept."""

    def rate(said: dict[str, str]) -> None:
        with RunReader.open(folder) as reader:
            Ratings(reader, "made").rate("1", rater="ada", **said)

    for _ in range(10):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(rate, ({"rating": "good"}, {"label": "drink"})))
        with RunReader.open(folder) as reader:
            (one,) = Ratings(reader, "made").of("1")
            assert (one.rating, one.label) == ("good", "drink")
            Ratings(reader, "made").take_back("1", rater="ada")


_RATE_FOR_EVER = """
import itertools, sys
from pathlib import Path
from seedbed import RunReader
from seedbed.store.ratings.people_ratings import Ratings
with RunReader.open(Path(sys.argv[1])) as run:
    for number in itertools.count():
        Ratings(run, "made").rate("1", "good", rater=f"r{number}")
        print(number, flush=True)
"""


def test_what_was_said_before_a_kill_is_there(folder: Path, ratings: Ratings) -> None:
    command = [sys.executable, "-c", _RATE_FOR_EVER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        last = next(int(line) for line in process.stdout if int(line) >= 5)
        process.kill()

    assert {f"r{number}" for number in range(last + 1)} <= {one.rater for one in ratings.read()}


@pytest.mark.parametrize("content", [b"no database" * 500, b"\x00" * 5000])
def test_a_damaged_file_is_an_error_that_says_so(folder: Path, ratings: Ratings, content: bytes) -> None:
    (folder / "ratings.db").write_bytes(content)

    with pytest.raises(UsageError, match=r"ratings\.db"):
        ratings.read()
    assert (folder / "ratings.db").read_bytes() == content


def test_ratings_are_removed_with_their_run(folder: Path, ratings: Ratings) -> None:
    ratings.rate("1", "good", rater="ada")

    remove_run(folder)

    assert not folder.exists()


def exported(folder: Path, **how: str) -> list[dict[str, object]]:
    with RunReader.open(folder) as reader:
        return [json.loads(row) for row in RatedRows(reader, "made", reader.rows("made"), **how)]


def test_rows_are_kept_by_what_most_people_say(folder: Path, ratings: Ratings) -> None:
    for row, rater, rating in (("1", "a", "good"), ("1", "b", "good"), ("1", "c", "bad"), ("2", "a", "bad")):
        ratings.rate(row, rating, rater=rater)
    ratings.rate("3", "good", rater="a")
    ratings.rate("3", "bad", rater="b")

    assert [row["text"] for row in exported(folder, where="rating == 'good'")] == ["tea"]
    assert [row["text"] for row in exported(folder, where="rating is none")] == ["salt"]
    assert [row["people"] for row in exported(folder, column="people")] == ["good", "bad", None]
    with pytest.raises(UsageError, match="already have a column 'text'"):
        exported(folder, column="text")


def test_a_column_with_the_name_of_what_people_say_is_not_taken_for_it(runs: Path) -> None:
    write(runs / "own", "tea", "milk", rating=4)
    assert len(exported(runs / "own", where="rating == 4")) == 2
    with RunReader.open(runs / "own") as reader:
        Ratings(reader, "made").rate("1", "good", rater="ada")

    with pytest.raises(UsageError, match="'rating' may be the column of the rows or what people say"):
        exported(runs / "own", where="rating == 'good'")
    assert [row["text"] for row in exported(runs / "own", where="people_rating == 'good'")] == ["tea"]


def test_a_threshold_is_that_of_the_only_calibration(folder: Path, ratings: Ratings) -> None:
    kept = KeptCalibration("made", "score", "2026-01-01T00:00:00+00:00", 2.5, (), {})
    ratings.keep(kept)
    assert exported(folder, where="score >= threshold") == []
    assert len(exported(folder, where="score < threshold")) == 3

    ratings.keep(kept._replace(score="style"))

    with pytest.raises(UsageError, match="may be that of 'score', 'style'"):
        exported(folder, where="score >= threshold")
