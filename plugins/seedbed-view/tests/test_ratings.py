"""Rating rows in the browser's stead."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.viewing import Answer, Get, cookie_of, post, request, write

from seedbed import Ratings, RunReader, RunStore
from seedbed import Result as StepResult
from seedbed_view import Viewer


def said(folder: Path) -> list[tuple[str, str, str | None, str | None, str | None]]:
    with RunReader.open(folder) as reader:
        return [
            (one.row, one.rater, one.rating, one.label, one.note) for one in Ratings(reader, "made").read()
        ]


def test_a_row_is_rated_and_shown_with_its_ratings(runs: Path, viewer: Viewer, get: Get) -> None:
    write(runs / "one", [{"text": "tea"}, {"text": "milk"}])

    answer = post(viewer, "/runs/one/rate?id=1", rating="good", rater="Ada Ö", label="hot", note="a\r\nb")

    assert answer.status == 303
    assert answer.headers["location"] == "/runs/one/row?id=1&leaf=made"
    assert said(runs / "one") == [("1", "Ada Ö", "good", "hot", "a\nb")]
    row = request(viewer, "/runs/one/row/1", {"Cookie": "; ".join((cookie_of(viewer), cookie(answer)))}).text
    assert 'value="Ada Ö"' in row
    assert 'id="good" aria-pressed="true"' in row
    assert "Ada Ö" in get("/runs/one/ratings").text


def test_who_rates_for_the_first_time_is_the_user_as_on_the_command_line(
    runs: Path, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(runs / "one", [{"text": "tea"}])
    monkeypatch.setenv("LOGNAME", "Grace")

    assert 'value="Grace"' in get("/runs/one/row/0").text


def cookie(answer: Answer) -> str:
    return str(answer.headers["set-cookie"]).partition(";")[0]


@pytest.mark.parametrize(
    ("row", "form"),
    [
        ("9", {"rating": "good", "rater": "ada"}),
        ("0", {"rating": "perfect", "rater": "ada"}),
        ("0", {"rating": "good", "rater": " "}),
        ("0", {"rating": "good"}),
        ("0", {"rater": "ada"}),
        ("0", {"rating": "good", "rater": "ada", "note": "x" * 70_000}),
    ],
)
def test_what_is_no_rating_is_an_error_and_keeps_nothing(
    runs: Path, viewer: Viewer, row: str, form: dict[str, str]
) -> None:
    write(runs / "one", [{"text": "tea"}])

    assert post(viewer, f"/runs/one/rate?id={row}", **form).status in (400, 413)
    assert said(runs / "one") == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_another_page_cannot_rate(runs: Path, viewer: Viewer, origin: str) -> None:
    write(runs / "one", [{"text": "tea"}])

    assert post(viewer, "/runs/one/rate?id=0", origin=origin, rating="good", rater="ada").status == 403
    assert said(runs / "one") == []


def test_a_rating_of_an_older_text_is_shown_as_such(runs: Path, viewer: Viewer, get: Get) -> None:
    write(runs / "one", [{"text": "tea"}])
    post(viewer, "/runs/one/rate?id=0", rating="good", rater="ada")
    with RunStore.open(runs / "one") as store:
        store.add_result(StepResult("made", "0", b"", 0, "done", b'[{"text": "coffee"}]'))

    assert "of an older text: text changed" in get("/runs/one/row/0").text


def test_names_labels_and_notes_are_shown_as_text(runs: Path, viewer: Viewer, get: Get) -> None:
    write(runs / "one", [{"text": "tea"}])
    hostile = "<script>alert(1)</script>"
    post(viewer, "/runs/one/rate?id=0", rating="good", rater=hostile, label=hostile, note=hostile)

    for path in ("/runs/one/row/0", "/runs/one/ratings"):
        assert "<script>alert" not in get(path).text
        assert "&lt;script&gt;" in get(path).text
