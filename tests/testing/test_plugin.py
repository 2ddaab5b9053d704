"""The pytest plugin costs other people's test runs next to nothing, and is there without being asked for."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed import testing

PROGRAM = """
import json, sys
import pytest
before = set(sys.modules)
import seedbed.testing.plugin
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.mark.slow
def test_loading_it_imports_pytest_and_a_few_modules_of_its_own() -> None:
    shown = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert set(json.loads(shown.stdout)) <= {
        "seedbed",
        "seedbed.testing",
        "seedbed.testing.plugin",
        "pkgutil",
    }


@pytest.mark.slow
def test_a_run_that_uses_nothing_of_it_loads_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_what_is_loaded():\n"
        "    heavy = ('seedbed', 'aiohttp', 'pydantic', 'orjson')\n"
        "    print('loaded', *sorted(name for name in sys.modules if name.startswith(heavy)))\n"
    )

    command = [sys.executable, "-m", "pytest", "-s", "-q", "test_other.py"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)

    assert "loaded seedbed seedbed.testing seedbed.testing.plugin\n" in shown.stdout


@pytest.mark.slow
def test_doubles_need_no_pytest_and_contracts_say_what_they_need() -> None:
    program = """
import sys
sys.modules["pytest"] = None
from seedbed.testing import EchoLLM, FaultyLLM, RecordedLLM, ScriptedLLM, ScriptedServer, fake_distribution
from seedbed import UsageError
try:
    from seedbed.testing import LLMContract
except UsageError as error:
    print(error)
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert shown.stdout == "'LLMContract' needs the package 'pytest'\n  pip install 'seedbed[testing]'\n"


def test_the_page_of_the_reference_has_every_public_name() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "testing.md").read_text()

    assert sorted(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == testing.__all__


@pytest.mark.parametrize("name", testing.__all__)
def test_every_public_object_says_what_it_is(name: str) -> None:
    assert inspect.getdoc(getattr(testing, name))
