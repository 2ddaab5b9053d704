"""`import seedbed` is quick: it loads no provider, HTTP client, YAML, terminal or Arrow library."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "aiohttp",
    "anthropic",
    "click",
    "httpx",
    "httpx2",
    "jinja2",
    "openai",
    "orjson",
    "pluggy",
    "pyarrow",
    "pydantic",
    "rich",
    "xllamacpp",
    "yaml",
}


def loaded(statement):
    """Return the top-level packages that a statement loads in a new interpreter."""
    program = f"{statement}\nimport json, sys\nprint(json.dumps([n.split('.')[0] for n in sys.modules]))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(shown.stdout))


def test_import_seedbed_loads_nothing_heavy():
    assert loaded("import seedbed") & HEAVY == set()


def test_listing_its_names_loads_nothing_heavy():
    assert loaded("import seedbed; dir(seedbed); seedbed.__all__") & HEAVY == set()


def test_errors_and_hooks_load_nothing_heavy():
    assert loaded("from seedbed import SeedbedError") & HEAVY == set()
    assert loaded("from seedbed import hookimpl") & HEAVY == {"pluggy"}


@pytest.mark.parametrize("name", ["LLM", "Task", "GeneratorTask", "http_error"])
def test_what_plugin_modules_begin_with_loads_no_http_client(name):
    heavy = loaded(f"from seedbed import {name}") & HEAVY
    assert heavy <= {"pydantic", "orjson", "jinja2", "pluggy"}
