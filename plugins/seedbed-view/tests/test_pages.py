"""What the pages show of a run."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from tests.support.viewing import Get, add_rows, post, write

from seedbed import Result, Run, RunStore, UsageError, Verdict, get_step, get_task, run
from seedbed.cli.view.command import view
from seedbed.testing import ScriptedLLM
from seedbed_view import Viewer, shared_page

HOSTILE = "\n".join(
    (
        "<script>alert(1)</script><img src=x onerror=alert(2)>",
        "\x1b]8;;http://evil\x07link\x1b[2J \u202egnp.exe",
        "javascript:alert(3)",
    )
)


@pytest.fixture
def made(runs: Path) -> Run:
    """A run with a row that fails, and hostile answers."""
    rows = [{"instruction": "tea"}, {"instruction": "fail"}]
    llm = ScriptedLLM(lambda request: None if "fail" in str(request.messages) else HOSTILE)
    return run(get_task("text-generation", llm=llm), input=rows, name="made")


def test_what_a_model_wrote_is_text_on_every_page(made: Run, get: Get) -> None:
    for path in ("/", "/runs/made", "/runs/made/rows", "/runs/made/refused"):
        check_safe(get(path).text)
    row = next(iter(made.explain(line=1).chapters)).row
    text = get(f"/runs/made/row/{row}").text
    check_safe(text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert r"\x1b]8;;http://evil\x07" in text
    assert r"\u202egnp.exe" in text


def check_safe(text: str) -> None:
    assert "<script>" not in text
    assert "<img src=x" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert 'href="javascript' not in text


def test_a_row_shows_its_prompt_and_its_answer(made: Run, get: Get) -> None:
    row = made.explain(line=1).row

    text = get(f"/runs/made/row/{row}").text

    assert '<article class="bubble user">' in text
    assert '<article class="bubble answer">' in text
    assert "tea" in text


def test_failed_rows_are_shown_by_cause_with_the_command_that_retries_them(made: Run, get: Get) -> None:
    text = get("/runs/made/refused").text

    assert "1 failed" in text
    assert "seedbed runs retry made" in text


@pytest.mark.slow
def test_a_text_of_five_megabytes_is_cut_and_can_be_had_whole(runs: Path, get: Get) -> None:
    long = "word " * 1_000_000
    write(runs / "long", [{"text": long}])

    page = get("/runs/long/row/0").text
    whole = get("/runs/long/text?id=0&step=made&column=text")

    assert len(page) < 100_000
    assert "characters more" in page
    assert whole.text == long
    assert whole.headers["content-type"].startswith("text/plain")
    assert whole.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "path",
    [
        "/runs/made/row/nothing",
        "/runs/made/text?id=0&step=x&column=y",
        "/runs/made/text?id=nothing",
        "/elsewhere",
        "/static/../guard.py",
    ],
)
def test_what_is_not_there_is_said_to_be_missing(runs: Path, get: Get, path: str) -> None:
    write(runs / "made", [{"text": "tea"}])

    assert get(path).status == 404


def test_a_damaged_run_is_listed_with_its_error_and_harms_no_other(runs: Path, get: Get) -> None:
    write(runs / "good", [{"text": "tea"}])
    (runs / "bad").mkdir()
    (runs / "bad" / "run.db").write_bytes(b"no database" * 1000)

    text = get("/").text

    assert "good" in text
    assert "damaged" in text
    assert get("/runs/bad").status == 400


@pytest.mark.slow
def test_the_command_without_the_package_says_what_to_install(runs: Path) -> None:
    write(runs / "made", [{"text": "tea"}])
    code = "import sys; sys.modules['seedbed_view'] = None; from seedbed.cli import main; sys.exit(main())"
    ended = subprocess.run(
        [sys.executable, "-c", code, "view", "made"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert "pip install seedbed-view" in ended.stderr


def test_rows_of_steps_that_a_smaller_dataset_does_not_need_are_said_to_be_of_all_sessions(
    runs: Path, get: Get
) -> None:
    rows = [{"instruction": f"number {number}"} for number in range(4)]
    task = get_task("text-generation", llm=ScriptedLLM(lambda request: "text"))
    run(task, input=rows, name="made")
    assert "Made in all sessions" not in get("/runs/made").text
    run(task, 1, input=rows, name="made")

    for page in (get("/runs/made").text, shared_page(runs / "made")):
        assert "4 done" in page
        assert "Made in all sessions, including rows that the dataset doesn't need now." in page


def test_a_shared_page_stands_alone_and_is_safe(made: Run, runs: Path) -> None:
    page = shared_page(runs / "made")

    check_safe(page)
    assert not re.findall(r"""(?:src|href|action)=["'](?!data:)""", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page


@pytest.mark.parametrize(
    "arguments", [["--share", "x.html"], ["made", "--share", "x.pdf"], ["none", "--share", "x.html"]]
)
def test_a_page_that_cannot_be_shared_is_an_error(made: Run, arguments: list[str]) -> None:
    ended = CliRunner().invoke(view, arguments)

    assert isinstance(ended.exception, UsageError)


def test_a_shared_page_is_written(made: Run, tmp_path: Path) -> None:
    CliRunner().invoke(view, ["made", "--share", str(tmp_path / "made.html")], catch_exceptions=False)

    assert "<!doctype html>" in (tmp_path / "made.html").read_text()


def test_a_run_shows_what_its_rows_are_like(runs: Path, get: Get) -> None:
    llm = ScriptedLLM(lambda request: "The same five words come again and again here.")
    rows = [{"instruction": f"question {number}"} for number in range(30)]
    run(get_task("text-generation", llm=llm), input=rows, name="same")
    write(runs / "few", [{"text": "tea"}])

    assert "97 % near duplicates" in get("/runs/same").text
    assert "near duplicates" not in get("/runs/few").text


def test_a_run_that_goes_on_says_how_long_it_will(runs: Path, get: Get) -> None:
    with RunStore.open(runs / "live") as store:
        store.begin_session({"task": "made", "leaf": "made", "wanted": 4})
        store.add_result(Result("made", "0", b"", 0, "done", b'[{"text": "tea"}]'))
        store.add_verdict(Verdict("made", 0, "0", "accepted", "made", "0", 0))
        store.flush()
        assert "Time left, about" in get("/runs/live").text
        store.end_session("complete", {})
    assert "Time left, about" not in get("/runs/live").text


def test_a_call_can_be_had_whole_as_it_was_sent(runs: Path, get: Get) -> None:
    long = "word " * 10_000
    llm = ScriptedLLM(lambda request: long)
    made = run(get_task("text-generation", llm=llm), input=[{"instruction": "tea"}], name="long")
    row = made.explain(line=1).row

    page = get(f"/runs/long/row/{row}").text
    (link,) = re.findall(r'href="([^"]*/call[^"]*)"', page)
    whole = get(html.unescape(link))

    assert "30,000 characters more" in page
    assert whole.headers["content-disposition"].startswith("attachment")
    sent = json.loads(whole.text)
    assert sent["messages"][-1] == {"role": "user", "content": "tea"}
    assert sent["answers"][0]["text"] == long
    for wrong in (
        "?step=x&of=0&number=0",
        "?number=-1",
        f"?id={row}&step=text-generation&of={row}&number=999999999999",
    ):
        assert get(f"/runs/long/call{wrong}").status == 404


def test_a_rejected_row_is_shown_with_what_it_was(runs: Path, get: Get) -> None:
    rows = [{"instruction": "tea", "score": 2}, {"instruction": "coffee", "score": 5}]
    run(get_step("filter", keep="score >= 3"), input=rows, name="kept")

    text = get("/runs/kept/refused").text

    assert "<strong>instruction</strong> tea <strong>score</strong> 2" in text
    assert "coffee" not in text
    assert "row row" not in text


def test_a_long_text_that_was_changed_is_cut_too(runs: Path, get: Get) -> None:
    step = get_step("map", make={"text": "text | upper"})
    made = run(step, input=[{"text": "word " * 100_000}], name="long")

    page = get(f"/runs/long/row/{made.explain(line=1).row}").text

    assert len(page) < 100_000
    (link,) = re.findall(r'480,000 characters more: <a href="([^"]*)"', page)
    assert get(html.unescape(link)).text == "WORD " * 100_000


@pytest.mark.parametrize(
    "row",
    ["7/text", "7/call", "7/rate", "..", ".", "a/../b", "a b", "%2F", "%", "#1", "?x=1&y", "é/ü", "a//b"],
)
def test_a_row_of_any_id_is_shown_with_its_texts_and_can_be_rated(
    runs: Path, viewer: Viewer, get: Get, row: str
) -> None:
    long = "word " * 10_000
    write(runs / "odd", [{"text": long}, {"text": "milk"}], ids=[row, "next"])

    (link,) = re.findall(r'<th scope="row"><a href="([^"]*id=(?!next)[^"]*)"', get("/runs/odd/rows").text)
    page = get(html.unescape(link)).text
    (whole,) = re.findall(r'href="([^"]*)">the whole text', page)
    (rate,) = re.findall(r'<form method="post" action="([^"]*)"', page)
    rated = post(viewer, html.unescape(rate), rating="good", rater="ada")

    assert f"<h1>row {html.escape(row)}: accepted" in page
    assert get(html.unescape(whole)).text == long
    assert rated.status == 303
    assert f"<h1>row {html.escape(row)}: accepted" in get(rated.headers["location"]).text
    assert get(f"/runs/odd/row/{quote(row, safe='')}").text.count("<h1>row ") == 1


def test_a_run_that_goes_on_tells_how_many_rows_are_new_and_where(runs: Path, get: Get) -> None:
    with RunStore.open(runs / "live") as store:
        store.begin_session({"task": "made", "leaf": "made", "wanted": 99, "steps": []})
        add_rows(store, range(60))
        first = get("/runs/live/rows?leaf=made").text
        (asked,) = re.findall(r'<div id="new-rows"[^>]*hx-get="([^"]*)"', first)
        assert "new row" not in get(html.unescape(asked)).text
        add_rows(store, range(60, 65))

        told = get(html.unescape(asked)).text
        (shown,) = re.findall(r'<a class="button" href="([^"]*)"', told)

        assert "Show 5 new rows" in told
        assert "hx-get" in told.partition(">")[0]
        assert "<div>row 64</div>" in get(html.unescape(shown)).text
        store.end_session("complete", {})
    assert "every 2s" not in get(html.unescape(asked)).text
    assert "new-rows" not in get("/runs/live/rows").text


@pytest.mark.parametrize(
    "given", ["since=x", "since=9999999999999999999999", "since=-1", "shown=//evil.example", ""]
)
def test_a_question_for_new_rows_that_no_page_has_made_leads_nowhere_else(
    runs: Path, get: Get, given: str
) -> None:
    write(runs / "one", [{"text": "tea"}])

    answer = get(f"/runs/one/new-rows?{given}")

    assert answer.status == 200
    assert "evil" not in answer.text
