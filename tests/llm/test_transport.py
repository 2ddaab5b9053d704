"""JSON over real sockets: what comes back comes back whole, and what goes wrong has a type and no secret."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import traceback
from contextlib import ExitStack, contextmanager

import pytest
from tests.support.fault_server import Reply

from seedbed import (
    AuthenticationError,
    BadRequestError,
    InvalidResponseError,
    LLMConnectionError,
    RateLimitedError,
    ServerError,
    TimedOutError,
    UnknownModelError,
    UsageError,
    check_listening,
    get_json,
    parse_body,
    post_json,
)
from seedbed.llm.http import transport

PAYLOAD = {"model": "m", "messages": [{"role": "user", "content": "Zwölf 🦊"}]}


def post(url, **options):
    """Post from a loop of the caller's own, as a backend's user may."""
    given = {"headers": {"authorization": "Bearer sk-key"}, "timeout": 10.0, **options}
    return asyncio.run(post_json(url, PAYLOAD, **given))


def test_a_payload_arrives_as_json_with_its_headers(fault_server):
    fault_server.answer_with(Reply(body={"a": "ü"}, headers={"X-RateLimit-Remaining": "7"}))
    answer = post(f"{fault_server.url}/v1/chat?api-version=1")
    (sent,) = fault_server.received
    assert (sent.method, sent.path, sent.query) == ("POST", "/v1/chat", {"api-version": "1"})
    assert sent.json() == PAYLOAD
    assert sent.headers["authorization"] == "Bearer sk-key"
    assert sent.headers["content-type"] == sent.headers["accept"] == "application/json"
    assert (answer.status, json.loads(answer.body)) == (200, {"a": "ü"})
    assert answer.headers["x-ratelimit-remaining"] == "7"


def test_get_sends_no_body(fault_server):
    fault_server.answer_with(Reply(body={"data": []}))
    answer = asyncio.run(get_json(f"{fault_server.url}/models", headers={}, timeout=10))
    assert answer.body == b'{"data": []}'
    assert (fault_server.received[0].method, fault_server.received[0].body) == ("GET", b"")


STATUSES = {
    400: BadRequestError,
    401: AuthenticationError,
    403: AuthenticationError,
    404: UnknownModelError,
    413: BadRequestError,
    429: RateLimitedError,
    500: ServerError,
    503: ServerError,
    529: RateLimitedError,
}


@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal_is_an_answer_and_then_its_error(fault_server, status):
    fault_server.answer_with(
        Reply(status, {"error": {"message": "so it is"}}, {"retry-after": "2", "Retry-After-Ms": "1500"})
    )
    answer = post(fault_server.url)
    assert answer.status == status
    with pytest.raises(STATUSES[status], match=f"Acme answered {status}: so it is") as caught:
        parse_body(answer, "Acme")
    assert caught.value.retry_after == 1.5


def test_a_redirect_is_not_followed_with_the_key(fault_server):
    fault_server.answer_with(Reply(307, headers={"location": f"{fault_server.url}/elsewhere"}))
    with pytest.raises(BadRequestError, match="base_url is redirected"):
        parse_body(post(fault_server.url), "Acme")
    assert fault_server.count == 1


def test_cookies_of_one_row_do_not_reach_the_next(fault_server):
    fault_server.answer_with(Reply(body={}, headers={"set-cookie": "row=1"}))
    post(fault_server.url)
    post(fault_server.url)
    assert "cookie" not in fault_server.received[1].headers


def test_a_connection_closed_in_mid_body_is_no_answer(fault_server):
    fault_server.answer_with(Reply(body={"text": "x" * 5000}, cut=True))
    with pytest.raises(LLMConnectionError, match="before the answer was complete") as caught:
        post(fault_server.url)
    assert caught.value.retryable


def test_a_connection_closed_without_an_answer(fault_server):
    fault_server.answer_with(Reply(drop=True))
    with pytest.raises(LLMConnectionError, match=f"'{fault_server.url}' closed the connection"):
        post(fault_server.url)


def test_a_server_that_does_not_speak_http():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"

        async def both():
            call = asyncio.create_task(post_json(url, {}, headers={}, timeout=10))
            connection, _ = await asyncio.to_thread(server.accept)
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
                await call

        with pytest.raises(LLMConnectionError, match="doesn't answer like an HTTP server"):
            asyncio.run(both())


def test_nothing_listens():
    with silent_port() as port:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(LLMConnectionError, match=rf"cannot reach '.*:{port}/v1': .*onnect") as caught:
                post(f"http://{host}:{port}/v1")
            assert "is base_url right?" in str(caught.value)
            assert caught.value.retryable


@contextmanager
def silent_port():
    """Yield a port on which nobody listens, nor begins to: it's taken."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        yield silent.getsockname()[1]


