"""A resumed run goes on behind the rows that are there, and doesn't parse them again."""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from seedbed import get_step, run

ROWS = [{"n": n, "text": f"row {n}"} for n in range(400)]
CALLS = {
    "jsonl": "_row_of_line",
    "csv": "_records",
    "json": "_decode",
    "jsonl.gz": "_row_of_line",
    "csv.bz2": "_records",
    "json.zst": "_decode",
    "csv.xz": "_records",
    "parquet": "_decoded",
    "arrow": "_decoded",
    "text": "read_text",
    "documents": "_converted",
    "hf": "_kept",
    "rows": "",
}
"""What is called for each row that is parsed."""

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda content: pa.compress(content, "zstd", asbytes=True),
}


@contextmanager
def counted(function: str) -> Iterator[Counter[str]]:
    """Count the calls of a function, on every thread; a generator is called for each row that it yields."""
    calls: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, given: Any) -> None:
        if event == "call" and frame.f_code.co_name == function:
            calls[function] += 1

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield calls
    finally:
        threading.setprofile(None)
        sys.setprofile(None)


CONTENTS: dict[str, Callable[[], bytes]] = {
    "jsonl": lambda: b"\n\n".join(map(orjson.dumps, ROWS)),
    "json": lambda: orjson.dumps(ROWS, option=orjson.OPT_INDENT_2),
    # Quoted line breaks and quotes, and empty lines, on half of the rows.
    "csv": lambda: (
        "n,text\r\n"
        + "".join(f'{row["n"]},"{row["text"]}\r\n""so"""\r\n\r\n{row["n"]},plain\r\n' for row in ROWS[:200])
    ).encode("utf-8-sig"),
}


def source(kind: str, folder: Path) -> dict[str, Any]:
    if kind == "rows":
        return {"rows": ROWS}
    ending, _, packed = kind.partition(".")
    if ending in CONTENTS:
        content = CONTENTS[ending]()
        (folder / f"a.{kind}").write_bytes(PACKERS[packed](content) if packed else content)
        return {"path": folder / f"a.{kind}"}
    if kind == "parquet":
        for number in range(2):
            half = ROWS[200 * number : 200 * number + 200]
            pq.write_table(pa.Table.from_pylist(half), folder / f"{number}.parquet", row_group_size=30)
        return {"path": folder}
    if kind == "arrow":
        pyarrow.feather.write_feather(pa.Table.from_pylist(ROWS), str(folder / "a.arrow"), chunksize=30)
        return {"path": folder}
    if kind == "hf":
        (folder / "train.jsonl").write_bytes(CONTENTS["jsonl"]())
        return {"folder": folder}
    for row in ROWS:
        text = f"<p>{row['text']}</p>" if kind == "documents" else str(row["text"])
        (folder / f"{row['n']:03}.{'html' if kind == 'documents' else 'txt'}").write_text(text)
    return {"path": folder}


@pytest.mark.variants(3)
@pytest.mark.parametrize("kind", [kind for kind in CALLS if kind not in ("documents", "hf")])
def test_rows_that_are_there_are_not_parsed_again(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    parameters = source(kind, tmp_path / "in")
    name = kind.partition(".")[0]
    whole = [*run(get_step(name, **parameters)).rows()]
    run(get_step(name, **parameters), 200, name="half")
    with counted(CALLS[kind]) as calls:
        resumed = run(get_step(name, **parameters), 400, name="half")

    assert len(whole) == 400
    assert [*resumed.rows()] == whole
    # What the first session had read ahead and not kept is read again, and no more but the first hundred, to
    # see their columns. A generator is called once more each time, to end.
    if CALLS[kind]:
        looked_at = 100 if name in CONTENTS else 0
        assert calls[CALLS[kind]] == 200 + looked_at + (2 if CALLS[kind] == "_records" else 0)


DYING = """
import os, signal, sqlite3, time
from pathlib import Path
from seedbed import Step


class Dying(Step):
    def process(self, row):
        if Path("die").exists() and any("150" in str(value) for value in row.values()):
            store = sqlite3.connect(*Path("runs").rglob("run.db"), timeout=30)
            while store.execute("SELECT count(*) FROM results WHERE step != 'dying'").fetchone()[0] < 50:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        return row
"""
START = """
import sys, json
from dying import Dying
from seedbed import get_step
(get_step(sys.argv[1], **json.loads(sys.argv[2])) >> Dying()).run(name="half", out="half.jsonl")
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", CALLS)
def test_a_killed_run_parses_no_row_again_that_is_kept(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "dying.py").write_text(DYING)
    (tmp_path / "die").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDBED_RUNS", "runs")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "dying", raising=False)
    parameters = orjson.loads(orjson.dumps(source(kind, tmp_path / "in"), default=str))
    name = kind.partition(".")[0]
    command = [sys.executable, "-c", START, name, orjson.dumps(parameters).decode()]
    assert subprocess.run(command, cwd=tmp_path).returncode == -signal.SIGKILL
    with closing(sqlite3.connect(*tmp_path.rglob("run.db"))) as store:
        (kept,) = store.execute("SELECT count(*) FROM results WHERE step = ?", [name]).fetchone()

    (tmp_path / "die").unlink()
    dying = importlib.import_module("dying").Dying
    with counted(CALLS[kind]) as calls:
        (get_step(name, **parameters) >> dying()).run(name="half", out="half.jsonl")
    (get_step(name, **parameters) >> dying()).run(out="whole.jsonl")

    assert 50 <= kept < 400
    assert Path("half.jsonl").read_bytes() == Path("whole.jsonl").read_bytes()
    if CALLS[kind]:
        assert calls[CALLS[kind]] == 400 - kept + (CALLS[kind] == "_records")


def test_a_longer_file_is_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, ROWS[:5])) + b"\n")
    run(get_step("jsonl", path=path), name="grows")
    with path.open("ab") as file:
        file.write(orjson.dumps(ROWS[5]))

    assert [*run(get_step("jsonl", path=path), name="grows").rows()] == ROWS[:6]
