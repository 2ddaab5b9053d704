"""Each goal on the page "Which task for which job" has a pipeline file that runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "examples" / "goals").glob("*.yaml"))
PAGE = ROOT / "docs" / "how-to" / "which-task.md"


def seedbed(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "seedbed", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=600)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_page_shows_each_file() -> None:
    shown = re.findall(r"^```yaml title=\"([^\"]+)\"\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)

    assert dict(shown) == {path.name: path.read_text() for path in FILES}


def test_the_table_leads_to_each_section() -> None:
    text = PAGE.read_text()
    titles = {f"#{title.lower().replace(' ', '-')}" for title in re.findall(r"^## (.+)$", text, re.MULTILINE)}

    assert set(re.findall(r"\]\((#[a-z-]+)\)", text)) >= titles


@pytest.mark.slow
@pytest.mark.variants(4)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_steps_fit_together(path: Path, tmp_path: Path) -> None:
    (tmp_path / path.name).write_text(path.read_text())

    assert seedbed(tmp_path, "graph", path.name)


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_makes_rows_with_the_small_model(path: Path, tmp_path: Path) -> None:
    (tmp_path / path.name).write_text(path.read_text())

    # One row is enough, which takes so small a model some seconds. Negatives are the texts of other rows.
    seedbed(tmp_path, "run", path.name, "-n", "3" if path.stem == "retrieval" else "1")

    out = yaml.safe_load(path.read_text())["out"]
    lines = (tmp_path / (out if isinstance(out, str) else out["path"])).read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows
    assert all(row["chosen"] != row["rejected"] for row in rows if "chosen" in row)