def test_a_name_that_does_not_exist():
    with pytest.raises(LLMConnectionError, match=r"cannot reach 'http://nowhere\.invalid/v1': "):
        post("http://nowhere.invalid/v1")


def test_no_answer_in_time(fault_server):
    fault_server.answer_with(Reply(hang=True))
    with pytest.raises(TimedOutError, match=r"no complete answer from 'http://.*' within 0\.05 s"):
        post(fault_server.url, timeout=0.05)


def test_a_server_that_takes_no_connection_is_not_waited_for_as_long_as_an_answer(monkeypatch):
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.05)
    with (
        crowded_server() as url,
        pytest.raises(TimedOutError, match=r"cannot reach 'http://.*' within 0\.05 s"),
    ):
        post(url)


@contextmanager
def crowded_server():
    """Yield the address of a server that takes no further connection."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            other = stack.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("url", ["http://h..example/v1", "http://127.0.0.1:99999/v1", "http://[::1/v1"])
def test_what_is_no_url_of_a_server_is_found_before_any_row_starts(url):
    with pytest.raises(UsageError, match="write it as https://host/path") as caught:
        asyncio.run(check_listening(url))
    assert url in caught.value.fact


def test_a_server_that_takes_no_connection_at_once_is_left_to_the_first_call(monkeypatch):
    monkeypatch.setattr(transport, "_LISTENING_SECONDS", 0.05)
    with crowded_server() as url:
        # It returns, and raises nothing.
        asyncio.run(check_listening(url))


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_answer_beyond_the_bound_is_refused_even_when_it_is_small_on_the_wire(fault_server, encoding):
    body = b"[" + b" " * 2**20 + b"]"
    sent = gzip.compress(body) if encoding == "gzip" else body
    headers = {"content-encoding": "gzip"} if encoding == "gzip" else {}
    fault_server.answer_with(Reply(body=sent, headers=headers))
    assert post(fault_server.url, max_bytes=len(body)).body == body
    with pytest.raises(InvalidResponseError, match="is longer than 65,536 bytes"):
        post(fault_server.url, max_bytes=2**16)
    assert post(fault_server.url).status == 200


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "ftp://host/v1", "http://", "http://h:port/v1", "http://[::1/v1"]
)
def test_what_is_no_url_of_a_server_is_the_users_mistake(url):
    with pytest.raises(UsageError, match="write it as https://host/path"):
        post(url)


@pytest.mark.parametrize("trouble", ["refused", "cut", "hang", "no url"])
def test_user_and_password_of_a_url_are_sent_and_never_shown(fault_server, trouble):
    host = fault_server.url.removeprefix("http://")
    url = f"http://me:hunter2@{host}/v1"
    if trouble == "no url":
        url = "http://me:hunter2@host:port/v1"
    fault_server.answer_with(Reply(body={"a": "x" * 1000}, cut=trouble == "cut", hang=trouble == "hang"))
    with silent_port() as port:
        if trouble == "refused":
            url = f"http://me:hunter2@127.0.0.1:{port}/v1"
        with pytest.raises((LLMConnectionError, TimedOutError, UsageError)) as caught:
            post(url, headers={}, timeout=0.2 if trouble == "hang" else 10)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    for sent in fault_server.received:
        assert sent.headers["authorization"].startswith("Basic ")


@pytest.mark.slow
def test_many_calls_at_once_share_the_pool(fault_server):
    fault_server.answer_with(Reply(body={}))

    async def many():
        calls = (post_json(fault_server.url, {"k": k}, headers={}, timeout=30) for k in range(300))
        return await asyncio.gather(*calls)

    assert {answer.status for answer in asyncio.run(many())} == {200}
    assert sorted(sent.json()["k"] for sent in fault_server.received) == list(range(300))
