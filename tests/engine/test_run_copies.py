"""Copies of runs: whole, taken up elsewhere, never older than what they replace, and safe to interrupt."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.no_room import no_file_larger_than
from tests.support.scripted_llm import ScriptedLLM

from seedbed import GeneratorTask, Request, Run, UsageError, run
from seedbed.cli import invoke
from seedbed.store import (
    RunReader,
    branch_run,
    list_runs,
    remove_run,
    run_folder,
    run_names,
    save_run,
    take_run,
)
from seedbed.store.atomic_replace import hidden_beside
from seedbed.store.copy_index import RunCopy
from seedbed.store.local_place import LocalPlace

fsspec = pytest.importorskip("fsspec")

ASKED: list[str] = []
PLACE = "memory://bucket/runs/made"


class Numbers(GeneratorTask):
    """One number per row."""

    template: str = "Number {{ number }}"

    def sample(self, index, rng):
        return {"number": rng.randrange(1000)}


def answer(request: Request) -> str:
    ASKED.append(str(request.messages[-1]["content"]))
    return f"said {request.seed}"


def make(count: int, name: str = "made") -> Run:
    return run(Numbers(), count, llm=ScriptedLLM(answer, model="m"), name=name, out=f"{name}.jsonl")


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """The files of fsspec's memory file system, empty at first."""
    monkeypatch.chdir(tmp_path)
    ASKED.clear()
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system.store
    system.store.clear()


def stored(memory: dict[str, bytes]) -> set[str]:
    return {Path(name).name for name in memory}


def wait_for_answers(count: int) -> None:
    """Return when so many answers are durable; the store's own thread commits them."""
    with RunReader.open(run_folder("made")) as reader:
        deadline = time.monotonic() + 60
        while reader.count_calls() < count:
            assert time.monotonic() < deadline, "the answers never came"
            time.sleep(0.01)


@pytest.mark.parametrize("place", [PLACE, "elsewhere/made"])
def test_a_copy_is_taken_up_without_buying_an_answer_again(tmp_path: Path, place: str) -> None:
    alone = make(12, "alone")
    make(8)
    save_run(run_folder("made"), place)
    remove_run(run_folder("made"))

    copy = take_run(place, run_folder("made"))
    ASKED.clear()
    make(12)

    assert copy.rows == copy.answers == 8
    assert len(ASKED) == 4
    assert (tmp_path / "made.jsonl").read_bytes() == (tmp_path / "alone.jsonl").read_bytes()
    assert alone.outcome == "complete"


def test_a_copy_under_another_name_goes_on_with_the_answers_of_the_first() -> None:
    make(8)
    ASKED.clear()

    copy = branch_run(run_folder("made"), run_folder("other"))
    other = make(9, "other")

    assert copy.answers == 8
    assert len(ASKED) == 1
    assert other.accepted == 9
    with RunReader.open(run_folder("made")) as reader:
        assert reader.count_calls() == 8
    assert sorted(path.name for path in run_folder("made").parent.iterdir()) == ["made", "other"]
    with pytest.raises(UsageError, match="there is a run 'other' already"):
        branch_run(run_folder("made"), run_folder("other"))


def test_the_command_copies_a_run_under_another_name(capsys: pytest.CaptureFixture[str]) -> None:
    make(3)

    assert invoke(["runs", "copy", "made", "other"]) == 0
    assert "copied the run 'made' to the run 'other': 3 rows, 3 answers" in capsys.readouterr().err
    assert invoke(["runs", "copy", "./made", "s3://x/made"]) == 2
    assert "are both places" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["{}/made", "file://{}/made", "{}/made/"])
