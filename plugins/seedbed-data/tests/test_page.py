"""The how-to pages on cleaning and checking say what their files give."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PAGES = Path(__file__).parents[3] / "docs" / "how-to"
PAGE = PAGES / "clean-data.md"


def fences(page: Path) -> list[tuple[str, str, str]]:
    """Return the code blocks of a page: language, title, content."""
    return re.findall(
        r'^```(\w+)(?: title="([\w.]+)")?\n(.*?)^```', page.read_text(), re.MULTILINE | re.DOTALL
    )


FENCES = fences(PAGE)


@pytest.mark.slow
def test_the_page_s_files_give_the_rows_and_reasons_that_it_shows(tmp_path: Path) -> None:
    for _, name, content in FENCES:
        if name:
            (tmp_path / name).write_text(content)
    command = ["run", "clean.yaml", "--input", "raw.jsonl", "-o", "clean.jsonl"]
    done = subprocess.run(
        [sys.executable, "-m", "seedbed", *command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in (tmp_path / "clean.jsonl").read_text().splitlines()]
    (shown,) = (content for kind, name, content in FENCES if kind == "text" and not name)

    assert f"seedbed {' '.join(command)}" in PAGE.read_text()
    assert [row["text"].split()[0] for row in rows] == ["Tides", "The"]
    assert [list(row) for row in rows] == [["text", "words", "split"]] * 2
    assert all(line in done.stderr for line in shown.splitlines())


STEPS = [
    step
    for page in (PAGE, PAGES / "check-rows.md")
    for kind, _, text in fences(page)
    if kind == "yaml"
    for step in yaml.safe_load(text)["steps"]
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["use"])
def test_each_step_of_the_page_can_be_made(step: dict[str, object]) -> None:
    from seedbed import get_step

    assert get_step(str(step["use"]), **step.get("with", {})).name == step["use"]  # type: ignore[arg-type]
