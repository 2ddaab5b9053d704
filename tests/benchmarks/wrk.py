"""wrk, a load generator in C: what a server on this machine can be made to answer."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.nginx import INSTALL, MODEL, Missing
from tests.benchmarks.prompt import prompt

_SCRIPT = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = {body}
"""


def requests_per_second(
    base_url: str, connections: int, seconds: int = 10, asked: Mapping[str, Any] | None = None
) -> float:
    """Return how many answers a second wrk gets over so many connections."""
    program = shutil.which("wrk")
    if program is None:
        raise Missing(f"wrk is not installed: {INSTALL}")
    asked = asked or {"messages": [{"role": "user", "content": prompt(0)}]}
    body = json.dumps({"model": MODEL, **asked})
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(_SCRIPT.format(body=f"[==[{body}]==]"))
        command = [program, f"-c{connections}", "-t1", f"-d{seconds}s", "-s", str(script)]
        ended = subprocess.run(
            [*command, f"{base_url}/chat/completions"], stdout=subprocess.PIPE, text=True, check=True
        )
    if "Non-2xx" in ended.stdout or (found := re.search(r"Requests/sec:\s+([\d.]+)", ended.stdout)) is None:
        raise RuntimeError(ended.stdout)
    return float(found[1])