def test_a_copy_in_a_folder_needs_no_further_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    make(3)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    place = form.format(tmp_path / "disk")

    save_run(run_folder("made"), place)
    make(4)
    save_run(run_folder("made"), place)

    assert take_run(place, run_folder("other")).rows == 4
    assert len(list((tmp_path / "disk" / "made").iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    make(1)
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(UsageError, match=r"'\./file/made' cannot be (read|written): Not a directory"):
        save_run(run_folder("made"), "./file/made")


def test_ratings_and_the_course_of_the_run_are_in_its_copy() -> None:
    made = make(3)
    made.rate(0, "good", rater="ada")
    (run_folder("made") / "run.db.timeline").write_bytes(b"[1]\n")

    save_run(run_folder("made"), PLACE)
    take_run(PLACE, run_folder("other"))

    assert [one.rater for one in make(3, "other").ratings()] == ["ada"]
    assert (run_folder("other") / "run.db.timeline").read_bytes() == b"[1]\n"


def test_a_newer_copy_replaces_the_one_before_it(memory: dict[str, bytes]) -> None:
    make(3)
    save_run(run_folder("made"), PLACE)
    before = stored(memory)
    make(5)
    copy = save_run(run_folder("made"), PLACE)

    assert stored(memory) == {"seedbed-run.json", *(file.kept_as for file in copy.files)}
    assert stored(memory) != before
    assert take_run(PLACE, run_folder("other")).rows == 5


def test_a_copy_that_has_more_or_is_of_another_run_is_kept(memory: dict[str, bytes]) -> None:
    make(3)
    save_run(run_folder("made"), PLACE)
    take_run(PLACE, run_folder("ahead"))
    make(5, "ahead")
    save_run(run_folder("ahead"), PLACE)
    before = dict(memory)

    with pytest.raises(UsageError, match="was continued elsewhere"):
        save_run(run_folder("made"), PLACE)
    make(2, "other")
    with pytest.raises(UsageError, match="has a copy of another run, 'ahead'"):
        save_run(run_folder("other"), PLACE)
    assert memory == before


def test_what_was_continued_in_two_places_replaces_nothing(memory: dict[str, bytes]) -> None:
    make(3)
    save_run(run_folder("made"), PLACE)
    take_run(PLACE, run_folder("elsewhere"))
    make(4, "elsewhere")
    save_run(run_folder("elsewhere"), PLACE)
    before = stored(memory)
    make(4)
    make(9)

    with pytest.raises(UsageError, match="was continued elsewhere"):
        save_run(run_folder("made"), PLACE)
    assert stored(memory) == before


def rate(name: str, row: int, rating: str, rater: str) -> None:
    assert invoke(["runs", "rate", name, str(row), rating, "--rater", rater]) == 0


def test_ratings_that_only_the_copy_has_are_kept(memory: dict[str, bytes]) -> None:
    make(3)
    rate("made", 0, "good", "ada")
    save_run(run_folder("made"), PLACE)
    take_run(PLACE, run_folder("elsewhere"))
    rate("elsewhere", 1, "bad", "bo")
    save_run(run_folder("elsewhere"), PLACE)
    before = stored(memory)

    with pytest.raises(UsageError, match="has 1 rating that this run lacks"):
        save_run(run_folder("made"), PLACE)
    assert stored(memory) == before
    # A person's newer rating replaces the one that the copy has.
    rate("elsewhere", 1, "good", "bo")
    rate("elsewhere", 2, "good", "bo")
    save_run(run_folder("elsewhere"), PLACE)
    assert stored(memory) != before


def test_a_place_with_other_files_is_left_alone(memory: dict[str, bytes]) -> None:
    make(2)
    with fsspec.open("memory://bucket/rows.jsonl", "wb") as file:
        file.write(b"{}")

    with pytest.raises(UsageError, match="'memory://bucket' has other files"):
        save_run(run_folder("made"), "memory://bucket")
    assert stored(memory) == {"rows.jsonl"}


def test_a_run_is_copied_while_it_is_written() -> None:
    copies = []

    def copying(request: Request) -> str:
        if len(ASKED) == 20:
            wait_for_answers(10)
            copies.append(save_run(run_folder("made"), PLACE))
        return answer(request)

    made = run(Numbers(), 40, llm=ScriptedLLM(copying, model="m"), concurrency=1, name="made")
    taken = take_run(PLACE, run_folder("other"))

    assert [copy.answers for copy in copies] == [taken.answers]
    assert 10 <= taken.answers <= 20
    ASKED.clear()
    taken_up = run(Numbers(), 40, llm=ScriptedLLM(answer, model="m"), name="other")
    assert len(ASKED) == 40 - taken.answers
    assert [*taken_up.rows()] == [*made.rows()]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-1], "isn't whole"),
        (lambda content: content[:-1] + b"x", "isn't whole"),
        (lambda content: b"", "isn't whole"),
    ],
)
def test_a_copy_that_is_not_whole_is_refused_and_leaves_nothing(damage, message: str) -> None:
    make(2)
    copy = save_run(run_folder("made"), PLACE)
    system = fsspec.filesystem("memory")
    path = f"/bucket/runs/made/{copy.files[0].kept_as}"
    system.pipe_file(path, damage(system.cat_file(path)))

    with pytest.raises(UsageError, match=message):
        take_run(PLACE, run_folder("other"))
    assert [path.name for path in run_folder("other").parent.iterdir()] == ["made"]


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (b"{", "has an index 'seedbed-run.json' that cannot be read"),
        (b"[]", "has an index 'seedbed-run.json' that cannot be read"),
        (
            b'{"format":2,"name":"a","run":"","sessions":["x"],"answers":1,"rows":1,"files":[]}',
            "was made by a newer version of Seedbed",
        ),
    ],
)
def test_an_index_that_cannot_be_read_is_said(index: bytes, message: str) -> None:
    fsspec.filesystem("memory").pipe_file("/bucket/runs/made/seedbed-run.json", index)

    with pytest.raises(UsageError, match=message):
        take_run(PLACE, run_folder("other"))


