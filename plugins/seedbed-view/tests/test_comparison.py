"""Two runs side by side."""

from __future__ import annotations

from pathlib import Path

from tests.support.viewing import Get, write


def test_rows_are_paired_by_id_and_differences_are_marked(runs: Path, get: Get) -> None:
    write(runs / "one", [{"text": "a red fox"}, {"text": "the same"}, {"text": "more"}], seed=1)
    write(runs / "two", [{"text": "a blue fox"}, {"text": "the same"}], seed=2)

    text = get("/runs/one/compare?with=two").text

    assert "1 the same, 1 changed," in " ".join(text.split())
    assert "a<del> red</del><ins> blue</ins> fox" in text
    assert "Only in one" in text
    assert "Only in two" not in text
    assert "<dt>seed</dt>" in text


def test_the_runs_to_compare_with_share_a_step(runs: Path, get: Get) -> None:
    write(runs / "one", [{"text": "tea"}])
    write(runs / "two", [{"text": "tea"}])
    write(runs / "strange", [{"text": "tea"}], steps=[{"name": "other", "class": "x.Other"}])

    text = get("/runs/one/compare").text

    assert "<option>two</option>" in text
    assert "strange" not in text


def test_what_cannot_be_compared_is_said_so(runs: Path, get: Get) -> None:
    write(runs / "one", [{"text": "tea"}])

    assert get("/runs/one/compare?with=none").status == 404
    assert get("/runs/one/compare?with=..%2F..%2Fetc").status == 404
    assert "compared with itself" in get("/runs/one/compare?with=one").text


def test_what_a_model_wrote_is_text(runs: Path, get: Get) -> None:
    hostile = "<script>alert(1)</script>"
    write(runs / "one", [{"text": f"a {hostile}", hostile: 1}])
    write(runs / "two", [{"text": f"b {hostile}", hostile: 2}])

    assert "<script>alert" not in get("/runs/one/compare?with=two").text
