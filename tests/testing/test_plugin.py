"""The pytest plugin costs other people's test runs next to nothing, and is there without being asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, sys
import pytest
before = set(sys.modules)
import seedbed.testing.plugin
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_loading_it_imports_pytest_and_a_few_modules_of_its_own() -> None:
    shown = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert set(json.loads(shown.stdout)) <= {
        "seedbed",
        "seedbed.testing",
        "seedbed.testing.plugin",
        "pkgutil",
    }


def test_a_run_that_uses_nothing_of_it_loads_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_what_is_loaded():\n"
        "    heavy = ('seedbed', 'aiohttp', 'pydantic', 'orjson')\n"
        "    print('loaded', *sorted(name for name in sys.modules if name.startswith(heavy)))\n"
    )

    command = [sys.executable, "-m", "pytest", "-s", "-q", "test_other.py"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)

    assert "loaded seedbed seedbed.testing seedbed.testing.plugin\n" in shown.stdout
