"""What goes wrong with a run's file is said clearly, and harms nothing that was there."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from tests.support.run_samples import call, result

from seedbed.errors import StoreError, UsageError
from seedbed.store import RunReader, RunStore


def written(folder: Path, rows: int = 3) -> Path:
    """Make a run of some rows, and return its database."""
    with RunStore.open(folder) as store:
        for row in range(rows):
            store.add_result(result(row))
    return folder / "run.db"


def foreign(path: Path) -> bytes:
    """Make a database of another program, with changes that are in its log alone, and return its bytes."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    copies = {name: Path(f"{path}{name}").read_bytes() for name in ("", "-wal", "-shm")}
    connection.close()
    for name, content in copies.items():
        Path(f"{path}{name}").write_bytes(content)
    return copies[""]


def patched(path: Path, offset: int, content: bytes) -> bytes:
    """Overwrite some bytes of a file, and return what is in it then."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)
    return path.read_bytes()


@pytest.mark.parametrize("open_run", [RunStore.open, RunReader.open], ids=["store", "reader"])
class TestAFileThatIsNotARunOfOurs:
    def check(self, open_run, path, message, *, advised=True):
        before = {entry.name: entry.read_bytes() for entry in path.parent.iterdir()}
        with pytest.raises(UsageError, match=message) as raised:
            open_run(path.parent)
        assert str(path) in raised.value.fact
        assert bool(raised.value.advice) == advised
        after = {entry.name: entry.read_bytes() for entry in path.parent.iterdir()}
        after.pop("run.db.lock", None)
        before.pop("run.db.lock", None)
        assert after == before

    def test_text(self, tmp_path, open_run):
        path = tmp_path / "run.db"
        path.write_text("my notes\n" * 50)
        self.check(open_run, path, "damaged: it is not a SQLite database")

    def test_the_beginning_of_a_database(self, tmp_path, open_run):
        path = written(tmp_path)
        path.write_bytes(path.read_bytes()[:60])
        self.check(open_run, path, "damaged")

    def test_half_a_database(self, tmp_path, open_run):
        path = written(tmp_path, 200)
        path.write_bytes(path.read_bytes()[:5000])
        self.check(open_run, path, "damaged")

    def test_a_database_of_another_program(self, tmp_path, open_run):
        foreign(tmp_path / "run.db")
        self.check(open_run, tmp_path / "run.db", "of another program")

    def test_a_database_that_names_another_program(self, tmp_path, open_run):
        path = written(tmp_path)
        patched(path, 68, b"\x0f\x05\x51\x12")
        self.check(open_run, path, "of another program")

    def test_a_run_of_a_newer_version(self, tmp_path, open_run):
        path = written(tmp_path)
        patched(path, 60, (99).to_bytes(4, "big"))
        self.check(open_run, path, "newer version of Seedbed .its schema is 99")

    def test_a_run_that_lacks_a_table(self, tmp_path, open_run):
        path = written(tmp_path)
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE sessions")
        connection.close()
        self.check(open_run, path, "no such table: sessions", advised=False)

    def test_a_schema_that_cannot_be_read(self, tmp_path, open_run):
        path = written(tmp_path)
        patched(path, 100, b"\xff" * 3900)
        self.check(open_run, path, "damaged: .*malformed")

    def test_a_name_in_the_schema_that_is_not_text(self, tmp_path, open_run):
        path = written(tmp_path)
        patched(path, path.read_bytes().index(b"CREATE TABLE verdicts") + len("CREATE TABLE "), b"\x80 \x80")
        self.check(open_run, path, "damaged")


def test_a_page_that_cannot_be_read_stops_the_reading_and_says_so(tmp_path):
    path = written(tmp_path, 2000)
    connection = sqlite3.connect(path)
    ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'results'")
    connection.close()
    patched(path, (page - 1) * 4096, b"\xff" * 4096)
    with RunReader.open(tmp_path) as reader, pytest.raises(StoreError, match=r"damaged: .*malformed"):
        list(reader.results_of("write"))


def test_a_page_that_cannot_be_read_stops_the_writing_and_says_so(tmp_path):
    path = written(tmp_path, 2000)
    connection = sqlite3.connect(path)
    ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'results'")
    connection.close()
    patched(path, (page - 1) * 4096, b"\xff" * 4096)
    store = RunStore.open(tmp_path)
    store.add_result(result(3000))
    with pytest.raises(StoreError, match=r"damaged: .*malformed"):
        store.flush()
    with pytest.raises(StoreError, match="damaged"):
        store.close()


def test_a_reader_of_no_run_says_that_there_is_none(tmp_path):
    with pytest.raises(UsageError, match="there is no run in"):
        RunReader.open(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(UsageError, match="cannot be used: File exists"):
        RunStore.open(tmp_path / "run")
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.parametrize("left", [0, 1, 16, 50, 99, 100, 1000])
def test_a_database_that_was_cut_is_damage_and_stays(tmp_path, left):
    path = tmp_path / "run.db"
    with RunStore.open(tmp_path) as store:
        store.add_call(call(1))
    path.write_bytes(path.read_bytes()[:left])
    for opened in (RunStore.open, RunReader.open):
        with pytest.raises(UsageError, match="is damaged"):
            opened(tmp_path)
    assert path.stat().st_size == left


def test_a_folder_in_the_place_of_a_database_is_an_error(tmp_path):
    (tmp_path / "run.db").mkdir()
    for opened in (RunStore.open, RunReader.open):
        with pytest.raises(UsageError, match="is a folder"):
            opened(tmp_path)


def test_the_log_of_a_database_that_is_gone_does_not_get_into_a_new_one(tmp_path):
    foreign(tmp_path / "run.db")
    (tmp_path / "run.db").unlink()
    with RunStore.open(tmp_path) as store:
        assert store.count_calls() == 0


def test_a_database_that_cannot_grow_stops_the_writing_and_keeps_what_was_committed(tmp_path):
    store = RunStore.open(tmp_path)
    pages = store._writer._transactions._connection.execute("PRAGMA page_count").fetchone()[0]
    store._writer._transactions._connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    store.add_result(result(1))
    store.flush()
    for row in range(2000):
        store.add_call(call(row))
    with pytest.raises(StoreError, match=r"the disk is full: .*run\.db' cannot grow") as raised:
        store.flush()
    assert any("is kept" in line for line in raised.value.advice)
    assert isinstance(store.error, StoreError)
    # What there was still room for is there, as everything up to some number.
    assert 1 < store.committed < 2001
    with pytest.raises(StoreError, match="the disk is full"):
        store.add_result(result(2))
    with pytest.raises(StoreError, match="the disk is full"):
        store.close()
    with RunStore.open(tmp_path) as again:
        assert [found.row for found in again.results_of("write")] == ["1"]
        assert again.count_calls() == store.committed - 1


posix = pytest.mark.skipif(os.name != "posix", reason="limits and permissions of POSIX")


def outcome(code: str, *arguments: object) -> str:
    """Run a program of the tests' own; return what it wrote."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


