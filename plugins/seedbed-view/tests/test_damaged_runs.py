"""Runs whose files are damaged: every page answers, and says what's wrong."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.damaged import CELLS, VALUES, Cell
from tests.support.viewing import Answer, cookie_of, request

from seedbed import Ratings, Request, RunReader, SeedbedError, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_view import Viewer, shared_page

PATHS = (
    "/runs/copy",
    "/runs/copy/timeline",
    "/runs/copy/rows",
    "/runs/copy/rows?q=tea",
    "/runs/copy/rows?sort=text",
    "/runs/copy/rows?where=len(instruction)>1",
    "/runs/copy/refused",
    "/runs/copy/ratings",
    "/runs/copy/compare?with=two",
    "/runs/two/compare?with=copy",
)


def answered(request: Request) -> str | None:
    return None if "fail" in str(request.messages) else "It's hot."


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that has failures, ratings and a calibration, and one to compare it with."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEEDBED_RUNS", str(folder))
        rows = [{"instruction": word * 40} for word in ("tea ", "fail ", "milk ")]
        for name in ("one", "two"):
            run(get_task("text-generation", llm=ScriptedLLM(answered)), input=rows, name=name)
        with RunReader.open(folder / "one") as reader:
            leaf = reader.leaves()[0]
            ratings = Ratings(reader, leaf)
            for row in reader.rows(leaf).placed():
                ratings.rate(row.row, "good", rater="ada", label="x", note="y")
    with closing(sqlite3.connect(folder / "one" / "ratings.db")) as file, file:
        file.execute(
            "INSERT INTO calibrations VALUES (?, 'score', '2026-01-01T00:00:00+00:00', 3.0, '[]', ?)",
            [leaf, '{"kappa": 0.5}'],
        )
    return folder


@pytest.fixture(scope="module")
def viewer(whole: Path) -> Iterator[Viewer]:
    """The server of those runs, and of damaged copies of the first."""
    with Viewer(whole) as viewer:
        yield viewer


@pytest.fixture
def copy(whole: Path, viewer: Viewer) -> Iterator[Copy]:
    """A copy of the first run, to be damaged."""
    copy = Copy(whole, viewer)
    yield copy
    copy.renew()


class Copy:
    """A copy of the run `one` in its folder, to be damaged, and the pages about it."""

    def __init__(self, folder: Path, viewer: Viewer) -> None:
        self._whole = folder / "one"
        self.run = folder / "copy"
        self._viewer, self._cookie = viewer, cookie_of(viewer)
        self.renew()
        with RunReader.open(self._whole) as reader:
            self.leaf = reader.leaves()[0]
            self.rows = [one.row for one in reader.verdicts(self.leaf)]

    def renew(self) -> None:
        shutil.rmtree(self.run, ignore_errors=True)
        shutil.copytree(self._whole, self.run)

    def damage(self, cell: Cell, value: object, where: str = "") -> None:
        file, table, column = cell
        with closing(sqlite3.connect(self.run / file)) as connection, connection:
            connection.execute(f"UPDATE OR REPLACE {table} SET {column} = ? {where}", [value])

    def get(self, path: str) -> Answer:
        return request(self._viewer, path, {"Cookie": self._cookie})

    def check(self) -> None:
        """Check that every page answers, with what's wrong if it can't be shown."""
        for path in (*PATHS, *(path for row in self.rows for path in self._of_row(row))):
            answer = self.get(path)
            assert answer.status < 500, path
            assert answer.status == 200 or len(answer.text) > 20, path
        for path in ("/", "/runs/two", "/runs/two/rows"):
            assert self.get(path).status == 200
        with suppress(SeedbedError):
            shared_page(self.run)

    def _of_row(self, row: str) -> tuple[str, ...]:
        about = f"id={quote(row, safe='')}&step={self.leaf}"
        return (
            f"/runs/copy/row?{about}",
            f"/runs/copy/text?{about}&column=generation",
            f"/runs/copy/call?{about}&number=0",
        )


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cell=st.sampled_from(CELLS), value=st.sampled_from(VALUES))
def test_any_value_in_any_column_is_survived(copy: Copy, cell: Cell, value: object) -> None:
    check_with(copy, cell, value)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    file=st.sampled_from(("run.db", "ratings.db", "run.db.search-text-generation", "run.db.timeline")),
    place=st.floats(0, 1),
    broken=st.binary(min_size=1, max_size=4000),
)
def test_any_bytes_anywhere_in_a_file_are_survived(
    copy: Copy, file: str, place: float, broken: bytes
) -> None:
    copy.renew()
    copy.get("/runs/copy/rows?q=tea")
    path = copy.run / file
    kept = bytearray(path.read_bytes()) if path.exists() else bytearray()
    start = int(place * len(kept))
    kept[start : start + len(broken)] = broken
    path.write_bytes(kept)
    copy.check()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (("run.db", "sessions", "manifest"), '{"steps": 7}'),
        (("run.db", "calls", "answer"), b"x\x9c\x00"),
        (("run.db", "verdicts", "k"), "x"),
        (("ratings.db", "ratings", "columns"), "[]"),
    ],
)
def test_a_damaged_run_leaves_the_list_and_other_runs_as_they_are(
    copy: Copy, cell: Cell, value: object
) -> None:
    check_with(copy, cell, value)


def check_with(copy: Copy, cell: Cell, value: object) -> None:
    copy.renew()
    with suppress(sqlite3.IntegrityError):
        copy.damage(cell, value)
    copy.check()


@pytest.mark.parametrize(
    "value", ['[{"instruction": NaN}]', r'[{"instruction": "\ud800"}]', b"\xff\xfe", "[7]", "["]
)
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_shown(copy: Copy, value: object) -> None:
    copy.damage(("run.db", "results", "data"), value, "WHERE rowid = 1")

    rows = copy.get("/runs/copy/rows").text
    shown = copy.get(f"/runs/copy/row/{copy.rows[0]}")

    assert "of the step &#39;text-generation&#39; can&#39;t be read" in rows
    assert "milk" in rows
    assert shown.status == 400
    assert "can&#39;t be read" in shown.text


def test_a_page_that_cannot_be_made_is_logged_with_where_it_failed(
    copy: Copy, caplog: pytest.LogCaptureFixture
) -> None:
    copy.damage(("ratings.db", "calibrations", "figures"), "{}")

    answers = {path: copy.get(path) for path in ("/runs/copy", "/runs/copy/ratings")}

    odd = [path for path, one in answers.items() if "can&#39;t be made from what is in the run" in one.text]
    logged = [one for one in caplog.records if one.levelname == "WARNING" and one.exc_info]
    assert odd
    assert [one.getMessage() for one in logged] == [f"{path} can't be shown" for path in odd]
