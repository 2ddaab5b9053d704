"""The modules that an import loads, measured in a new interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
exec(sys.argv[2])
before = set(sys.modules)
exec(sys.argv[3])
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_loaded(statement: str, *, given: str = "") -> list[str]:
    """Return the modules that a statement loads in a new interpreter, without those that `given` loads.

        assert "torch" not in modules_loaded("import my_package")

    If the statement fails, raises AssertionError with its output.
    """
    command = [sys.executable, "-c", _PROGRAM, json.dumps(sys.path), given, statement]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"'{statement}' fails:\n{ended.stderr}"
    loaded: list[str] = json.loads(ended.stdout.splitlines()[-1])
    return loaded


def is_importable(module: str) -> bool:
    """Whether a new interpreter would find a module by its name."""
    try:
        return find_spec(module) is not None and module != "__main__"
    except (ImportError, ValueError):
        return False
