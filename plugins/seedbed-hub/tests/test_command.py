"""`seedbed run -o hf://...` and `seedbed runs push`, as people type them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from tests.support.hub_server import HubServer

from seedbed.cli import invoke

from .test_push import rows_on

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

Seedbed = Callable[..., "subprocess.CompletedProcess[str]"]

PIPELINE = """
input: rows.jsonl
steps:
  - use: map
    with: {make: {twice: "text ~ text"}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a pipeline that needs no model."""
    lines = (json.dumps({"text": f"text {number}"}) + "\n" for number in range(100))
    (tmp_path / "rows.jsonl").write_text("".join(lines))
    (tmp_path / "made.yaml").write_text(PIPELINE)
    return tmp_path


def process(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "seedbed", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def seedbed(
    hub: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command in the folder, inside this process."""
    monkeypatch.chdir(folder)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        capfd.readouterr()
        status = invoke(words)
        return subprocess.CompletedProcess(words, status, *capfd.readouterr())

    return run


@pytest.mark.slow
def test_run_pushes_at_its_end_and_says_where_the_rows_are(hub: HubServer, folder: Path) -> None:
    ended = process(folder, "run", "made.yaml", "-o", "hf://ada/texts", "--private")
    assert ended.returncode == 0, ended.stderr
    assert "100 rows in hf://ada/texts" in ended.stderr
    assert [row["twice"] for row in rows_on(hub, "ada/texts")][:2] == ["text 0text 0", "text 1text 1"]
    assert hub.repositories["ada/texts"].private
    assert "Upload" not in ended.stderr
    assert hub.token not in ended.stderr


def test_a_run_on_disk_is_pushed_later(hub: HubServer, seedbed: Seedbed) -> None:
    assert seedbed("run", "made.yaml", "-o", "made.jsonl").returncode == 0
    ended = seedbed("runs", "push", "made", "hf://ada/texts@v2", "--split", "train=0.8,test=0.2")
    assert ended.returncode == 0, ended.stderr
    assert len(rows_on(hub, "ada/texts", "v2")) == 100
    again = seedbed("runs", "push", "made", "hf://ada/texts@v2", "--split", "train=0.8,test=0.2")
    assert again.returncode == 0, again.stderr
    assert hub.messages("ada/texts", "v2") == ["100 rows by Seedbed"]


@pytest.mark.slow
def test_the_source_hf_reads_back_what_was_pushed(hub: HubServer, folder: Path, seedbed: Seedbed) -> None:
    assert seedbed("run", "made.yaml", "-o", "hf://ada/texts", "--shard-rows", "40").returncode == 0
    (folder / "back.yaml").write_text("steps:\n  - use: hf\n    with: {dataset: ada/texts}\n")
    # In processes: `datasets` reads the Hub's address when it's imported, which another test may have done.
    refused = process(folder, "run", "back.yaml", "-o", "back.jsonl")
    assert "reached with your account" in refused.stderr
    ended = process(folder, "run", "back.yaml", "-o", "back.jsonl", "--allow-path", "hf://ada")
    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in (folder / "back.jsonl").read_text().splitlines()]
    assert rows == [{"text": f"text {n}", "twice": f"text {n}text {n}"} for n in range(100)]


@pytest.mark.variants(1)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hf://texts",), "names no user"),
        (("hf://models/ada/texts",), "address of a model"),
        (("hf://ada/texts@",), "can't be one"),
        (("hfs://ada/texts",), "no format for addresses with 'hfs://'"),
    ],
)
def test_wrong_addresses_are_refused_before_anything_is_made(
    hub: HubServer, folder: Path, seedbed: Seedbed, words: tuple[str, ...], said: str
) -> None:
    ended = seedbed("run", "made.yaml", "-o", *words)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert not hub.calls
    assert not (folder / "runs").exists()


def test_a_failed_push_keeps_the_run_which_is_pushed_later(hub: HubServer, seedbed: Seedbed) -> None:
    async def full(request: web.Request) -> web.Response | None:
        if "/commit/" not in request.path:
            return None
        return web.json_response(
            {"error": "Storage is full"}, status=403, headers={"X-Error-Message": "Full"}
        )

    hub.faults.append(full)
    ended = seedbed("run", "made.yaml", "-o", "hf://ada/texts")
    assert ended.returncode == 3
    assert "Full" in ended.stderr
    assert "Traceback" not in ended.stderr
    again = seedbed("runs", "push", "texts", "hf://ada/texts")
    assert (again.returncode, "Full" in again.stderr) == (3, True)
    hub.faults.clear()
    assert seedbed("runs", "push", "texts", "hf://ada/texts").returncode == 0
    assert len(rows_on(hub, "ada/texts")) == 100


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize("when", ["/preupload/", "/storage/", "/commit/"])
def test_a_push_that_is_killed_is_repeated_and_loses_and_doubles_nothing(
    hub: HubServer, folder: Path, seedbed: Seedbed, when: str
) -> None:
    begun: list[subprocess.Popen[bytes]] = []

    async def kill(request: web.Request) -> None:
        if when in request.path and begun:
            os.kill(begun[0].pid, signal.SIGKILL)

    hub.faults.append(kill)
    words = ["run", "made.yaml", "-o", "hf://ada/texts", "--shard-rows", "40"]
    begun.append(
        subprocess.Popen([sys.executable, "-m", "seedbed", *words], cwd=folder, stderr=subprocess.DEVNULL)
    )
    assert begun[0].wait(120) == -signal.SIGKILL
    hub.faults.clear()
    sent = len(hub.uploads)
    ended = seedbed(*words)
    assert ended.returncode == 0, ended.stderr
    assert sorted(row["text"] for row in rows_on(hub, "ada/texts")) == sorted(f"text {n}" for n in range(100))
    assert len(hub.uploads) == len(set(hub.uploads)) == 3
    assert sent <= 3


@pytest.mark.slow
@pytest.mark.parametrize("when", ["/preupload/", "/storage/", "/commit/"])
@pytest.mark.parametrize("words", [("run", "made.yaml", "-o"), ("runs", "push", "made")])
def test_a_push_that_is_interrupted_is_repeated_and_loses_and_doubles_nothing(
    hub: HubServer, folder: Path, seedbed: Seedbed, words: tuple[str, ...], when: str
) -> None:
    assert seedbed("run", "made.yaml", "-o", "made.jsonl").returncode == 0
    begun: list[subprocess.Popen[str]] = []

    async def interrupt(request: web.Request) -> None:
        if when in request.path and begun:
            begun.pop().send_signal(signal.SIGINT)

    hub.faults.append(interrupt)
    command = [sys.executable, "-m", "seedbed", *words, "hf://ada/texts", "--shard-rows", "40"]
    child = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    begun.append(child)
    _, said = child.communicate(timeout=120)
    assert child.returncode in (0, 3), said
    assert "Traceback" not in said
    hub.faults.clear()
    ended = seedbed(*command[3:])
    assert ended.returncode == 0, ended.stderr
    assert sorted(row["text"] for row in rows_on(hub, "ada/texts")) == sorted(f"text {n}" for n in range(100))
    assert len([path for path in hub.files("ada/texts") if path.endswith(".parquet")]) == 3
    assert len(hub.uploads) == len(set(hub.uploads)) == 3
