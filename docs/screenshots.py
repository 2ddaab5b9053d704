"""Takes the pictures of `seedbed view` that the pages show: a run of the small model, in Debian's Chromium.

PYTHONPATH=. uv run python docs/screenshots.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from tests.support.browser import chromium

from seedbed_view import Viewer

PICTURES = Path(__file__).parent / "images"
RUN = ("run", "qa-pairs", "--llm", "llamacpp/smollm2-135m", "-n", "8", "-o", "qa.jsonl")
SHOTS = {
    "view-rows": ("/runs/qa/rows", 1000, 760, "light"),
    "view-row": ("/runs/qa/row/0", 1000, 760, "light"),
    "view-run-dark": ("/runs/qa", 400, 860, "dark"),
}
"""The path of each page, its width and height in pixels, and whether it's light or dark."""


def main() -> None:
    """Make the run, and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        subprocess.run(
            [sys.executable, "-m", "seedbed", *RUN],
            check=True,
            cwd=folder,
            env={**os.environ, "SEEDBED_RUNS": str(runs)},
        )
        with Viewer(runs) as viewer, sync_playwright() as playwright, chromium(playwright) as browser:
            for name in SHOTS:
                take(browser, viewer, name)


def take(browser: Browser, viewer: Viewer, name: str) -> None:
    """Take one picture."""
    path, width, height, scheme = SHOTS[name]
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.goto(viewer.link())
    page.goto(f"http://127.0.0.1:{viewer.port}{path}")
    page.locator("main").wait_for()
    page.screenshot(path=PICTURES / f"{name}.png")
    page.close()


if __name__ == "__main__":
    main()
