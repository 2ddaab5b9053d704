"""What importing the plugin costs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
import seedbed_llamacpp
names = {"xllamacpp", "aiohttp", "pydantic", "numpy", "seedbed_llamacpp.llm", "huggingface_hub"}
heavy = names & sys.modules.keys()
assert not heavy, heavy
assert seedbed_llamacpp.seedbed_llm("llamacpp") is seedbed_llamacpp.LlamaCppLLM
assert seedbed_llamacpp.seedbed_embedder("llamacpp") is seedbed_llamacpp.LlamaCppEmbedder
assert "numpy" not in sys.modules
seedbed_llamacpp.LlamaCppLLM(model="smollm2-135m")
assert "xllamacpp" not in sys.modules
"""


@pytest.mark.slow
def test_the_module_is_cheap_until_a_model_is_loaded() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)


WAITING = """
import os
from seedbed_llamacpp.native import xllamacpp_module
before = dict(os.environ)
xllamacpp_module()
assert dict(os.environ) == before
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks GNU's OpenMP")
@pytest.mark.parametrize(("given", "policy"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "active"}, "ACTIVE")])
def test_threads_sleep_while_they_wait_unless_the_environment_says_otherwise(
    given: dict[str, str], policy: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WAITING],
        env={**os.environ, "OMP_DISPLAY_ENV": "true", **given},
        check=True,
        capture_output=True,
        text=True,
    )
    assert f"OMP_WAIT_POLICY = '{policy}'" in ended.stderr
