"""The pages in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright
from tests.support.asked_server import capitals, command, prompts_of, write_input
from tests.support.browser import PATIENCE, chromium
from tests.support.viewing import add_rows, write

from seedbed import Registry, Result, RunStore, Verdict, get_task, run
from seedbed.cli.runs.kept_plans import kept_plan
from seedbed.testing import ScriptedLLM, ScriptedServer
from seedbed_view import Viewer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def context() -> Iterator[BrowserContext]:
    """A browser without a history."""
    with sync_playwright() as playwright, chromium(playwright) as browser:
        context = browser.new_context()
        context.set_default_timeout(PATIENCE)
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose errors, and messages of the console, fail the test."""
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    page.close()
    assert problems == []


def test_a_run_is_seen_to_go_on(runs: Path, viewer: Viewer, page: Page) -> None:
    with RunStore.open(runs / "live") as store:
        store.begin_session(
            {"task": "made", "leaf": "made", "wanted": 3, "steps": [{"name": "made", "class": "x.Made"}]}
        )
        store.flush()
        page.goto(viewer.link("live"))
        assert page.get_by_text("running", exact=True).first.is_visible()
        for number in range(3):
            name = str(number)
            store.add_result(Result("made", name, b"", 0, "done", b'[{"text": "tea"}]'))
            store.add_verdict(Verdict("made", number, name, "accepted", "made", name, 0))
            store.flush()
            page.locator(f"progress[value='{number + 1}']").wait_for()
        store.end_session("complete", {})
    page.get_by_text("complete", exact=True).first.wait_for()


def test_new_rows_are_announced_and_come_when_they_are_asked_for(
    runs: Path, viewer: Viewer, page: Page
) -> None:
    page.set_viewport_size({"width": 800, "height": 300})
    with RunStore.open(runs / "live") as store:
        store.begin_session({"task": "made", "leaf": "made", "wanted": None, "steps": []})
        add_rows(store, range(30))
        page.goto(viewer.link())
        page.goto(f"http://127.0.0.1:{viewer.port}/runs/live/rows")
        page.evaluate("scrollTo(0, 200)")
        add_rows(store, range(30, 33))
        page.get_by_role("link", name="Show 3 new rows").wait_for()
        assert page.locator("table.rows tbody tr").count() == 30
        assert page.evaluate("scrollY") == 200

        page.get_by_role("link", name="Show 3 new rows").click()

        page.get_by_role("row", name="row 32").wait_for()
        assert page.evaluate("scrollY") == 200
        add_rows(store, range(33, 34))
        page.get_by_role("link", name="Show 1 new row").wait_for()
        store.end_session("complete", {})


def test_words_are_found_and_rows_are_walked_through_by_keys(runs: Path, viewer: Viewer, page: Page) -> None:
    write(runs / "many", [{"text": f"leaf number {n}", "n": n} for n in range(120)])
    page.goto(viewer.link("many"))
    page.get_by_role("link", name="Look at the rows").click()
    page.wait_for_url("**/rows")
    go_on(page, "n")
    page.get_by_role("row", name="leaf number 50").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    go_on(page, "Enter")
    page.get_by_role("heading", name="row 51: accepted").wait_for()
    go_on(page, "n")
    page.get_by_role("heading", name="row 52: accepted").wait_for()
    page.go_back()
    page.go_back()
    page.keyboard.press("/")
    page.keyboard.type('"number 119"')
    go_on(page, "Enter")
    page.get_by_role("row", name="leaf number 119").wait_for()
    assert page.locator("table.rows tbody tr").count() == 1


def go_on(page: Page, key: str) -> None:
    """Press a key that leads to another page, and wait until its scripts have run."""
    with page.expect_navigation():
        page.keyboard.press(key)


