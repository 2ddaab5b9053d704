"""The command lists 300 distributions, and imports none of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LEAVES_A_MARK = "import pathlib\npathlib.Path(__file__).with_suffix('.imported').touch()\n"


def test_the_command_lists_300_distributions_and_imports_none(site: Any, tmp_path: Path) -> None:
    for number in range(300):
        site.install_llm(f"fake{number}", LEAVES_A_MARK)
    environment = {**os.environ, "PYTHONPATH": str(site.folder)}

    printed = subprocess.run(
        [sys.executable, "-m", "seedbed", "plugins", "--json"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=tmp_path,
    ).stdout

    assert sum("dist-fake" in json.dumps(entry) for entry in json.loads(printed)) == 300
    assert not list(site.folder.glob("*.imported"))
