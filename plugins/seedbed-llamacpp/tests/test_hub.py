"""Files of the Hugging Face hub, from a hub on the loopback address."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seedbed import UsageError
from seedbed_llamacpp.model_files import model_file

CONTENT = b"GGUF and the rest"


ASK = """
import sys
import time
from types import SimpleNamespace
from huggingface_hub.utils import _http
from seedbed import SeedbedError
from seedbed_llamacpp.model_files import model_file
# It tries as often as ever, but waits a hundredth of half a minute.
_http.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 100))
try:
    print(model_file(sys.argv[1]).read_bytes())
except SeedbedError as error:
    print(type(error).__name__, error)
"""


class Hub(BaseHTTPRequestHandler):
    """One repository with one file."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer(CONTENT)

    def _answer(self, content: bytes = b"") -> None:
        repository, _, file = self.path.lstrip("/").partition("/resolve/main/")
        if (repository, file) == ("org/repo", "small.gguf"):
            self.send_response(200)
            self.send_header("X-Repo-Commit", "a" * 40)
            self.send_header("ETag", f'"{hashlib.sha256(CONTENT).hexdigest()}"')
            self.send_header("Content-Length", str(len(CONTENT)))
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound" if repository == "org/repo" else "RepoNotFound")
            self.send_header("Content-Length", "0")
            content = b""
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def hub() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def ask(model: str, home: Path, endpoint: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", ASK, model],
        env={**os.environ, "HF_HOME": str(home), "HF_ENDPOINT": endpoint, "NO_PROXY": "127.0.0.1"},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return ended.stdout


@pytest.mark.slow
def test_a_file_is_downloaded_once_and_then_read_without_a_network(tmp_path: Path) -> None:
    with hub() as endpoint:
        assert ask("hf:org/repo/small.gguf", tmp_path, endpoint) == f"{CONTENT!r}\n"
    assert ask("hf:org/repo/small.gguf", tmp_path, endpoint) == f"{CONTENT!r}\n"


@pytest.mark.slow
def test_what_the_hub_does_not_have_is_an_unknown_model(tmp_path: Path) -> None:
    with hub() as endpoint:
        for model in ("hf:org/repo/none.gguf", "hf:org/none/small.gguf"):
            assert ask(model, tmp_path, endpoint).startswith("UnknownModelError")


@pytest.mark.slow
def test_a_hub_that_cannot_be_reached_says_so(tmp_path: Path) -> None:
    with hub() as endpoint:
        pass
    answer = ask("hf:org/repo/small.gguf", tmp_path, endpoint)
    assert answer.startswith("LLMConnectionError")
    assert "without a network" in answer


@pytest.mark.parametrize("model", ["hf:small.gguf", "hf:org/repo", "hf:org/repo/small.bin", "hf:"])
def test_another_form_is_refused_with_the_right_one(model: str) -> None:
    with pytest.raises(UsageError, match=r"hf:org/repo/file\.gguf"):
        model_file(model)


def test_without_the_extra_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Python does for a module that is not installed.
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)

    with pytest.raises(UsageError, match=r"pip install 'seedbed-llamacpp\[hub\]'"):
        model_file("hf:org/repo/small.gguf")