def test_nothing_that_a_model_wrote_runs(runs: Path, viewer: Viewer, page: Page) -> None:
    hostile = "</div><script>alert(1)</script><img src=x onerror=alert(2)><a href='javascript:alert(3)'>x</a>"
    write(runs / "hostile", [{"text": hostile, hostile: hostile}])

    for path in ("", "/rows", "/row/0", "/refused"):
        page.goto(viewer.link())
        page.goto(f"http://127.0.0.1:{viewer.port}/runs/hostile{path}")
        assert page.locator("main img, main script").count() == 0
        assert page.locator("a[href^='javascript']").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/", "/runs/some", "/runs/some/rows", "/runs/some/row/0", "/runs/some/refused"]
)
def test_no_page_is_wider_than_a_telephone(
    runs: Path, viewer: Viewer, page: Page, path: str, scheme: str
) -> None:
    write(runs / "some", [{"text": "x" * 300, "a_column_with_a_long_name": n, "n": n} for n in range(3)])
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(viewer.link())
    page.goto(f"http://127.0.0.1:{viewer.port}{path}")

    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, which finds what people with a screen reader stumble over."""
    folder = tmp_path_factory.mktemp("axe")
    packed = subprocess.run(
        ["npm", "pack", "--silent", "axe-core@4"], cwd=folder, capture_output=True, text=True, check=True
    )
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_stumbles_over_nothing(
    runs: Path, viewer: Viewer, page: Page, axe: str, scheme: str
) -> None:
    rows = [{"instruction": "tea"}, {"instruction": "fail"}, {"instruction": "coffee"}]
    llm = ScriptedLLM(lambda request: None if "fail" in str(request.messages) else "A hot drink.")
    # Playwright has an event loop on this thread.
    with ThreadPoolExecutor() as pool:
        task = get_task("text-generation", llm=llm)
        made = pool.submit(run, task, input=rows, name="some").result()
    write(runs / "many", [{"kind": "ab"[n % 2], "n": n, "text": "x" * 90} for n in range(120)])
    write(runs / "more", [{"kind": "a", "n": n, "text": "x" * 80} for n in range(10)])
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(viewer.link())
    paths = ["/", "/runs/some", "/runs/some/rows", f"/runs/some/row/{made.explain(line=1).row}"]
    for path in (
        *paths,
        "/runs/some/refused",
        "/runs/some/ratings",
        "/runs/some/try",
        "/runs/many/rows?sort=n&is.kind=%22a%22",
    ):
        page.goto(f"http://127.0.0.1:{viewer.port}{path}")
        sound(page, axe)


def test_rows_are_rated_by_keys_and_the_ratings_outlive_the_server(
    runs: Path, viewer: Viewer, page: Page, context: BrowserContext
) -> None:
    write(runs / "rated", [{"text": f"leaf number {n}"} for n in range(3)])
    page.goto(viewer.link())
    page.goto(f"http://127.0.0.1:{viewer.port}/runs/rated/row/0")
    page.get_by_label("Rater").fill("ada")
    page.get_by_label("Rater").blur()
    go_on(page, "g")
    go_on(page, "n")
    go_on(page, "b")
    page.get_by_role("heading", name="row 1: accepted").wait_for()
    assert page.locator("#bad[aria-pressed]").is_visible()
    other = context.new_page()
    other.goto(f"http://127.0.0.1:{viewer.port}/runs/rated/row/0")
    other.get_by_label("Rater").fill("bo")
    other.get_by_label("Label").fill("leafy")
    other.get_by_role("button", name="Bad").click()
    other.get_by_text("leafy").first.wait_for()
    other.close()

    with Viewer(runs) as again:
        page.goto(again.link())
        page.goto(f"http://127.0.0.1:{again.port}/runs/rated/ratings")
        for told in ("1 good, 1 bad", "1 bad, 1 leafy", "0%"):
            page.get_by_text(told).first.wait_for()


@pytest.fixture
def asked(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """The server of a model, after a run of six rows that the command has made with it."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    write_input("tea", "milk", "rain", "snow", "wind", "fog")
    with capitals() as server:
        # A process of its own: Playwright has an event loop on this thread.
        options = ("--input", "in.jsonl", "-o", "made.jsonl")
        arguments = [sys.executable, "-m", "seedbed", *command(server, "text-generation"), *options]
        subprocess.run(arguments, check=True)
        server.received.clear()
        yield server


@pytest.fixture
def trying(asked: ScriptedServer, runs: Path) -> Iterator[Viewer]:
    """The pages as the command serves them."""
    with Viewer(runs, plan_of=lambda folder: kept_plan(folder, lambda _: Registry())) as viewer:
        yield viewer


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (400, "dark")])
def test_a_prompt_is_changed_counted_and_tried(
    asked: ScriptedServer, trying: Viewer, page: Page, axe: str, width: int, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(trying.link("made"))
    page.get_by_role("link", name="Try a prompt").click()
    # The first line is empty, which a browser would leave out.
    prompt = "\nExplain {{ instruction }}\nto a child."
    page.get_by_label("template").fill(prompt)
    page.get_by_role("button", name="Count what it would take").click()
    page.get_by_text("5 calls").wait_for()
    assert page.get_by_label("template").input_value() == prompt
    assert asked.count == 0
    sound(page, axe)

    page.get_by_role("button", name="Ask the model").click()
    page.get_by_role("heading", name="What came of it").wait_for()

    assert "\nExplain fog\nto a child." not in prompts_of(asked)
    assert "\nExplain tea\nto a child." in prompts_of(asked)
    assert page.locator("ins", has_text="EXPLAIN").count() == 5
    assert page.locator("#setting").inner_text() == f"--set 'template={prompt}'"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sound(page, axe)
    page.reload()
    assert asked.count == 5


def sound(page: Page, axe: str) -> None:
    # Until its style sheet is there, a page that a click has opened has the browser's own colours.
    page.wait_for_load_state()
    found = page.evaluate(f"{axe}; axe.run().then((found) => found.violations)")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def test_the_list_of_keys_is_shown_by_its_key_and_by_its_button(
    runs: Path, viewer: Viewer, page: Page
) -> None:
    write(runs / "one", [{"text": "tea"}])
    page.goto(viewer.link("one"))
    keys = page.get_by_role("dialog", name="Keys")
    assert keys.count() == 0

    page.keyboard.press("?")
    assert keys.get_by_text("to the search").is_visible()
    page.keyboard.press("Escape")
    keys.wait_for(state="detached")
    page.get_by_role("button", name="Keys").click()
    keys.get_by_role("button", name="Close").click()
    keys.wait_for(state="detached")
    # Only while no one writes.
    page.goto(f"http://127.0.0.1:{viewer.port}/runs/one/rows")
    page.locator("#words").press("?")
    assert keys.count() == 0
