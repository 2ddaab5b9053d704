"""A disk that is really full stops a command, which goes on when there is room and asks what was lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from seedbed.cli import invoke

TASK = """
import hashlib
from pathlib import Path
from seedbed import LLM, GeneratorTask, Response

class Long(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index, rng):
        return {"n": index}

class Hashing(LLM):
    async def respond(self, request):
        prompt = request.messages[-1]["content"]
        with Path("asked").open("a") as asked:
            asked.write(prompt + "\\n")
        digests = (hashlib.sha256(f"{prompt}/{k}".encode()).hexdigest() for k in range(30))
        return Response.of_text("".join(digests))
"""

ON_A_SMALL_DISK = """
set -u
mount -t tmpfs -o size=300k none disk
echo old > disk/{old}
{command}; echo $? > first
cp disk/{old} kept
{show} > shown
mount -o remount,size=100m none disk
{command}; echo $? > second
cp disk/out.jsonl made
{show} > shown-after
"""
COMMAND = f"'{sys.executable}' -m seedbed run t.py:Long --llm t.py:Hashing/m -n 200"


def is_a_disk_to_be_had() -> bool:
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "-rm", "true"], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.skipif(not is_a_disk_to_be_had(), reason="a small disk takes a namespace of its own")
@pytest.mark.parametrize(
    ("command", "old", "said"),
    [
        (f"SEEDBED_RUNS=disk/runs {COMMAND} -o disk/out.jsonl", "out.jsonl", "the disk is full: 'disk/"),
        (f"{COMMAND} -o disk/out.jsonl", "out.jsonl", "'disk/out.jsonl' cannot be written: No space"),
        (f"{COMMAND} --name run > disk/out.jsonl", "other", "the output stream cannot be written to: No"),
    ],
    ids=["of the run", "of the dataset", "of standard output"],
)
def test_a_full_disk_is_said_and_the_same_command_goes_on(
    command: str, old: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "t.py").write_text(TASK)
    (tmp_path / "disk").mkdir()
    where = "SEEDBED_RUNS=disk/runs " if "disk/runs" in command else ""
    name = "run" if "--name run" in command else "out"
    show = f"{where}'{sys.executable}' -m seedbed runs show {name} --json"
    script = ON_A_SMALL_DISK.format(command=command, old=old, show=show)

    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert (tmp_path / "first").read_text() == "3\n"
    assert ended.stderr.startswith(f"error: {said}")
    assert "run the same command again to resume" in ended.stderr
    assert (tmp_path / "kept").read_text() == "old\n"
    assert (tmp_path / "second").read_text() == "0\n"
    made = [json.loads(line) for line in (tmp_path / "made").read_text().splitlines()]
    assert [row["n"] for row in made] == [*range(200)]
    assert "Traceback" not in ended.stderr
    for file, outcomes in (("shown", ["stopped"]), ("shown-after", ["stopped", "complete"])):
        sessions = json.loads((tmp_path / file).read_text())["sessions"]
        assert [session["outcome"] for session in sessions] == outcomes
        assert said.partition(":")[0] in sessions[0]["summary"]["stopped_by"]
    asked = Counter((tmp_path / "asked").read_text().split())
    if "disk/runs" not in command:  # there answers may be lost that the disk had no room for
        assert set(asked.values()) == {1}


ON_A_DISK_THAT_TAKES_NOTHING = """
set -u
mount -t tmpfs -o size=2m none disk
{run} -o a.jsonl
dd if=/dev/zero of=disk/fill bs=1k count=10000 2> /dev/null
{remount}
run() {{ "$@" > out 2>> err; echo "$? $(echo "$*" | cut -d' ' -f4,5)" >> statuses; }}
run {seedbed} runs show a
run {seedbed} runs explain a
run {seedbed} runs export a -o b.jsonl
run {seedbed} runs copy a ./copied
run {run} -o a.jsonl --restart
run {seedbed} runs export a -o c.jsonl
run {run} -o d.jsonl
ls disk/runs > left
run {seedbed} runs remove a --yes
"""


@pytest.mark.slow
@pytest.mark.skipif(not is_a_disk_to_be_had(), reason="a small disk takes a namespace of its own")
@pytest.mark.parametrize(
    ("remount", "begins", "removed"),
    [("", 3, 0), ("mount -o remount,ro none disk", 2, 2)],
    ids=["full", "read-only"],
)
def test_a_run_on_a_disk_that_takes_nothing_is_read_and_copied_away_and_stays_what_it_is(
    remount: str, begins: int, removed: int, tmp_path: Path
) -> None:
    (tmp_path / "t.py").write_text(TASK)
    (tmp_path / "disk").mkdir()
    seedbed = f"'{sys.executable}' -m seedbed"
    run = f"{seedbed} run t.py:Long --llm t.py:Hashing/m -n 20"
    script = ON_A_DISK_THAT_TAKES_NOTHING.format(run=run, seedbed=seedbed, remount=remount)

    subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "SEEDBED_RUNS": "disk/runs"},
        check=True,
    )

    said = (tmp_path / "err").read_text()
    statuses = (tmp_path / "statuses").read_text().splitlines()
    assert statuses == [
        *("0 runs show", "0 runs explain", "0 runs export", "0 runs copy"),
        *(f"{begins} run t.py:Long", "0 runs export", f"{begins} run t.py:Long", f"{removed} runs remove"),
    ], said
    made = (tmp_path / "a.jsonl").read_bytes()
    assert made.count(b"\n") == 20
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "c.jsonl").read_bytes() == made
    assert (tmp_path / "left").read_text() == "a\n"
    assert "Traceback" not in said
    assert "this is a bug" not in said
    assert ("make room on it" in said) == (not remount)


@pytest.mark.variants(1)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("command", ["plugins", "schema"])
def test_what_is_shown_on_a_full_disk_ends_with_a_word(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "seedbed", command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    said = "error: standard output cannot be written to: No space left on device\n  free some space there\n"
    assert (ended.returncode, ended.stderr) == (3, said)


@pytest.fixture(scope="module")
def runs_to_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, and of the same one in two shards."""
    folder = tmp_path_factory.mktemp("full")
    (folder / "in.jsonl").write_text("".join(f'{{"text": "{n} {"x" * 100}"}}\n' for n in range(400)))
    make = ["run", "map", "--set", "make.n=text | length", "--input", "in.jsonl"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SEEDBED_RUNS", "runs")
        for name, more in (("a", []), ("s1", ["--shard", "1/2"]), ("s2", ["--shard", "2/2"])):
            assert invoke([*make, "--name", name, *more]) == 0
    return folder / "runs"


@pytest.mark.slow
@pytest.mark.skipif(not is_a_disk_to_be_had(), reason="a small disk takes a namespace of its own")
@pytest.mark.parametrize("command", ["runs copy a disk/copied", "runs copy a b", "runs merge m s1 s2"])
def test_a_full_disk_stops_what_copies_runs_with_status_3(
    tmp_path: Path, runs_to_copy: Path, command: str
) -> None:
    (tmp_path / "disk").mkdir()
    script = (
        f"mount -t tmpfs -o size=1m none disk; cp -r '{runs_to_copy}' disk; export SEEDBED_RUNS=disk/runs; "
        "dd if=/dev/zero of=disk/fill bs=1k count=5000 2> /dev/null; "
        f"exec '{sys.executable}' -m seedbed {command}"
    )

    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 3, ended.stderr
    assert "No space left" in ended.stderr or "disk is full" in ended.stderr
