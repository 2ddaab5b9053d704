"""The how-to page on sources says what its files give."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from seedbed import get_step

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "sources.md"
FENCES = re.findall(r'^```(\w+)(?: title="([\w.]+)")?\n(.*?)^```', PAGE.read_text(), re.MULTILINE | re.DOTALL)
STEPS = [step for kind, _, text in FENCES if kind == "yaml" for step in yaml.safe_load(text)["steps"]]


@pytest.mark.slow
def test_the_first_commands_of_the_page_show_what_it_shows(tmp_path: Path) -> None:
    (file, commands, shown) = FENCES[:3]
    (tmp_path / file[1]).write_text(file[2])
    script = "\n".join(line.removeprefix("$ ") for line in commands[2].splitlines())
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.returncode) == (shown[2], 0), done.stderr


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["use"])
def test_each_step_of_the_page_can_be_made(step: dict[str, object]) -> None:
    assert get_step(str(step["use"]), **step.get("with", {})).name == step["use"]  # type: ignore[arg-type]
