"""Files of web servers: where redirects may lead, what the user configured, and answers that are cut off."""

from __future__ import annotations

import copy
import pickle
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from seedbed import Files, Pipeline, SeedbedError, UsageError, get_step, run
from seedbed.llm.keys.hosts import is_public_address
from seedbed.tasks.remote.kept_copies import with_addresses
from seedbed.tasks.remote.public_addresses import PublicAddress
from seedbed.tasks.remote.remote_files import copies_of

fsspec = pytest.importorskip("fsspec")

ROWS = b'{"n":1}\n{"n":2}\n'
NAME = "rows.example.org"


class Pages(BaseHTTPRequestHandler):
    """Answers `/rows` with rows, `/cut` with a part of them, `/to/URL` with a redirect; notes requests."""

    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, dict(self.headers)))
        path, _, query = self.path.partition("/to/")
        if query:
            self.send_response(302)
            self.send_header("Location", f"http://{query}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = {"/bad.jsonl": b"<html>login", "/empty.jsonl": b"", "/status/204": b""}.get(path, ROWS)
        status = path.removeprefix("/status/")
        self.send_response(int(status) if status.isdigit() else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(ROWS[:8] if path == "/cut" else content)

    def log_message(self, *given: object) -> None:
        pass


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Serve the pages, also to whoever asks for `rows.example.org`."""
    asked = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: asked("127.0.0.1" if host == NAME else host, *rest, **more),
    )
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Pages.seen.clear()
    copies_of.cache_clear()
    fsspec.filesystem("http").clear_instance_cache()
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()
    copies_of.cache_clear()


def read(address: str) -> list[Any]:
    return [row["n"] for row in run(get_step("jsonl", path=address)).rows()]


def test_a_public_server_leads_to_no_server_of_this_machine(port: int) -> None:
    with pytest.raises(UsageError, match=r"leads to '127\.0\.0\.1', which is no public server"):
        read(f"http://{NAME}:{port}/to/127.0.0.1:{port}/rows")

    assert [path for path, _ in Pages.seen] == [f"/to/127.0.0.1:{port}/rows"]


STRANGERS = {
    "a step": "steps:\n- use: jsonl\n  with: {{path: '{url}'}}\n",
    "a list": "steps:\n- use: jsonl\n  with: {{path: ['{url}']}}\n",
    "the input": "input: '{url}'\nsteps:\n- use: select\n  with: {{only: [n]}}\n",
    "a source": "input: {{use: jsonl, with: {{path: '{url}'}}}}\n"
    "steps:\n- use: select\n  with: {{only: [n]}}\n",
}


@pytest.mark.parametrize("place", STRANGERS)
def test_a_strangers_name_that_means_this_machine_is_not_asked(
    place: str, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "p.yaml"
    file.write_text(STRANGERS[place].format(url=f"http://{NAME}:{port}/rows.jsonl"))

    with pytest.raises(SeedbedError, match=r"'rows\.example\.org' has the address 127\.0\.0\.1") as raised:
        Pipeline.from_file(file).run(name="strangers").rows()
    assert Pages.seen == []

    place = raised.value.advice[0].rpartition(" ")[2]
    allowed = Pipeline.from_file(file, allow_paths=[place])
    assert [row["n"] for row in allowed.run(name="mine").rows()] == [1, 2]


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda files: pickle.loads(pickle.dumps(files))])
def test_an_address_of_a_stranger_stays_one(how: Callable[[Files], Files], port: int) -> None:
    files = how(Files(PublicAddress(f"http://{NAME}:{port}/rows")))
    with pytest.raises(UsageError, match="on this machine or its network"):
        files.paths()

    assert len(Files(f"http://{NAME}:{port}/rows").paths()) == 1
    with pytest.raises(UsageError, match="on this machine or its network"):
        Files(files).paths()


def test_the_users_proxy_may_be_in_the_users_network(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{NAME}:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    address = PublicAddress("http://elsewhere.example.org/rows")

    assert len(Files(address).paths()) == 1
    assert [path for path, _ in Pages.seen] == [address]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
        *("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1"),
    ],
)
def test_addresses_that_not_everybody_reaches(address: str) -> None:
    assert not is_public_address(address)
    assert all(map(is_public_address, ("93.184.215.14", "2606:2800:21f::1", "64:ff9b::5db8:d70e")))


@pytest.mark.parametrize(("first", "second"), [(NAME, NAME), ("127.0.0.1", "127.0.0.1"), ("127.0.0.1", NAME)])
def test_other_redirects_are_followed(first: str, second: str, port: int) -> None:
    assert read(f"http://{first}:{port}/to/{second}:{port}/rows") == [1, 2]


def test_a_key_of_the_users_configuration_stays_with_its_server(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"client_kwargs": {"headers": {"Authorization": "Bearer hunter2-hunter2"}}}
    monkeypatch.setitem(fsspec.config.conf, "http", options)

    assert read(f"http://127.0.0.1:{port}/to/localhost:{port}/rows") == [1, 2]
    keys = [headers.get("Authorization") for _, headers in Pages.seen]
    assert keys == ["Bearer hunter2-hunter2", None]


@pytest.mark.slow
def test_the_proxy_of_calls_is_that_of_files_too(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", f"http://ada:p%C3%A4ss@127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8")

    assert read("http://no-such-host.example.org/rows") == [1, 2]
    [(asked, headers)] = Pages.seen
    assert asked == "http://no-such-host.example.org/rows"
    assert headers["Proxy-Authorization"] == f"Basic {b64encode('ada:päss'.encode()).decode()}"


def test_each_server_that_is_led_to_has_its_own_proxy(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("no_proxy", NAME)

    assert read(f"http://{NAME}:{port}/to/elsewhere.example.org/rows") == [1, 2]
    assert [path for path, _ in Pages.seen] == [
        "/to/elsewhere.example.org/rows",
        "http://elsewhere.example.org/rows",
    ]


def test_a_file_that_is_cut_off_is_refused(port: int) -> None:
    with pytest.raises(UsageError, match=r"/cut' cannot be read: ClientPayloadError"):
        read(f"http://127.0.0.1:{port}/cut")


@pytest.mark.parametrize("status", [202, 204, 206])
def test_an_answer_that_is_no_whole_file_is_refused(status: int, port: int) -> None:
    with pytest.raises(UsageError, match=f"gives no whole file: its status is {status}, and not 200"):
        read(f"http://127.0.0.1:{port}/status/{status}")


@pytest.mark.parametrize("as_input", [True, False])
def test_what_is_wrong_with_a_file_is_said_of_its_address(as_input: bool, port: int, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{port}/bad.jsonl"
    step = get_step("select", only=["n"]) if as_input else get_step("jsonl", path=address)
    with pytest.raises(SeedbedError) as raised:
        run(step, input=address if as_input else None)

    assert with_addresses(str(raised.value)).startswith(f"'{address}' line 1 is not JSON")


def test_an_empty_file_is_named_by_its_address(port: int) -> None:
    address = f"http://127.0.0.1:{port}/empty.jsonl"
    assert run(get_step("select", only=["n"]), input=address).notes == [f"'{address}' has no rows"]


def test_a_large_file_may_take_its_time_and_a_silent_server_may_not(port: int) -> None:
    from seedbed.tasks.remote.remote_systems import file_system

    system, _ = file_system(f"http://127.0.0.1:{port}/rows")
    timeout = system.client_kwargs["timeout"]

    assert (timeout.total, timeout.sock_read) == (None, 60)