@pytest.mark.parametrize(
    ("field", "value"), [("name", "../evil.db"), ("kept_as", "../../secret"), ("name", "run.db.lock")]
)
def test_an_index_cannot_name_files_outside(field: str, value: str) -> None:
    make(2)
    copy = save_run(run_folder("made"), PLACE)
    changed = json.loads(copy.model_dump_json())
    changed["files"][0][field] = value
    fsspec.filesystem("memory").pipe_file("/bucket/runs/made/seedbed-run.json", json.dumps(changed).encode())

    with pytest.raises(UsageError, match="cannot be read"):
        take_run(PLACE, run_folder("other"))


def test_no_copy_and_a_run_that_is_there_are_said() -> None:
    make(2)
    with pytest.raises(UsageError, match="there is no copy of a run at 'memory://bucket/none'"):
        take_run("memory://bucket/none", run_folder("other"))
    save_run(run_folder("made"), PLACE)
    with pytest.raises(UsageError, match="there is a run 'made' already"):
        take_run(PLACE, run_folder("made"))
    run_folder("notes").write_text("of a user")
    with pytest.raises(UsageError, match="is a file"):
        take_run(PLACE, run_folder("notes"))
    with pytest.raises(UsageError, match="there is no run"):
        save_run(run_folder("nobody"), PLACE)


def test_of_two_who_take_a_copy_under_one_name_the_first_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    make(2)
    save_run(run_folder("made"), PLACE)
    system = type(fsspec.filesystem("memory"))
    get_file, both_are_here = system.get_file, threading.Barrier(2, timeout=60)
    one_at_a_time = threading.Lock()  # all readers of a file of this system share one place in it

    def get_file_together(self, kept_as, target, **options):
        if target.endswith("run.db"):
            both_are_here.wait()
        with one_at_a_time:
            get_file(self, kept_as, target, **options)

    monkeypatch.setattr(system, "get_file", get_file_together)
    with ThreadPoolExecutor() as pool:
        takes = [pool.submit(take_run, PLACE, run_folder("other")) for _ in range(2)]
    errors = [str(error) for take in takes if (error := take.exception()) is not None]

    assert len(errors) == 1
    assert "there is a run 'other' already" in errors[0]
    with RunReader.open(run_folder("other")) as taken:
        assert len(list(taken.rows(taken.leaves()[0]))) == 2
    assert sorted(path.name for path in run_folder("other").parent.iterdir()) == ["made", "other"]


def test_what_is_half_made_is_no_run() -> None:
    make(2)
    run_folder("made").rename(hidden_beside(run_folder("made")))

    assert run_names() == []
    assert list_runs(run_folder("x").parent) == []


def test_a_secret_in_the_address_is_refused_and_not_shown() -> None:
    make(2)
    with pytest.raises(UsageError) as caught:
        save_run(run_folder("made"), "https://ada:hunter2@example.com/runs")
    assert "hunter2" not in str(caught.value)


def _save_and_die(runs: str, place: str, files: int) -> None:
    """Save a run, and be killed when so many files have been sent."""
    os.environ["SEEDBED_RUNS"] = runs
    put, sent = LocalPlace.put_file, []

    def put_file(self, *args, **options):
        if len(sent) == files:
            os.kill(os.getpid(), signal.SIGKILL)
        sent.append(args)
        return put(self, *args, **options)

    LocalPlace.put_file = put_file
    save_run(run_folder("made"), place)


def kill_while_saving(runs: Path, place: str, files: int) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=_save_and_die, args=(str(runs), place, files)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.slow
def test_the_snapshot_of_a_copy_that_was_killed_is_removed_by_the_next(tmp_path: Path, runs: Path) -> None:
    place = str(tmp_path / "disk/made")
    make(3)
    kill_while_saving(runs, place, 0)
    assert len([*runs.glob(".copying*")]) == 1
    save_run(run_folder("made"), place)
    assert [path.name for path in runs.iterdir()] == ["made"]


@pytest.mark.slow
def test_a_first_copy_that_is_killed_can_be_repeated(tmp_path: Path, runs: Path) -> None:
    place = tmp_path / "disk/made"
    Run.rate(make(3), 0, "good", rater="ada")
    kill_while_saving(runs, str(place), 1)
    assert len([*place.iterdir()]) == 1
    # Killed while the index was written, as `replacing` leaves it.
    (place / ".seedbed-run.json.0123abcd.999999999.0123abcd").touch()

    make(4)
    copy = save_run(run_folder("made"), str(place))

    # What the killed one had sent is gone, too.
    assert {path.name for path in place.iterdir() if not path.name.startswith(".")} == {
        "seedbed-run.json",
        *(file.kept_as for file in copy.files),
    }


