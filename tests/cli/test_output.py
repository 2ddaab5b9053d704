"""What plugins print while they're imported stays out of standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.plugins.conftest import Site

PRINTING = """
import ctypes, os, subprocess, sys
from seedbed import Step, hookimpl

print("by Python")
sys.__stdout__.write("by the first stream\\n")
os.write(1, b"by descriptor\\n")
subprocess.run([sys.executable, "-S", "-c", "print('by a child')"])
ctypes.CDLL(None).printf(b"by C\\n")

class Loud(Step):
    "Prints."

    def process(self, row):
        return row

@hookimpl
def seedbed_step(name):
    print("by a hook")
    return Loud
"""


@pytest.mark.skipif(sys.platform == "win32", reason="C's standard output has another name there")
@pytest.mark.parametrize(
    "command", [("schema",), ("plugins", "show", "loud", "--json"), ("plugins", "check", "loud", "--json")]
)
def test_what_plugins_print_does_not_mix_with_json(tmp_path: Path, command: tuple[str, ...]) -> None:
    site = Site(tmp_path / "site")
    site.install("dist-loud", {"seedbed.steps": {"loud": "mod_loud"}}, {"mod_loud": PRINTING})

    done = subprocess.run(
        [sys.executable, "-m", "seedbed", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site.folder)},
        capture_output=True,
        text=True,
    )

    assert "loud" in json.dumps(json.loads(done.stdout))
    assert done.returncode == 0
