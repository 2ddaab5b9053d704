"""The wheel has every module: the build backend leaves out what `.gitignore` matches, tracked or not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_no_module_is_ignored_by_git():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    files = [str(path) for folder in ("src", "plugins") for path in (ROOT / folder).rglob("*.py")]
    modules = [file for file in files if "/src/" in file and "/.venv/" not in file]

    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=ROOT,
        input="\n".join(modules),
        capture_output=True,
        text=True,
        check=False,
    )

    assert modules
    assert ignored.stdout == "", "the wheel would lack these modules: anchor the pattern in .gitignore"
