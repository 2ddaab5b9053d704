"""What importing the plugin costs."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import seedbed_llamacpp
heavy = {"xllamacpp", "aiohttp", "pydantic", "seedbed_llamacpp.llm", "huggingface_hub"} & sys.modules.keys()
assert not heavy, heavy
assert seedbed_llamacpp.seedbed_llm("llamacpp") is seedbed_llamacpp.LlamaCppLLM
seedbed_llamacpp.LlamaCppLLM(model="smollm2-135m")
assert "xllamacpp" not in sys.modules
"""


def test_the_module_is_cheap_until_a_model_is_loaded() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
