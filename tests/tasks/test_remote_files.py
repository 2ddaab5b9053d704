"""Files at addresses: copied whole, with their changes seen, and no key in any message."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from seedbed import Files, SeedbedError, UsageError, get_step, run
from seedbed.tasks.remote.remote_files import copies_of

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(autouse=True)
def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    copies_of.cache_clear()
    yield
    memory.store.clear()
    copies_of.cache_clear()


def put(address: str, content: bytes) -> None:
    with fsspec.open(address, "wb") as file:
        file.write(content)


ROWS = b'{"n":1}\n{"n":2}\n'


@pytest.mark.parametrize(
    ("address", "count"),
    [
        ("memory://data/a.jsonl", 2),
        ("memory://data/*.jsonl", 4),
        ("memory://data/**/*.jsonl*", 6),
        ("memory://data", 6),
    ],
)
def test_a_source_reads_an_address_as_it_reads_a_path(address: str, count: int) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        put(f"memory://data/{name}", ROWS)
    put("memory://data/in/b.jsonl.gz", gzip.compress(ROWS))
    put("memory://data/notes.txt", b"no row")

    assert len([*run(get_step("jsonl", path=address)).rows()]) == count


def test_paths_of_texts_are_those_below_the_address() -> None:
    put("memory://docs/one/a.md", b"A")
    put("memory://docs/two/a.md", b"B")
    for address in ("memory://docs/**/*.md", "memory://docs"):
        rows = run(get_step("text", path=address)).rows()

        assert [(row["path"], row["text"]) for row in rows] == [("one/a.md", "A"), ("two/a.md", "B")]


def test_an_input_may_be_an_address() -> None:
    put("memory://data/a.jsonl", ROWS)
    ended = run(get_step("select", only=["n"]), input="memory://data/a.jsonl")

    assert [*ended.rows()] == [{"n": 1}, {"n": 2}]
    with pytest.raises(UsageError, match=r"there is no file at 'memory://data/b.jsonl'"):
        run(get_step("select", only=["n"]), input="memory://data/b.jsonl")


def test_a_changed_file_is_read_again_and_an_equal_one_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    step = get_step("jsonl", path="memory://data/a.jsonl")
    put("memory://data/a.jsonl", ROWS)
    first = run(step, name="remote").accepted
    copies_of.cache_clear()
    again = run(step, name="remote").accepted
    put("memory://data/a.jsonl", ROWS + b'{"n":3}\n')
    copies_of.cache_clear()
    changed = run(step, name="remote").accepted

    assert (first, again, changed) == (2, 2, 3)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("memory://none/a.jsonl", "there is no file 'memory://none/a.jsonl'"),
        ("memory://none/*.jsonl", "no file matches"),
        ("nothing://a/b.jsonl", "isn't an address that can be read: Protocol not known: nothing"),
        ("https://me:hunter2@example.org/a.jsonl", "has a key or a password in it"),
        ("https://example.org/a.jsonl?token=hunter2-hunter2", "has a key or a password in it"),
        ("http://127.0.0.1:9/a.jsonl", "'http://127.0.0.1:9/a.jsonl' cannot be read: "),
    ],
)
def test_what_cannot_be_read_is_named_without_its_keys(address: str, said: str) -> None:
    with pytest.raises(SeedbedError, match=said) as raised:
        run(get_step("jsonl", path=address))

    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None or "hunter2" not in str(raised.value.__cause__)


def test_a_page_is_read_over_http(tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    (served / "a.jsonl").write_bytes(ROWS)

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *given: object) -> None:
            super().__init__(*given, directory=str(served))  # type: ignore[arg-type]

        def log_message(self, *given: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/a.jsonl?download=true"
        rows = [*run(get_step("jsonl", path=address)).rows()]
        ended = run(get_step("select", only=["n"]), input=address)
        server.shutdown()

    assert rows == [{"n": 1}, {"n": 2}] == [*ended.rows()]


def test_a_folder_of_someone_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    import os

    (tmp_path / f"seedbed-remote-{os.getuid()}").symlink_to(elsewhere)
    put("memory://data/a.jsonl", ROWS)

    with pytest.raises(UsageError, match="belongs to someone else"):
        Files("memory://data/a.jsonl").paths()


_BUCKET = """
import boto3, sys
s3 = boto3.client("s3", endpoint_url=sys.argv[1])
s3.create_bucket(Bucket="rows")
for key in ("in/a.jsonl", "in/b.jsonl", "twice/a.jsonl", "twice//a.jsonl", "up/../../../up.jsonl"):
    s3.put_object(Bucket="rows", Key=key, Body=b'{"n":1}\\n{"n":2}\\n')
"""


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Serve the bucket `rows` by a real S3 server, and return its address."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        with pytest.MonkeyPatch.context() as patched:
            for name, value in {
                "AWS_ACCESS_KEY_ID": "hunter2-id",
                "AWS_SECRET_ACCESS_KEY": "hunter2-secret",
                "AWS_SESSION_TOKEN": "hunter2-session",
                "AWS_ENDPOINT_URL": f"http://{host}:{port}",
                "AWS_DEFAULT_REGION": "us-east-1",
            }.items():
                patched.setenv(name, value)
            subprocess.run([sys.executable, "-c", _BUCKET, f"http://{host}:{port}"], check=True)
            yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.mark.slow
def test_a_bucket_of_s3_is_read(bucket: str) -> None:
    assert [*run(get_step("jsonl", path="s3://rows/in/*.jsonl")).rows()] == [{"n": 1}, {"n": 2}] * 2
    assert [*run(get_step("jsonl", path="s3://rows/in")).rows()] == [{"n": 1}, {"n": 2}] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "said"),
    [("s3://rows/twice/**", "have one name"), ("s3://rows/up/**", "has a name that can't be a file's")],
)
def test_keys_of_a_bucket_that_no_folder_can_hold_are_refused(
    pattern: str, said: str, bucket: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        run(get_step("jsonl", path=pattern))
    assert not [*tmp_path.parent.rglob("up.jsonl")]


@pytest.mark.slow
def test_no_key_of_a_bucket_is_kept_or_shown(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level("DEBUG", "seedbed")
    command = [sys.executable, "-m", "seedbed"]
    over = [*command, "run", "select", "--set", 'only=["n"]', "--input"]
    asked = [
        [*over, "s3://rows/in/a.jsonl", "-o", "a.jsonl"],
        [*over, "s3://none/a.jsonl"],
        [*over, "s3://none/a.jsonl", "--json"],
        [*command, "runs", "show", "a"],
        [*command, "runs", "explain", "a"],
        [*command, "runs", "card", "a"],
        [*command, "runs", "retry", "a"],
    ]
    shown = [subprocess.run(one, capture_output=True, text=True, check=False) for one in asked]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    refused = subprocess.run([*over, "s3://rows/in/a.jsonl"], capture_output=True, text=True, check=False)

    assert Path("a.jsonl").read_text() == '{"n":1}\n{"n":2}\n', shown[0].stderr
    assert "'s3://none/a.jsonl'" in shown[1].stderr
    assert "input s3://rows/in/a.jsonl\n" in shown[3].stdout
    assert "Could not connect to the endpoint" in refused.stderr
    texts = [caplog.text, *(part.stdout + part.stderr for part in (*shown, refused))]
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any("hunter2" in text or "Traceback" in text for text in texts)
    assert not any(b"hunter2" in content for content in files)
