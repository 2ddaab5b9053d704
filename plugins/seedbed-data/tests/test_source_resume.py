"""A resumed run goes on behind the rows that are there, and doesn't parse them again."""

from __future__ import annotations

import gzip
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
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
    "gz": "_row_of_line",
    "csv": "",
    "parquet": "",
    "arrow": "",
    "text": "read_text",
    "rows": "",
}


@contextmanager
def counted(function: str) -> Iterator[Counter[str]]:
    """Count the calls of a function, and the rows that Arrow's values become, on every thread."""
    calls: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, given: Any) -> None:
        if event == "call" and frame.f_code.co_name in (function, "_decoded"):
            calls[frame.f_code.co_name] += 1

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield calls
    finally:
        threading.setprofile(None)
        sys.setprofile(None)


def source(kind: str, folder: Path) -> dict[str, Any]:
    if kind == "rows":
        return {"rows": ROWS}
    if kind in ("jsonl", "gz"):
        content = b"\n\n".join(map(orjson.dumps, ROWS))
        path = folder / f"a.{kind}"
        path.write_bytes(gzip.compress(content) if kind == "gz" else content)
        return {"path": path}
    if kind == "csv":
        (folder / "a.csv").write_text("n,text\n" + "".join(f'{row["n"]},"{row["text"]}\n"\n' for row in ROWS))
        return {"path": folder / "a.csv"}
    if kind == "parquet":
        for number in range(2):
            half = ROWS[200 * number : 200 * number + 200]
            pq.write_table(pa.Table.from_pylist(half), folder / f"{number}.parquet", row_group_size=30)
        return {"path": folder}
    if kind == "arrow":
        pyarrow.feather.write_feather(pa.Table.from_pylist(ROWS), str(folder / "a.arrow"), chunksize=30)
        return {"path": folder}
    for row in ROWS:
        (folder / f"{row['n']:03}.txt").write_text(str(row["text"]))
    return {"path": folder}


@pytest.mark.variants(2)
@pytest.mark.parametrize("kind", CALLS)
def test_rows_that_are_there_are_not_parsed_again(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    parameters = source(kind, tmp_path / "in")
    name = {"gz": "jsonl"}.get(kind, kind)
    whole = [*run(get_step(name, **parameters)).rows()]
    run(get_step(name, **parameters), 200, name="half")
    with counted(CALLS[kind]) as calls:
        resumed = run(get_step(name, **parameters), 400, name="half")

    assert len(whole) == 400
    assert [*resumed.rows()] == whole
    # What the first session had read ahead and not kept is read again, and no more.
    expected = {"jsonl": 200, "gz": 200, "text": 200}.get(kind)
    if expected is not None:
        assert calls[CALLS[kind]] == expected
    # A row group or batch that is half wanted is decoded from the row on that is wanted.
    if kind in ("parquet", "arrow"):
        assert calls["_decoded"] == 200


def test_a_longer_file_is_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, ROWS[:5])) + b"\n")
    run(get_step("jsonl", path=path), name="grows")
    with path.open("ab") as file:
        file.write(orjson.dumps(ROWS[5]))

    assert [*run(get_step("jsonl", path=path), name="grows").rows()] == ROWS[:6]
