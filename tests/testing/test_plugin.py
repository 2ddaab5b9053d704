"""The pytest plugin costs other people's test runs next to nothing, and is there without being asked for."""

from __future__ import annotations

import json
import subprocess
import sys

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


def test_a_run_that_uses_nothing_of_it_loads_nothing_more() -> None:
    program = """
import json, sys, pytest
pytest.main(["--version"])
pytest.main(["--collect-only", "-q", "--rootdir=/nowhere", "-c", "/dev/null", "/dev/null"])
print(json.dumps([name for name in sys.modules if name.startswith(("seedbed", "aiohttp", "pydantic"))]))
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = set(json.loads(shown.stdout.splitlines()[-1]))
    assert loaded == {"seedbed", "seedbed.testing", "seedbed.testing.plugin"}
