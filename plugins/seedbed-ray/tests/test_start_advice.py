"""A worker that can't start says what to do about it."""

from __future__ import annotations

import pytest

from seedbed_ray.start_advice import advice_for

FAILED = "Failed to set up runtime environment. "


@pytest.mark.parametrize(
    ("reason", "has_runtime_env", "said"),
    [
        # What Ray 2.60 says, of an environment that `uv venv` made, without and with virtualenv in it.
        (f"{FAILED}RuntimeError: Please install virtualenv `python -m pip ...`", True, "install virtualenv"),
        (f"{FAILED}/tmp/x/virtualenv/bin/python: No module named pip", True, "uv pip install pip"),
        (f"{FAILED}ERROR: No matching distribution found for sedbed-openai", True, "runtime_env_agent.log"),
        ("The actor died because its node has died.", True, "each node needs seedbed-ray"),
        ("The actor died: ModuleNotFoundError: No module named 'seedbed_ray'", False, "or have Ray install"),
    ],
)
def test_the_advice_fits_the_cause(reason: str, has_runtime_env: bool, said: str) -> None:
    assert said in "\n".join(advice_for(reason, has_runtime_env=has_runtime_env))