@posix
def test_a_limit_on_the_size_of_files_stops_the_writing_and_keeps_what_was_committed(tmp_path):
    code = """
        import resource, sys
        from pathlib import Path
        from seedbed.errors import StoreError
        from seedbed.store import Result, RunStore
        store = RunStore.open(Path(sys.argv[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        try:
            for row in range(100_000):
                data = b"[%s]" % (b"1," * 300 + b"1")
                store.add_result(Result("write", str(row), bytes(16), 0, "done", data))
                if row % 50 == 49:
                    store.flush()
        except StoreError as error:
            print(store.committed, str(error).replace(chr(10), " "))
    """
    committed, _, message = outcome(code, tmp_path / "run").partition(" ")
    assert "run.db' cannot be read or written: disk I/O error" in message
    assert "is kept" in message
    with RunStore.open(tmp_path / "run") as store:
        assert sum(1 for _ in store.results_of("write")) == int(committed) > 0
        store.add_result(result(1, step="again"))


# Root is above permissions, so the process that meets them becomes nobody.
AS_NOBODY = """
    import os, sys
    from pathlib import Path
    import filelock, sqlite3
    from seedbed.errors import UsageError
    from seedbed.store import RunReader, RunStore
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    folder = Path(sys.argv[1])
"""


@pytest.fixture
def public():
    """A folder that everyone may look into."""
    # Not below pytest's own, which each pytest that begins (a test may start one) closes to others again.
    with tempfile.TemporaryDirectory(prefix="seedbed-public-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@posix
@pytest.mark.parametrize("name", ["new", "empty", "run"])
def test_a_folder_that_takes_no_writes_is_refused_and_stays_as_it_is(public, name):
    (public / "empty").mkdir()
    written(public / "run")
    (public / "run/run.db.lock").chmod(0o444)
    for path in (public / "empty", public / "run", public):
        path.chmod(0o555)
    code = """
        try:
            RunStore.open(folder)
        except UsageError as error:
            print(error)
    """
    message = outcome(textwrap.dedent(AS_NOBODY) + textwrap.dedent(code), public / name)
    public.chmod(0o755)
    assert "cannot be used: Permission denied\n  choose a folder where you may create files" in message
    assert not (public / "new").exists()
    assert list((public / "empty").iterdir()) == []
    assert {path.name for path in (public / "run").iterdir()} == {"run.db", "run.db.lock"}


@posix
def test_a_file_that_takes_no_writes_is_refused(public):
    path = written(public / "run")
    path.chmod(0o444)
    (public / "run/run.db.lock").chmod(0o666)
    (public / "run").chmod(0o777)
    code = """
        try:
            RunStore.open(folder)
        except UsageError as error:
            print(error)
    """
    before = path.read_bytes()
    message = outcome(textwrap.dedent(AS_NOBODY) + textwrap.dedent(code), public / "run")
    assert "cannot be opened or written to: " in message
    assert path.read_bytes() == before


@posix
def test_a_run_at_rest_is_read_where_nothing_may_be_written(public):
    written(public / "run")
    (public / "run").chmod(0o555)
    code = """
        with RunReader.open(folder) as reader:
            print([found.row for found in reader.results_of("write")])
    """
    assert outcome(textwrap.dedent(AS_NOBODY) + textwrap.dedent(code), public / "run") == "['0', '1', '2']\n"


def test_a_program_that_locks_the_database_is_named_as_the_cause(tmp_path):
    store = RunStore.open(tmp_path)
    store._writer._transactions._connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.add_call(call(1))
    with pytest.raises(StoreError, match="locked by another program"):
        store.flush()
    other.execute("ROLLBACK")
    other.close()
    with pytest.raises(StoreError, match="locked by another program"):
        store.close()
