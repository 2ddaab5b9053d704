"""Takes the pictures of `seedbed view` that the docs show: runs of the small model, in Debian's Chromium.

uv run python -m docs.screenshots           renews those in docs/images/view
uv run python -m docs.screenshots FOLDER    puts them into a folder, to look at first
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from tests.support.browser import chromium

from seedbed import Ratings, Registry, RunReader
from seedbed.cli.runs.kept_plans import kept_plan
from seedbed_view import Viewer

PICTURES = Path(__file__).parent / "images" / "view"
MODEL = ("--llm", "llamacpp/smollm2-135m", "-n", "8")
RUNS = (
    ("run", "qa-pairs", *MODEL, "-o", "qa.jsonl"),
    ("run", "qa-pairs", *MODEL, "--set", "llm.temperature=0.2", "-o", "qa-cool.jsonl"),
)
CHANGE = "\nAnswer in one short sentence."
PAGES = {
    "runs": "/",
    "run": "/runs/qa",
    "rows": "/runs/qa/rows",
    "row": "/runs/qa/row?id=1",
    "rejected": "/runs/qa/row?id=0",
    "refused": "/runs/qa/refused",
    "ratings": "/runs/qa/ratings",
    "compare": "/runs/qa/compare?with=qa-cool",
}
Scheme = Literal["light", "dark"]
SIZES = {"wide": (1100, 800), "narrow": (400, 800)}
TALLER = {"try": 1.75}
"""Pages whose most important part is below the first 800 pixels."""
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
QUALITY = 82
"""Of WebP: letters are sharp, and a picture has some 20 kB, a fifth of a PNG."""


def main(folder: Path = PICTURES) -> None:
    """Make the runs, and take the pictures."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        # The prompts of a run can be tried in the folder that it was made in.
        os.chdir(made)
        os.environ["SEEDBED_RUNS"] = str(runs := Path(made) / "runs")
        for command in RUNS:
            subprocess.run([sys.executable, "-m", "seedbed", *command], check=True)
        rate(runs / "qa")
        viewer = Viewer(runs, plan_of=lambda run: kept_plan(run, lambda _: Registry()))
        with viewer, sync_playwright() as playwright, chromium(playwright) as browser:
            base = f"http://127.0.0.1:{viewer.port}"
            pages = {name: base + path for name, path in PAGES.items()}
            pages["try"] = tried(browser, viewer, f"{base}/runs/qa/try")
            for name, path in pages.items():
                take(browser, viewer, folder, name, path)


def rate(run: Path) -> None:
    """Rate some rows by two people."""
    with RunReader.open(run) as reader:
        ratings = Ratings(reader, "qa-pairs")
        for number, row in enumerate(islice(reader.rows("qa-pairs").placed(), 4)):
            ratings.rate(row.row, "good" if number != 1 else "bad", rater="Ada")
            label = "too vague" if number == 2 else None
            ratings.rate(row.row, "bad" if number in (1, 2) else "good", rater="Grace", label=label)


def tried(browser: Browser, viewer: Viewer, address: str) -> str:
    """Try another prompt, and return the address of what came of it."""
    page = browser.new_page()
    page.goto(viewer.link())
    page.goto(address)
    prompt = page.get_by_label("template")
    prompt.fill(prompt.input_value() + CHANGE)
    page.get_by_role("button", name="Count what it would take").click()
    page.get_by_role("button", name="Ask the model").click()
    page.get_by_role("heading", name="What came of it").wait_for(timeout=300_000)
    found = page.url
    page.close()
    return found


def take(browser: Browser, viewer: Viewer, folder: Path, name: str, address: str) -> None:
    """Take the pictures of one page: wide and narrow, light and dark."""
    for size, scheme, page in shown(browser, TALLER.get(name, 1)):
        page.goto(viewer.link())
        page.goto(address)
        page.locator("main").wait_for()
        page.wait_for_load_state("networkidle")
        picture = Image.open(io.BytesIO(page.screenshot()))
        picture.convert("RGB").save(folder / f"{name}-{size}-{scheme}.webp", quality=QUALITY, method=6)
        page.close()


def shown(browser: Browser, taller: float) -> Iterator[tuple[str, str, Page]]:
    """Yield a page of each size and scheme."""
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            page = browser.new_page(
                viewport={"width": width, "height": int(taller * height)}, color_scheme=scheme
            )
            yield size, scheme, page


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
