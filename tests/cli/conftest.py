"""A folder with tasks and an LLM in a file, and the command run in it."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from seedbed.cli import invoke
from seedbed.cli.terminal import progress

SOURCE = '''
import asyncio
import threading
import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from seedbed import Capabilities, Choice, GeneratorTask, LLM, Reject, Request, Response, Step, Task, Usage
from seedbed import AuthenticationError


class Echo(LLM):
    """Answers with the last message in capitals."""

    api_key: SecretStr | None = None
    cut: bool = False
    refuses: bool = False
    strict: bool = False
    waits_for: Path | None = Field(default=None, description="Answer 'wait' when this file exists.")
    blocks: bool = False

    def model_post_init(self, context):
        super().model_post_init(context)
        if self.strict:
            raise RuntimeError(f"cannot use {self.api_key.get_secret_value()}")

    @property
    def capabilities(self):
        return Capabilities(seed=True, structured_output=True)

    async def check(self):
        if self.refuses:
            raise AuthenticationError("the key was refused", "set ECHO_API_KEY")

    async def respond(self, request: Request) -> Response:
        text = request.messages[-1]["content"]
        if self.blocks:
            Path("blocking").touch()
            time.sleep(60)
        if "wait" in text and self.waits_for:
            with open("waiting", "a") as waiting:
                print("one more", file=waiting)
            while not self.waits_for.exists():
                await asyncio.sleep(0.01)
        reason = "length" if self.cut else "stop"
        return Response(choices=(Choice(text=text.upper(), finish_reason=reason),), usage=Usage(10, 20))


class Keyed(Echo):
    api_key: SecretStr


class Haiku(GeneratorTask):
    """Writes a haiku.

    Three lines each.
    """

    template: str = "A {{ style }} haiku about {{ season }}"
    style: Literal["calm", "wild"] = Field(default="calm", description="Mood of the poem.")
    words: list[str] = Field(default_factory=list, description="Words to use.")
    lines: int = Field(default=3, ge=1, description="Number of lines.")
    title: str | None = None
    outputs = property(lambda self: ["haiku"])

    def sample(self, index, rng):
        return {"season": rng.choice(["spring", "autumn"]), "index": index}

    def format_output(self, output, input):
        return {"haiku": output}


class Odd(Haiku):
    def format_output(self, output, input):
        if input["index"] % 2:
            raise ValueError("an odd one\\nand no other")
        return {"haiku": output}


class Picky(Haiku):
    def format_output(self, output, input):
        if input["index"] == 0:
            raise Reject("too dull")
        return {"haiku": output}


class Noisy(Haiku):
    def format_output(self, output, input):
        print("noise from python")
        import os
        os.system("echo noise from a child process")
        return {"haiku": output}


class Waiting(Haiku):
    template: str = "{% if index >= 4 %}wait{% else %}go{% endif %}"


class Needy(Haiku):
    instruction: str = Field(description="What to do.")


class Clumsy(Haiku):
    def model_post_init(self, context):
        raise RuntimeError("no good")


class Slow(Haiku):
    def load(self):
        super().load()
        Path("loading").touch()
        while not Path("loaded").exists():
            time.sleep(0.01)


class Answer(Task):
    """Answers a question."""

    template: str = "Answer: {{ question }}"


class Count(Step):
    """Counts the columns."""

    def process(self, row):
        return {**row, "columns": len(row)}
'''

COMMAND = str(Path(sys.executable).with_name("seedbed"))


class Result(NamedTuple):
    """What one command did."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """The error, where it is one of the form that all of them have."""
        assert self.err.startswith("error: "), self.err
        assert "Traceback" not in self.err
        return self.err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with `t.py`, away from any settings file."""
    (tmp_path / "t.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def seedbed(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Runs the command inside this process; it says nothing of its progress, however slow the machine is."""
    monkeypatch.setattr(progress, "_LINE_SECONDS", math.inf)
    monkeypatch.setattr(progress, "_QUIET_LOADING_SECONDS", math.inf)

    def run(*args: str) -> Result:
        capfd.readouterr()
        status = invoke(args)
        return Result(status, *capfd.readouterr())

    return run


@pytest.fixture
def start(folder: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts the installed command as a process of its own."""

    def popen(*args: str, **options: Any) -> subprocess.Popen[str]:
        defaults = {"env": {**os.environ, "COLUMNS": "80"}, "text": True}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **defaults, **options}
        # As from a terminal: if the tests run under nohup, the command would ignore SIGHUP too.
        pipes.setdefault("preexec_fn", partial(signal.signal, signal.SIGHUP, signal.SIG_DFL))
        return subprocess.Popen([COMMAND, *args], **pipes)

    return popen
