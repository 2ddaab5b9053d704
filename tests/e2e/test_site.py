"""The site is built strictly, and its pages read as they were written."""

from __future__ import annotations

import html
import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.support.made_once import made_once

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def build(folder: Path) -> None:
    """Build the site in a folder."""
    command = ["uv", "run", "--isolated", "--group", "docs", "mkdocs", "build", "--strict", "--site-dir"]
    built = subprocess.run(
        [*command, str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The text of each page, by its path."""
    folder = made_once(tmp_path_factory, "site", build)
    pages = folder.rglob("index.html")
    return {str(page.parent.relative_to(folder)): article_of(page) for page in pages}


def article_of(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("<article")[2]


def text_of(article: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", article))


def prose_of(article: str) -> str:
    """Return the text outside of code, which may show markup on purpose."""
    return text_of(re.sub(r"<code.*?</code>", "", article, flags=re.DOTALL))


def test_no_page_shows_its_markup(site: dict[str, str]) -> None:
    assert len(site) > 20
    marks = re.compile(r"^.*(?:```|^::: |^\| |<!--|\\\|).*$", re.MULTILINE)
    prose = {page: prose_of(article) for page, article in site.items()}
    assert {page: marks.findall(text) for page, text in prose.items() if marks.search(text)} == {}


def test_the_reference_has_the_fields_of_classes_and_the_tests_of_contracts(site: dict[str, str]) -> None:
    for field in ("Randomness; 0 takes the likeliest token.", "Seconds that one answer may take."):
        assert field in text_of(site["reference/api"])
    assert re.search(r"finish_reason\s*str\s*'stop'", text_of(site["reference/api"]))
    assert "test_a_call_ends_at_its_time_out" in text_of(site["reference/testing"])
