"""Environments with nothing in them, made by uv: in a second, where pip takes half a minute."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


class CleanEnvironment:
    """An environment in a folder, and the variables of a shell in which it's active."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
        made = ["uv", "venv", "--quiet", "--python", sys.executable, *options, folder]
        subprocess.run(made, check=True)
        path = os.pathsep.join([str(self.scripts), os.environ["PATH"]])
        self.variables = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(folder)}

    def install(self, *packages: str | Path) -> None:
        """Install packages."""
        command = ["uv", "pip", "install", "--quiet", "--python", self.folder, *packages]
        # Not by the repository's own settings, which are those of the folder that it's called in.
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def have_uv_install(environment: Path) -> None:
    """Have uv do what commands ask of `pip` in an environment, for tests that aren't about pip."""
    pip = environment / "bin" / "pip"
    # As pip, it doesn't find what a package needs in the repository's workspace.
    pip.write_text(f"#!/bin/sh\nUV_NO_SOURCES=1 exec uv pip \"$@\" --python '{environment}'\n")
    pip.chmod(0o755)
