"""A system that gives no more files, memory or threads is named; it's no bug, and no fault of a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from seedbed.cli.failures import ExitStatus, guarded
from seedbed.errors import DatasetError

resource = pytest.importorskip("resource")

Start = Callable[..., Any]
RUN = ("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "40", "-o", "a.jsonl")


def limit(files: int, most: int | None = None) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most or files))


@pytest.mark.slow
@pytest.mark.parametrize("files", [6, 7, 8, 10, 12, 14, 16])
def test_a_run_for_which_too_few_files_can_be_open_says_so_and_goes_on(
    files: int, start: Start, folder: Path
) -> None:
    stopped = start(*RUN, preexec_fn=partial(limit, files))
    _, err = stopped.communicate()
    assert stopped.returncode in (0, 2, 3), err
    if stopped.returncode:
        assert "too many" in err.lower()
        assert "ulimit -n" in err
        assert "choose" not in err
    again = start(*RUN)
    again.communicate()
    assert again.returncode == 0
    made = [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()]
    assert [row["index"] for row in made] == [*range(40)]


@pytest.mark.slow
def test_as_many_files_are_open_as_the_system_allows(start: Start, folder: Path) -> None:
    with (folder / "t.py").open("a") as tasks:
        tasks.write(
            "\nimport resource\nclass Limit(Haiku):\n"
            "    def sample(self, index, rng):\n"
            "        return {'index': resource.getrlimit(resource.RLIMIT_NOFILE)[0], 'season': 'spring'}\n"
        )
    made = start("run", "t.py:Limit", "--llm", "t.py:Echo/m", "-n", "1", preexec_fn=partial(limit, 64, 300))
    out, err = made.communicate()
    assert made.returncode == 0, err
    assert json.loads(out)["index"] == 300


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the address space")
def test_a_system_that_starts_no_threads_is_named(start: Start, folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(
        "import threading\n"
        'def start(self):\n    raise RuntimeError("can\'t start new thread")\n'
        "threading.Thread.start = start\n"
    )
    ended = start(*RUN, env={"PYTHONPATH": str(folder), "PATH": "", "SEEDBED_RUNS": str(folder / "runs")})
    _, err = ended.communicate()
    assert ended.returncode == 3, err
    assert err.startswith("error: the system lets this process start no more threads")
    assert "Traceback" not in err


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    ("number", "advice"), [(24, "ulimit -n"), (23, "ulimit -n"), (12, "--max-bytes-in-flight")]
)
@pytest.mark.parametrize("name", ["/some/file", None])
def test_the_file_that_was_next_is_not_blamed(
    number: int, advice: str, name: str | None, wrapped: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        error = OSError(number, "no", name) if name else OSError(number, "no")
        if wrapped:
            raise DatasetError("'a' cannot be read: no", "check its permissions") from error
        raise error

    assert guarded(command) == (ExitStatus.USAGE if wrapped else ExitStatus.INTERRUPTED)
    err = capfd.readouterr().err
    assert advice in err
    assert "permissions" not in err
    assert "choose another" not in err


@pytest.mark.slow
@pytest.mark.parametrize("files", [24, 64])
def test_a_dataset_may_have_more_splits_than_files_can_be_open(
    files: int, start: Start, folder: Path
) -> None:
    rows = [{"number": number, "label": f"of_{number % 100}"} for number in range(300)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "p.yaml").write_text("steps:\n  - use: map\n    with: {make: {more: number}}\n")
    words = ("run", "p.yaml", "--input", "rows.jsonl", "-o", "out/", "--split", "label")
    made = start(*words, preexec_fn=partial(limit, files))
    _, err = made.communicate()
    assert made.returncode == 0, err
    found = {path.name.partition("-")[0]: pq.read_table(path) for path in (folder / "out").glob("*.parquet")}
    assert {name: table["number"].to_pylist() for name, table in found.items()} == {
        f"of_{label}": [label, label + 100, label + 200] for label in range(100)
    }
