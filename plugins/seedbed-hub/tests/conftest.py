"""A Hub on loopback, for this package's tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http
from tests.support.hub_server import HubServer


class Hurried:
    """The clock that huggingface_hub waits by: it tries a server that is down for half a minute."""

    @staticmethod
    def sleep(seconds: float) -> None:
        """Wait a hundredth of it; it tries as often as ever."""
        time.sleep(seconds / 100)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A Hub that accepts the token in the environment, and is the only one that anything here knows."""
    with HubServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", server.token)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        # huggingface_hub read the environment when it was imported; processes that tests start read it above.
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
        monkeypatch.setattr(_http, "time", Hurried)
        yield server
