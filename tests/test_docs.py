"""The generated pages of the reference say what the code says."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from seedbed import PLUGIN_API
from seedbed.plugins.metadata import excludes, required_seedbed, running_version

DOCS = Path(__file__).parents[1] / "docs"


def load_generator() -> dict[str, object]:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.PAGES)


@pytest.mark.parametrize(("page", "write"), load_generator().items())
def test_a_generated_page_is_up_to_date(page: str, write: object) -> None:
    assert callable(write)
    assert (DOCS / "reference" / page).read_text() == write(), "run: uv run python docs/generate.py"


def test_the_page_on_the_plugin_api_has_its_number_and_a_requirement_that_fits() -> None:
    page = (DOCS / "reference" / "plugin-api.md").read_text()
    (line,) = re.findall(r"^dependencies = (\[.*\])$", page, re.MULTILINE)
    required = required_seedbed(json.loads(line))

    assert f"Plugin API **{PLUGIN_API}**" in page
    assert not excludes(required, running_version())
    assert excludes(required, "1.0")
