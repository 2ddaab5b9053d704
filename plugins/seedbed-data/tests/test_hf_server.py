"""`hf` and `hf://` over a Hub on loopback: whole datasets, and a token that goes and shows nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from aiohttp import web
from tests.support.hub_server import TOKEN, HubServer

# Not imported here: a second, in each process that collects tests.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(find_spec("datasets") is None, reason="no datasets")]


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A Hub with a private dataset of two files."""
    with HubServer() as server:
        for file, first in (("a", 0), ("b", 3000)):
            rows = b"".join(b'{"n":%d}\n' % number for number in range(first, first + 3000))
            server.put("ada/rows", f"{file}.jsonl", rows, private=True)
        yield server


class Shell:
    """Runs the command with the Hub's address and a token, in a folder without anything of the user's."""

    def __init__(self, hub: HubServer, folder: Path) -> None:
        self.folder = folder
        home = folder.parent / "home"
        own = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(home), "HOME": str(home)}
        self.variables = {**os.environ, **own, "HF_HUB_DISABLE_XET": "1"}
        self.said: list[str] = []

    def __call__(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "seedbed", *arguments],
            cwd=self.folder,
            env={**self.variables, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        self.said += [done.stdout, done.stderr]
        return done

    def shows_no_token(self) -> bool:
        """Whether neither a message nor a file has it."""
        kept = [path.read_bytes() for path in self.folder.rglob("*") if path.is_file()]
        said = "".join(self.said)
        return (
            TOKEN not in said and "Traceback" not in said and not any(TOKEN.encode() in one for one in kept)
        )


@pytest.fixture
def seedbed(hub: HubServer, tmp_path: Path) -> Shell:
    (tmp_path / "work").mkdir()
    return Shell(hub, tmp_path / "work")


def numbers(path: Path) -> list[str]:
    return path.read_text().splitlines()


WHOLE = [f'{{"n":{number}}}' for number in range(6000)]


def test_a_dataset_whose_server_fails_halfway_is_read_to_its_end_by_the_same_command(
    hub: HubServer, seedbed: Shell
) -> None:
    is_broken = True

    async def refuse(request: web.Request) -> web.Response | None:
        if is_broken and request.path.endswith("/b.jsonl"):
            return web.Response(status=403, text=f"no rights for {request.headers['Authorization']}")
        return None

    hub.faults.append(refuse)
    command = ("run", "hf", "--set", "dataset=ada/rows", "-o", "rows.jsonl")
    broken = seedbed(*command)

    assert broken.returncode == 1
    assert "the rest of the input was not read" in broken.stderr
    assert "the Hub doesn't accept the token" in broken.stderr
    assert not (seedbed.folder / "rows.jsonl").exists()

    is_broken = False
    whole = seedbed(*command)
    assert whole.returncode == 0, whole.stderr
    assert numbers(seedbed.folder / "rows.jsonl") == WHOLE
    seedbed("runs", "explain", "rows")
    seedbed("runs", "show", "rows", "--json")
    assert seedbed.shows_no_token()


def test_files_of_a_dataset_are_read_by_their_addresses(hub: HubServer, seedbed: Shell) -> None:
    address = "hf://datasets/ada/rows/*.jsonl"
    done = seedbed("run", "jsonl", "--set", f"path={address}", "-o", "rows.jsonl")
    assert done.returncode == 0, done.stderr
    assert numbers(seedbed.folder / "rows.jsonl") == WHOLE

    async def refuse(request: web.Request) -> web.Response | None:
        return web.Response(status=403, text=f"no rights for {request.headers.get('Authorization')}")

    hub.faults.append(refuse)
    refused = seedbed("run", "jsonl", "--set", f"path={address}", "--name", "refused")
    assert f"'{address}' cannot be read: " in refused.stderr
    assert seedbed.shows_no_token()


def test_a_token_that_the_hub_refuses_and_one_from_a_login_are_not_shown(
    hub: HubServer, seedbed: Shell
) -> None:
    home = seedbed.folder.parent / "home"
    home.mkdir()
    (home / "token").write_text(TOKEN)

    async def refuse(request: web.Request) -> web.Response | None:
        return web.Response(status=401, text=f"wrong: {request.headers.get('Authorization')}")

    hub.faults.append(refuse)
    done = seedbed("run", "hf", "--set", "dataset=ada/rows", "-n", "1", HF_TOKEN="")

    assert done.returncode == 2
    assert "'ada/rows' cannot be read" in done.stderr
    assert seedbed.shows_no_token()
