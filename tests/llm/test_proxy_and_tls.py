"""Proxies come from the environment, and a certificate that nobody vouches for ends the run."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.support.fault_server import Reply

from seedbed import LLMConnectionError, UsageError, post_json

PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Handler(BaseHTTPRequestHandler):
    """Answers every POST, also one meant for another host, and opens no tunnels."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((self.path, self.headers.get("proxy-authorization")))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_CONNECT(self):
        self.server.seen.append((self.path, self.headers.get("proxy-authorization")))
        self.send_error(407)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []

    def handle_error(self, request, client_address):
        pass


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def proxy(monkeypatch):
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving(Server()) as server:
        yield server


def post(url):
    return asyncio.run(post_json(url, {}, headers={}, timeout=10))


def test_the_proxy_of_the_environment_is_used_with_its_password(proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://me:hunter2@127.0.0.1:{proxy.server_port}")
    assert post("http://acme.invalid/v1").body == b"{}"
    ((path, authorisation),) = proxy.seen
    assert path == "http://acme.invalid/v1"
    assert authorisation.startswith("Basic ")


def test_a_proxy_without_a_scheme_speaks_http(proxy, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", f"127.0.0.1:{proxy.server_port}")
    assert post("http://acme-two.invalid/v1").body == b"{}"


def test_no_proxy_leaves_it_out(proxy, monkeypatch, fault_server):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.setenv("NO_PROXY", "acme.invalid,127.0.0.1")
    fault_server.answer_with(Reply(body={"direct": True}))
    assert post(fault_server.url).body == b'{"direct": true}'
    assert proxy.seen == []


def test_a_proxy_that_refuses_is_named_and_not_asked_again(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter2@127.0.0.1:{proxy.server_port}")
    with pytest.raises(LLMConnectionError, match=r"the proxy of '.*' answered 407") as caught:
        post("https://acme.invalid/v1")
    assert not caught.value.retryable
    assert proxy.seen[0][0] == "acme.invalid:443"
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_proxy_that_is_not_there_is_not_taken_for_the_server(proxy, monkeypatch):
    with serving(Server()) as gone:
        port = gone.server_port
    monkeypatch.setenv("HTTP_PROXY", f"http://me:hunter2@127.0.0.1:{port}")
    with pytest.raises(LLMConnectionError, match="cannot reach the proxy of 'http://acme") as caught:
        post("http://acme-three.invalid/v1")
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_kind_of_proxy_that_is_not_supported_is_named_without_its_password(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://me:hunter2@127.0.0.1:1080")
    with pytest.raises(UsageError, match=r"the proxy 'socks5://127\.0\.0\.1:1080' is of a kind"):
        post("https://acme.invalid/v2")


@pytest.fixture
def tls_server(tmp_path, monkeypatch):
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*command.split(), *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        yield server


def test_an_unknown_certificate_ends_the_run(tls_server):
    with pytest.raises(LLMConnectionError, match=r"the certificate of '.*' cannot be verified") as caught:
        post(f"https://localhost:{tls_server.server_port}")
    assert "SSL_CERT_FILE" in str(caught.value)
    assert (caught.value.retryable, caught.value.fatal) == (False, True)
    assert tls_server.seen == []


def test_https_to_a_server_without_tls_is_not_called_a_matter_of_certificates(fault_server):
    url = fault_server.url.replace("http:", "https:")
    with pytest.raises(LLMConnectionError, match="no secure connection") as caught:
        post(url)
    assert "http://" in str(caught.value)
    assert not caught.value.retryable
