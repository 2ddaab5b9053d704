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

from seedbed import Row, get_step, run
from seedbed.engine.resume.checkpoint import EVERY
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.threads import Threads

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

    # Only threads that start from now on are seen.
    loop, threads = loop_thread(), Threads()
    before, loop.threads = loop.threads, threads
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield calls
    finally:
        threading.setprofile(None)
        sys.setprofile(None)
        loop.threads = before
        threads.shutdown()


CONTENTS: dict[str, Callable[[list[Row]], bytes]] = {
    "jsonl": lambda rows: b"\n\n".join(map(orjson.dumps, rows)),
    "json": lambda rows: orjson.dumps(rows, option=orjson.OPT_INDENT_2),
    # Quoted line breaks and quotes, and empty lines, on half of the rows.
    "csv": lambda rows: (
        "n,text\r\n"
        + "".join(f'{row["n"]},"{row["text"]}\r\n""so"""\r\n\r\n{row["n"]},plain\r\n' for row in rows[::2])
    ).encode("utf-8-sig"),
}
LOOKED_AT = 100
"""Rows of a file that a run looks at before, to see their columns."""


def looked_at(kind: str) -> int:
    """Return how many rows are read before the run: of texts one more, to see whether there are more."""
    return LOOKED_AT if in_files_of_rows(kind) else LOOKED_AT + 1 if kind == "text" else 0


def in_files_of_rows(kind: str) -> bool:
    return kind.partition(".")[0] in (*CONTENTS, "parquet", "arrow")


def source(kind: str, folder: Path, rows: list[Row] = ROWS) -> dict[str, Any]:
    if kind == "rows":
        return {"rows": rows}
    ending, _, packed = kind.partition(".")
    if ending in CONTENTS:
        content = CONTENTS[ending](rows)
        (folder / f"a.{kind}").write_bytes(PACKERS[packed](content) if packed else content)
        return {"path": folder / f"a.{kind}"}
    if kind == "parquet":
        for number in range(2):
            half = rows[number * len(rows) // 2 : (number + 1) * len(rows) // 2]
            pq.write_table(pa.Table.from_pylist(half), folder / f"{number}.parquet", row_group_size=30)
        return {"path": folder}
    if kind == "arrow":
        pyarrow.feather.write_feather(pa.Table.from_pylist(rows), str(folder / "a.arrow"), chunksize=30)
        return {"path": folder}
    if kind == "hf":
        (folder / "train.jsonl").write_bytes(CONTENTS["jsonl"](rows))
        return {"folder": folder}
    for row in rows:
        text = f"<p>{row['text']}</p>" if kind == "documents" else str(row["text"])
        (folder / f"{row['n']:03}.{'html' if kind == 'documents' else 'txt'}").write_text(text)
    return {"path": folder}


@pytest.mark.slow
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
        assert calls[CALLS[kind]] == 200 + looked_at(kind) + (2 if CALLS[kind] == "_records" else 0)


DYING = """
import os, signal, sqlite3, time
from pathlib import Path
from seedbed import Step


class Dying(Step):
    def process(self, row):
        die = Path("die")
        if die.exists() and any(die.read_text() in str(value) for value in row.values()):
            store = sqlite3.connect(*Path("runs").rglob("run.db"), timeout=30)
            least = int(die.read_text()) // 3
            while store.execute("SELECT count(*) FROM results WHERE step != 'dying'").fetchone()[0] < least:
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
def test_a_killed_run_parses_few_rows_again_that_are_kept(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_files, last = in_files_of_rows(kind), 6300 if in_files_of_rows(kind) else 150
    (tmp_path / "in").mkdir()
    (tmp_path / "dying.py").write_text(DYING)
    (tmp_path / "die").write_text(str(last))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDBED_RUNS", "runs")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "dying", raising=False)
    rows = [{"n": n, "text": f"row {n}"} for n in range(7_000)] if in_files else ROWS
    parameters = orjson.loads(orjson.dumps(source(kind, tmp_path / "in", rows), default=str))
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

    assert last // 3 <= kept < len(rows)
    assert Path("half.jsonl").read_bytes() == Path("whole.jsonl").read_bytes()
    if in_files:
        # Rows of files aren't kept themselves, and how far the run has got is noted from time to time.
        assert calls[CALLS[kind]] <= LOOKED_AT + len(rows) - EVERY + 2
    elif CALLS[kind]:
        assert calls[CALLS[kind]] == 400 - kept + looked_at(kind) + (CALLS[kind] == "_records")


def test_a_longer_file_is_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, ROWS[:5])) + b"\n")
    run(get_step("jsonl", path=path), name="grows")
    with path.open("ab") as file:
        file.write(orjson.dumps(ROWS[5]))

    assert [*run(get_step("jsonl", path=path), name="grows").rows()] == ROWS[:6]
