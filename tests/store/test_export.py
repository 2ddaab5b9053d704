"""A dataset's file appears complete or not at all, and harms nothing that was there."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from seedbed.errors import DatasetError, UsageError
from seedbed.store import check_target, export_rows, read_rows

ENDINGS = [".jsonl", ".ndjson", ".csv", ".parquet", ".arrow", ".feather"]
ROWS = [b'{"a":"one","b":"x"}', b'{"a":"two","b":"y"}']


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def run_python(code: str, *arguments: object) -> str:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Breaking:
    """Rows of which the last cannot be had."""

    def __iter__(self) -> Iterator[bytes]:
        yield ROWS[0]
        raise RuntimeError("the run is gone")


class Growing:
    """Rows of a run that goes on: each pass finds one more, with a column of its own."""

    def __init__(self) -> None:
        self.passes = 0

    def __iter__(self) -> Iterator[bytes]:
        self.passes += 1
        for index in range(self.passes):
            yield json.dumps({"a": index, f"only in {index}": "x" if index else 1}).encode()


@pytest.mark.parametrize("ending", [*ENDINGS, ".JSONL"])
def test_a_file_holds_the_rows_in_order_and_nothing_else_is_left(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    path.write_bytes(b"old")
    check_target(path)
    assert path.read_bytes() == b"old"
    assert export_rows(ROWS, path) == 2
    assert list(read_rows(path)) == [{"a": "one", "b": "x"}, {"a": "two", "b": "y"}]
    assert names(tmp_path) == {path.name}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_dataset_without_rows_is_a_readable_file(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    assert export_rows([], path) == 0
    assert list(read_rows(path)) == []


def test_json_lines_are_the_bytes_of_the_rows(tmp_path):
    odd = [b'{ "b" : 1.50 }', '{"a":"é\\u2028","b":12345678901234567890123}'.encode()]
    export_rows(odd, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == b"".join(row + b"\n" for row in odd)


@pytest.mark.parametrize("ending", [*ENDINGS, ".hf"])
def test_rows_that_come_to_an_early_end_leave_what_was_there(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    export_rows(ROWS, path)
    before = content(path)
    with pytest.raises(RuntimeError, match="the run is gone"):
        export_rows(Breaking(), path)
    assert content(path) == before
    assert names(tmp_path) == {path.name}


def content(path: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(path.iterdir() if path.is_dir() else [path])]


@pytest.mark.variants(1)
@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", ".arrow", ".hf"])
def test_a_killed_export_leaves_what_was_there(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    export_rows(ROWS, path)
    before = content(path)
    code = """
        import os, signal, sys
        from pathlib import Path
        from seedbed.store import export_rows
        class Rows:
            passes = 0
            def __iter__(self):
                self.passes += 1
                # More than is kept in memory for the second pass.
                yield from [b'{"a":"' + 400 * b"new" + b'"}'] * 20_000
                if self.passes == int(sys.argv[2]):
                    os.kill(os.getpid(), signal.SIGKILL)
                yield b'{"a":"last"}'
        export_rows(Rows(), Path(sys.argv[1]))
    """
    last_pass = 2 if ending == ".csv" else 1
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path), str(last_pass)], timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert content(path) == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_whoever_reads_the_old_file_reads_it_to_its_end(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        export_rows(ROWS, path)
        assert reader.read() == b"old"


@pytest.mark.parametrize("ending", ENDINGS)
def test_rows_made_while_the_file_is_written_are_left_for_the_next_one(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    assert export_rows(Growing(), path) == 1
    assert [set(row) for row in read_rows(path)] == [{"a", "only in 0"}]


@pytest.mark.variants(1)
@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", ".arrow", ".hf"])
def test_a_full_disk_is_a_dataset_error_and_leaves_what_was_there(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    code = """
        import os, resource, signal, sys
        from pathlib import Path
        from seedbed.errors import DatasetError
        from seedbed.store import export_rows
        path = Path(sys.argv[1])
        export_rows([b'{"a":"old"}'], path)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            export_rows([b'{"a":"%s"}' % os.urandom(500).hex().encode() for _ in range(1000)], path)
        except DatasetError as error:
            print(error)
    """
    assert f"'{path}' cannot be written: " in run_python(code, path)
    assert b"old" in b"".join(content(path))
    assert names(tmp_path) == {path.name}


def test_a_folder_that_came_in_the_way_is_a_dataset_error(tmp_path):
    (tmp_path / "out.jsonl").mkdir()
    with pytest.raises(DatasetError, match="is a folder"):
        export_rows(ROWS, tmp_path / "out.jsonl")
    with pytest.raises(DatasetError, match="cannot be written: No such file or directory"):
        export_rows(ROWS, tmp_path / "missing" / "out.jsonl")


@pytest.mark.parametrize("ending", [".jsonl", ".parquet", ".hf"])
def test_a_new_file_follows_the_umask(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    before = os.umask(0o027)
    try:
        export_rows(ROWS, path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == (0o750 if path.is_dir() else 0o640)


@pytest.mark.parametrize("mode", [0o600, 0o444])
def test_a_file_keeps_the_mode_of_the_one_before_it(tmp_path, mode):
    path = tmp_path / "out.parquet"
    path.touch()
    path.chmod(mode)
    export_rows(ROWS, path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("ending", [".jsonl", ".hf"])
def test_a_symbolic_link_is_followed(tmp_path, ending):
    (tmp_path / "far").mkdir()
    real, link = tmp_path / "far" / f"real{ending}", tmp_path / f"link{ending}"
    export_rows(ROWS, real)
    link.symlink_to(real)
    check_target(link)
    export_rows(ROWS[:1], link)
    assert link.is_symlink()
    assert b"two" not in b"".join(content(real))
    assert names(tmp_path / "far") == {real.name}


@pytest.mark.parametrize(
    ("name", "advice"),
    [("out.jsnl", "did you mean '.jsonl'"), ("out.json", "did you mean '.jsonl'"), ("out", "use one of")],
)
def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path, name, advice):
    with pytest.raises(UsageError) as caught:
        check_target(tmp_path / name)
    assert advice in str(caught.value)
    assert "use one of .jsonl, .ndjson, .csv, .parquet, .arrow, .feather, .hf" in str(caught.value)


@pytest.mark.parametrize("folder", ["missing", "missing/..", "there/missing/..", "there/missing/../.."])
def test_a_missing_folder_is_refused(tmp_path, folder):
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="there is no folder"):
        check_target(tmp_path / folder / "out.jsonl")
    check_target(tmp_path / "there" / ".." / "out.jsonl")


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path):
    folder = tmp_path
    if os.geteuid() == 0:
        folder = Path("/proc")  # read-only for root too
        if not folder.is_dir():
            pytest.skip("no folder is read-only for root here")
    else:
        folder.chmod(0o555)
    with pytest.raises(UsageError, match=r"out.jsonl' cannot be written"):
        check_target(folder / "out.jsonl")


def test_what_is_no_dataset_is_not_replaced(tmp_path):
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        check_target(tmp_path / "folder.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(UsageError, match="is not an ordinary file"):
        check_target(tmp_path / "pipe.jsonl")


def test_a_folder_of_other_things_is_not_replaced_by_a_dataset(tmp_path):
    thesis = tmp_path / "out.hf"
    thesis.mkdir()
    check_target(thesis)
    (thesis / "chapter.tex").write_text("years of work")
    with pytest.raises(UsageError, match="exists and isn't the folder of a dataset"):
        check_target(thesis)
    with pytest.raises(DatasetError, match="exists and isn't the folder of a dataset"):
        export_rows(ROWS, thesis)
    assert names(thesis) == {"chapter.tex"}


def test_a_dataset_folder_is_replaced_whole(tmp_path):
    path = tmp_path / "out.hf"
    export_rows(ROWS, path)
    first = json.loads((path / "state.json").read_text())
    (path / "cache-123.arrow").write_bytes(b"what was made of the old rows")
    check_target(path)
    export_rows([*ROWS, b'{"a":1,"c":[1]}'], path)
    state = json.loads((path / "state.json").read_text())
    assert names(path) == {"dataset_info.json", "state.json", "data-00000-of-00001.arrow"}
    assert state["_fingerprint"] != first["_fingerprint"]
    (data,) = (path / entry["filename"] for entry in state["_data_files"])
    with pa.OSFile(str(data)) as file:
        assert [row["c"] for row in pa.ipc.open_stream(file).read_all().to_pylist()] == [None, None, [1]]


def test_equal_rows_make_equal_files(tmp_path):
    for ending in [*ENDINGS, ".hf"]:
        export_rows(ROWS, tmp_path / f"one{ending}")
        export_rows(ROWS, tmp_path / f"two{ending}")
        assert content(tmp_path / f"one{ending}") == content(tmp_path / f"two{ending}")


@pytest.mark.slow
def test_the_package_datasets_opens_the_folder(tmp_path):
    rows = [
        {"a": 1, "mixed": 1, "messages": [{"role": "user", "content": "hi"}]},
        {"late": "é", "mixed": "x", "messages": []},
    ]
    export_rows([json.dumps(row).encode() for row in rows], tmp_path / "out.hf")
    code = """
        import json, sys
        from datasets import load_from_disk
        dataset = load_from_disk(sys.argv[1])
        print(json.dumps(dataset.map(lambda row: {"more": 1}).to_list()))
    """
    command = ["uv", "run", "--isolated", "--no-project", "--with", "datasets", "python", "-c"]
    done = subprocess.run(
        [*command, textwrap.dedent(code), str(tmp_path / "out.hf")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "HF_HOME": str(tmp_path / "cache")},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        {"a": 1, "mixed": "1", "messages": rows[0]["messages"], "late": None, "more": 1},
        {"a": None, "mixed": '"x"', "messages": [], "late": "é", "more": 1},
    ]


@pytest.mark.slow
def test_json_lines_and_csv_do_not_import_pyarrow(tmp_path):
    code = """
        import sys
        from pathlib import Path
        from seedbed.store import export_rows, read_rows
        for name in ("out.jsonl", "out.csv"):
            path = Path(sys.argv[1], name)
            export_rows([b'{"a":1}'], path)
            assert len(list(read_rows(path))) == 1
        print([name for name in sys.modules if name.startswith("pyarrow")])
    """
    assert run_python(code, tmp_path).strip() == "[]"


@pytest.mark.parametrize("name", ["out.parquet", "out.arrow", "out.hf"])
def test_without_pyarrow_the_command_that_helps_is_named(tmp_path, name):
    code = """
        import sys
        from pathlib import Path
        sys.modules["pyarrow"] = None
        from seedbed.errors import UsageError
        from seedbed.store import check_target
        try:
            check_target(Path(sys.argv[1]))
        except UsageError as error:
            print(error)
    """
    assert "pip install 'seedbed[parquet]'" in run_python(code, tmp_path / name)
    assert names(tmp_path) == set()


KILLED = """
import os, signal, sys, time
from pathlib import Path
from seedbed.store import export_rows

