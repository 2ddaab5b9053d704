"""The how-to pages on embeddings and on checks: their files and steps run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from seedbed import get_step, run

PAGES = Path(__file__).parents[3] / "docs" / "how-to"


def fences(page: str) -> list[tuple[str, str, str]]:
    """Return the code blocks of a page: language, title, content."""
    text = (PAGES / page).read_text()
    return re.findall(r'^```(\w+)(?: title="([\w.]+)")?\n(.*?)^```', text, re.MULTILINE | re.DOTALL)


def steps(page: str) -> list[dict[str, Any]]:
    blocks = (yaml.safe_load(text)["steps"] for kind, _, text in fences(page) if kind == "yaml")
    return [step for block in blocks for step in block]


@pytest.mark.slow
def test_the_first_commands_of_the_page_show_what_it_shows(tmp_path: Path) -> None:
    (file, commands, shown) = fences("embeddings.md")[:3]
    (tmp_path / file[1]).write_text(file[2])
    script = "\n".join(line.removeprefix("$ ") for line in commands[2].splitlines())
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.returncode) == (shown[2], 0), done.stderr


STEPS = [*steps("embeddings.md"), *steps("check-rows.md")]
TEXT = "def tides():\n    return 'The moon pulls at the sea, and the sea follows it around the earth.'\n"


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["use"])
def test_each_step_of_the_pages_settles_a_row(step: dict[str, Any]) -> None:
    given = step.get("with", {})
    if isinstance(given.get("embedder"), dict):
        # A server that isn't there.
        assert get_step(step["use"], **given).name == step["use"]
        return
    if step["use"] == "code-run":
        pytest.importorskip("sandlock")
    if given.get("finder") == "presidio":
        pytest.importorskip("presidio_analyzer")
    made = get_step(step["use"], **given)
    columns = made.inputs or ["text"]
    done = run(made, input=[dict.fromkeys(columns, text) for text in (TEXT, "Nothing.")])

    assert (done.failed, done.stopped_by) == (0, None)