@pytest.mark.slow
@pytest.mark.parametrize("files", [0, 1])
def test_a_copy_that_is_killed_leaves_the_one_before_it(tmp_path: Path, runs: Path, files: int) -> None:
    place = str(tmp_path / "disk/made")
    Run.rate(make(3), 0, "good", rater="ada")
    save_run(run_folder("made"), place)
    Run.rate(make(5), 0, "bad", rater="ada")

    kill_while_saving(runs, place, files)

    assert take_run(place, run_folder("other")).rows == 3
    assert save_run(run_folder("made"), place).rows == 5
    assert take_run(place, run_folder("another")).rows == 5
    with RunReader.open(run_folder("another")) as reader:
        assert reader.count_calls() == 5


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of copies gets full within a file; that of runs has room."""
    put = LocalPlace.put_file

    def put_file(self, *args, **options):
        with no_file_larger_than(5000):
            return put(self, *args, **options)

    monkeypatch.setattr(LocalPlace, "put_file", put_file)


def files_in(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir()}


@pytest.mark.usefixtures("full_disk")
def test_a_copy_that_a_disk_has_no_room_for_leaves_nothing(tmp_path: Path) -> None:
    make(3)
    with pytest.raises(UsageError, match="'disk/made' cannot be written: File too large"):
        save_run(run_folder("made"), "disk/made")
    assert files_in(tmp_path / "disk/made") == {}


@pytest.mark.parametrize("rows", [3, 5])
def test_a_copy_that_a_disk_has_no_room_for_leaves_the_one_before_it(
    rows: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    make(3)
    save_run(run_folder("made"), "disk/made")
    before = files_in(tmp_path / "disk/made")
    make(rows)
    request.getfixturevalue("full_disk")

    # Of an unchanged run, too: its files have the names of those that are there.
    with pytest.raises(UsageError, match="cannot be written"):
        save_run(run_folder("made"), "disk/made")

    assert files_in(tmp_path / "disk/made") == before
    assert take_run("disk/made", run_folder("other")).rows == 3


def test_a_run_that_this_disk_has_no_room_for_is_not_taken_up() -> None:
    make(3)
    save_run(run_folder("made"), "disk/made")
    with no_file_larger_than(5000), pytest.raises(UsageError, match="has no room for the run") as refused:
        take_run("disk/made", run_folder("other"))
    assert "make room on its disk" in refused.value.advice[0]
    assert [path.name for path in run_folder("other").parent.iterdir()] == ["made"]


def test_what_a_killed_process_has_half_made_is_removed_by_the_next_copy(tmp_path: Path) -> None:
    place = tmp_path / "disk/made"
    host = hidden_beside(place).name.split(".")[2]
    make(3)
    save_run(run_folder("made"), str(place))
    mine, theirs = f".0123456789abcdef-run.db.{host}.999999999.0123abcd", ".x.0123abcd.999999999.0123abcd"
    (place / mine).touch()
    (place / theirs).touch()
    save_run(run_folder("made"), str(place))
    assert {name for name in files_in(place) if name.startswith(".")} == {theirs}


@pytest.mark.slow
def test_a_run_goes_to_a_bucket_of_s3_and_comes_back(tmp_path: Path, runs: Path) -> None:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "hunter2-id",
        "AWS_SECRET_ACCESS_KEY": "hunter2-secret",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_DEFAULT_REGION": "us-east-1",
    }

    def command(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "seedbed", *args],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    bucket = "import boto3, os; boto3.client('s3').create_bucket(Bucket='runs')"
    make(4)
    try:
        subprocess.run([sys.executable, "-c", bucket], env=environment, check=True)
        sent = command("runs", "copy", "made", "s3://runs/made")
        again = command("runs", "copy", "made", "s3://runs/made")
        taken = command("runs", "copy", "s3://runs/made", "other")
        missing = command("runs", "copy", "s3://none/made", "third")
    finally:
        server.stop()

    assert [one.returncode for one in (sent, again, taken, missing)] == [0, 0, 0, 2], sent.stderr
    assert "copied the run 'made' to 's3://runs/made': 4 rows, 4 answers, " in sent.stderr
    ASKED.clear()
    assert [*make(4, "other").rows()] == [*make(4).rows()]
    assert ASKED == []
    assert "hunter2" not in missing.stderr
    assert "Traceback" not in missing.stderr


def test_the_index_says_how_far_the_run_had_got(memory: dict[str, bytes]) -> None:
    make(3)
    save_run(run_folder("made"), PLACE)

    index = RunCopy.model_validate_json(
        fsspec.filesystem("memory").cat_file("/bucket/runs/made/seedbed-run.json")
    )
    assert (index.name, len(index.sessions), index.answers, index.rows) == ("made", 1, 3, 3)
    assert [file.name for file in index.files] == ["run.db"]