class Rows:
    def __iter__(self):
        yield b'{"a":1}'
        if sys.argv[2] == "waits":
            print("waiting", flush=True)
            sys.stdin.read()
        else:
            os.kill(os.getpid(), signal.SIGKILL)

export_rows(Rows(), Path(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.skipif(os.name != "posix", reason="only POSIX says which processes are alive")
@pytest.mark.parametrize("ending", [".jsonl", ".parquet", ".hf"])
def test_what_a_killed_export_left_is_swept_and_that_of_a_living_one_stays(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path), "waits"], **pipes) as living:
        assert living.stdout is not None
        assert living.stdout.readline() == b"waiting\n"
        alive = names(tmp_path)
        command = [sys.executable, "-c", KILLED, str(path), "dies"]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        (tmp_path / f".out{ending}.mine").touch()
        (tmp_path / f".other{ending}.0123abcd.1.0123abcd").touch()
        export_rows(ROWS, path)
        assert alive < names(tmp_path)
        kept = {path.name, f".out{ending}.mine", f".other{ending}.0123abcd.1.0123abcd"}
        assert names(tmp_path) == alive | kept
        living.communicate()
    assert names(tmp_path) == kept


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_is_no_name_of_a_dataset(name):
    with pytest.raises(UsageError, match="without -o, rows go to standard output"):
        check_target(Path(name))
