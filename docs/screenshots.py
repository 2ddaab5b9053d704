"""Takes the pictures of `seedbed view` that the pages show: a run of the small model, in Debian's Chromium.

uv run python -m docs.screenshots           those in the docs
uv run python -m docs.screenshots FOLDER    every page, wide and narrow, light and dark, to look at
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
Shot = tuple[str, int, int, str]
SHOTS: dict[str, Shot] = {
    "view-rows": ("/runs/qa/rows", 1000, 760, "light"),
    "view-row": ("/runs/qa/row?id=0", 1000, 760, "light"),
    "view-run-dark": ("/runs/qa", 400, 860, "dark"),
}
"""The path of each page, its width and height in pixels, and whether it's light or dark."""


PAGES = {"runs": "/", "run": "/runs/qa", "rows": "/runs/qa/rows", "row": "/runs/qa/row?id=0"} | {
    name: f"/runs/qa/{name}" for name in ("refused", "ratings", "compare")
}
SIZES = {"wide": (1100, 800), "narrow": (400, 800)}


def main(folder: Path | None = None) -> None:
    """Make the run, and take the pictures."""
    shots = SHOTS if folder is None else every_page()
    pictures = PICTURES if folder is None else folder
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        runs = Path(made) / "runs"
        subprocess.run(
            [sys.executable, "-m", "seedbed", *RUN],
            check=True,
            cwd=made,
            env={**os.environ, "SEEDBED_RUNS": str(runs)},
        )
        with Viewer(runs) as viewer, sync_playwright() as playwright, chromium(playwright) as browser:
            for name, shot in shots.items():
                take(browser, viewer, pictures / f"{name}.png", shot)


def every_page() -> dict[str, Shot]:
    """Return what to take of every page."""
    return {
        f"{name}-{kind}-{scheme}": (path, *size, scheme)
        for name, path in PAGES.items()
        for kind, size in SIZES.items()
        for scheme in ("light", "dark")
    }


def take(browser: Browser, viewer: Viewer, picture: Path, shot: Shot) -> None:
    """Take one picture."""
    path, width, height, scheme = shot
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.goto(viewer.link())
    page.goto(f"http://127.0.0.1:{viewer.port}{path}")
    page.locator("main").wait_for()
    page.screenshot(path=picture)
    page.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
