"""Proxies come from the environment, and a certificate that nobody vouches for ends the run."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
import traceback
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.support.fault_server import Reply

from seedbed import LLMConnectionError, TimedOutError, UsageError, post_json
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.http import transport, wrong_scheme
from seedbed.llm.http.proxy import proxy_of

PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Handler(BaseHTTPRequestHandler):
    """Answers every POST, also one meant for another host, and opens no tunnels."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((self.path, self.headers.get("proxy-authorization")))
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(self.server.page)))
        if not self.server.keeps_connections:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(self.server.page)

    def do_CONNECT(self):
        self.server.seen.append((self.path, self.headers.get("proxy-authorization")))
        self.send_error(407)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        self.status, self.page, self.keeps_connections = 200, b"{}", True

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


@pytest.fixture(autouse=True)
def unknown_servers(monkeypatch):
    """Has nothing be known of other tests' servers, whose ports come again, and gives these time."""

    async def forget():
        transport._pool().answered.clear()
        transport._pool()._tried.clear()

    monkeypatch.setattr(wrong_scheme, "_SECONDS", 60.0)
    transport._route.cache_clear()
    loop_thread().run(forget(), twin="")


def post(url):
    return asyncio.run(post_json(url, {}, headers={}, timeout=60))


def test_the_proxy_of_the_environment_is_used_with_its_password(proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://me:hunter2@127.0.0.1:{proxy.server_port}")
    assert post("http://acme.invalid/v1").body == b"{}"
    ((path, authorisation),) = proxy.seen
    assert path == "http://acme.invalid/v1"
    assert authorisation.startswith("Basic ")


def test_a_proxy_without_a_scheme_speaks_http(proxy, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", f"127.0.0.1:{proxy.server_port}")
    assert post("http://acme-two.invalid/v1").body == b"{}"


def test_no_proxy_leaves_it_out(proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.setenv("NO_PROXY", "another.invalid,acme-left-out.invalid")
    with pytest.raises(LLMConnectionError, match="cannot reach 'http://acme-left-out"):
        post("http://acme-left-out.invalid/v1")
    assert proxy.seen == []


def test_a_server_of_this_machine_is_asked_without_a_proxy(proxy, monkeypatch, fault_server):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    fault_server.answer_with(Reply(body={"direct": True}))
    assert post(fault_server.url).body == b'{"direct": true}'
    assert proxy.seen == []


def test_what_goes_through_a_tunnel_stays_secret(tls_server, monkeypatch, tmp_path):
    """The proxy learns the name of the server and no key, the server nothing of the proxy's login."""
    chain = tmp_path / "acme.pem"
    write_certificate(chain, (-1, 1), "acme-tunnel.invalid")
    tls_server.context.load_cert_chain(chain)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    seen, has_ended = [], asyncio.Event()

    async def pump(reader, writer):
        while data := await reader.read(2**16):
            seen.append(data)
            writer.write(data)
        writer.close()

    async def tunnel(reader, writer):
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        inner = await asyncio.open_connection("127.0.0.1", tls_server.server_port)
        writer.write(b"HTTP/1.1 200 connected\r\n\r\n")
        await asyncio.gather(pump(reader, inner[1]), pump(inner[0], writer))
        has_ended.set()

    async def ask():
        async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter2@127.0.0.1:{port}")
            headers = {"authorization": "Bearer sk-secret-key"}
            answer = await post_json("https://acme-tunnel.invalid/v1", {"prompt": "Hi"}, headers=headers)
            await has_ended.wait()
            return answer

    tls_server.keeps_connections = False
    assert asyncio.run(ask()).body == b"{}"
    assert seen[0].startswith(b"CONNECT acme-tunnel.invalid:443 ")
    assert b"sk-secret-key" not in b"".join(seen)
    assert b64encode(b"me:hunter2") in seen[0]
    assert tls_server.seen == [("/v1", None)]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_certificate_of_the_proxys_is_not_taken_for_the_servers(tls_server, monkeypatch, scheme):
    monkeypatch.setenv(f"{scheme}_proxy", f"https://me:hunter2@localhost:{tls_server.server_port}")
    with pytest.raises(LLMConnectionError, match=r"the certificate of the proxy of '.*acme") as caught:
        post(f"{scheme}://acme-certificate.invalid/v1")
    assert (caught.value.retryable, caught.value.fatal) == (False, True)
    assert tls_server.seen == []


def test_users_and_passwords_may_have_any_letters(proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://zoë:ünter%40☃@127.0.0.1:{proxy.server_port}")
    assert post("http://sam:☃@acme-letters.invalid/v1").body == b"{}"
    ((path, authorisation),) = proxy.seen
    assert path == "http://acme-letters.invalid/v1"
    assert b64decode(authorisation.removeprefix("Basic ")).decode() == "zoë:ünter@☃"


NO_ADDRESS = {
    "a port too high": "http://me:hunter2@proxy.example:99999",
    "a word for a port": "http://proxy.example:hunter2hunter2",
    "no host": "http://",
    "half of an IPv6 address": "http://me:hunter2@[::1",
    "a blank": "http://me:hunter2@my proxy:3128",
    "a slash in the password": "http://me:hunter2/hunter2@proxy.example:3128",
    "a hash in the password": "http://me:hunter2#x@proxy.example:3128",
    "half of one without a scheme": "me:hunter2@[::1",
}


@pytest.mark.parametrize("address", NO_ADDRESS.values(), ids=NO_ADDRESS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_without_an_address_is_blamed_instead_of_the_server(proxy, monkeypatch, scheme, address):
    monkeypatch.setenv(f"{scheme}_proxy", address)
    with pytest.raises(UsageError, match=f"the proxy for {scheme}:// addresses has no address") as caught:
        proxy_of(f"{scheme}://acme.invalid")
    assert f"{scheme.upper()}_PROXY" in str(caught.value)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_name_of_a_proxy_that_does_not_exist_is_not_taken_for_the_servers(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@nowhere.invalid:3128")
    with pytest.raises(LLMConnectionError, match="cannot reach the proxy of 'https://acme") as caught:
        post("https://acme-nowhere.invalid/v1")
    assert "check HTTP_PROXY and HTTPS_PROXY" in str(caught.value)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_closes_each_connection_is_named(proxy, monkeypatch, scheme):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv(f"{scheme}_proxy", f"http://me:hunter2@127.0.0.1:{listening.getsockname()[1]}")
        closing = threading.Thread(target=close_each, args=(listening, 1))
        closing.start()
        with pytest.raises(LLMConnectionError, match="closed the connection") as caught:
            post(f"{scheme}://acme-closed.invalid/v1")
        closing.join()
    assert "a proxy is asked for it: check HTTP_PROXY" in str(caught.value)
    assert caught.value.retryable


def test_a_tunnel_is_not_waited_for_as_long_as_an_answer(proxy, monkeypatch):
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(TimedOutError, match=r"cannot reach 'https://.*' within 0\.05 s") as caught:
            post("https://acme-waits.invalid/v1")
    assert "check HTTP_PROXY and HTTPS_PROXY" in str(caught.value)


def test_a_page_of_the_proxys_does_not_give_its_password_away(proxy, monkeypatch):
    login = "me:hunter2hunter2"
    sent = b64encode(login.encode()).decode()
    proxy.page = f"{login} sent {sent}".encode()
    monkeypatch.setenv("HTTP_PROXY", f"http://{login}@127.0.0.1:{proxy.server_port}")
    assert post("http://acme-page.invalid/v1").body == b"[secret] sent [secret]"


def test_a_proxy_that_wants_a_login_ends_the_run_for_servers_of_http_too(proxy, monkeypatch):
    proxy.status = 407
    monkeypatch.setenv("HTTP_PROXY", f"http://me:hunter2@127.0.0.1:{proxy.server_port}")
    with pytest.raises(LLMConnectionError, match=r"the proxy of '.*' answered 407") as caught:
        post("http://acme-login.invalid/v1")
    assert (caught.value.retryable, caught.value.fatal) == (False, True)
    assert "it wants a user and a password" in str(caught.value)


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


def make_certificate(key: Path, certificate: Path) -> None:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*command.split(), *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )


@pytest.fixture
def tls_server(tmp_path, monkeypatch):
    for name in CERTIFICATE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make_certificate(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server()
    server.certificate, server.context = certificate, context
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        yield server


def test_an_unknown_certificate_ends_the_run(tls_server):
    with pytest.raises(LLMConnectionError, match=r"the certificate of '.*' cannot be verified") as caught:
        post(f"https://localhost:{tls_server.server_port}")
    assert "SSL_CERT_FILE" in str(caught.value)
    assert (caught.value.retryable, caught.value.fatal) == (False, True)
    assert tls_server.seen == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
@pytest.mark.parametrize("others", [{}, {"SSL_CERT_DIR": "/nowhere"}])
def test_certificates_of_the_environment_are_trusted(tls_server, monkeypatch, variable, others):
    for name, value in {"REQUESTS_CA_BUNDLE": "", **others, variable: tls_server.certificate}.items():
        monkeypatch.setenv(name, str(value))
    assert post(f"https://localhost:{tls_server.server_port}").body == b"{}"


def test_a_bundle_may_be_a_folder(tls_server, monkeypatch):
    folder = tls_server.certificate.parent / "trusted"
    folder.mkdir()
    shutil.copy(tls_server.certificate, folder)
    subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder))
    assert post(f"https://localhost:{tls_server.server_port}").body == b"{}"


def test_a_bundle_beats_another_and_joins_those_that_openssl_reads(tls_server, monkeypatch, tmp_path):
    other = tmp_path / "other.pem"
    make_certificate(tmp_path / "other-key.pem", other)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tls_server.certificate))
    with pytest.raises(LLMConnectionError, match="cannot be verified"):
        post(f"https://localhost:{tls_server.server_port}")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_server.certificate))
    assert post(f"https://localhost:{tls_server.server_port}/v1").body == b"{}"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_cannot_be_read_is_named_where_it_is_needed(
    tls_server, monkeypatch, tmp_path, fault_server, content
):
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE names") as caught:
        post(f"https://localhost:{tls_server.server_port}")
    assert str(bundle) in caught.value.fact
    assert post(fault_server.url).status == 200


def test_a_certificate_for_another_host_is_no_matter_of_who_issued_it(tls_server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_server.certificate))
    with pytest.raises(LLMConnectionError, match="mismatch") as caught:
        post(f"https://127.0.0.1:{tls_server.server_port}")
    assert "CA_BUNDLE" not in str(caught.value)


def test_a_file_of_certificates_that_is_not_there_is_blamed(tls_server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    with pytest.raises(LLMConnectionError, match="SSL_CERT_FILE names a file"):
        post(f"https://localhost:{tls_server.server_port}")


@pytest.mark.parametrize(
    ("days", "reason"), [((-2, -1), "certificate has expired"), ((1, 2), "certificate is not yet valid")]
)
def test_a_certificate_out_of_time_may_be_this_machines_clock(
    tls_server, monkeypatch, tmp_path, days, reason
):
    chain = tmp_path / "out-of-time.pem"
    write_certificate(chain, days)
    tls_server.context.load_cert_chain(chain)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    with pytest.raises(LLMConnectionError, match=reason) as caught:
        post(f"https://localhost:{tls_server.server_port}")
    assert "is this machine's clock right?" in str(caught.value)
    assert (caught.value.retryable, caught.value.fatal) == (False, True)


def write_certificate(path: Path, days: tuple[int, int], host: str = "localhost") -> None:
    """Write a certificate and its key that are valid from one day to the other, counted from today."""
    # openssl's command takes days in the past from version 3.4.
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    begin, end = (datetime.now(UTC) + timedelta(days=day) for day in days)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
    )
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_server_that_wants_a_certificate_ends_the_run(tls_server, monkeypatch, version):
    """With TLS 1.3 it says so after the handshake, which looked like a connection that was lost."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_server.certificate))
    tls_server.context.verify_mode = ssl.CERT_REQUIRED
    tls_server.context.maximum_version = version
    with socket.create_server(("127.0.0.1", 0)) as listening:
        refusing = threading.Thread(target=refuse_one, args=(listening, tls_server.context))
        refusing.start()
        with pytest.raises(
            LLMConnectionError, match=r"no secure connection to 'https://.*': .* alert "
        ) as caught:
            post(f"https://localhost:{listening.getsockname()[1]}")
        refusing.join()
    assert "_ssl.c" not in caught.value.fact
    assert (caught.value.retryable, caught.value.fatal) == (False, True)


def refuse_one(listening: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listening.accept()
    # Open until the client closes it: a reset, for the request that nobody reads, could overtake the alert.
    with connection.dup() as kept:
        with suppress(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)
        with suppress(OSError):
            while kept.recv(10000):
                pass


def test_a_handshake_that_is_cut_is_told_as_such_and_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        resetting = threading.Thread(target=reset_each, args=(listening, 2))
        resetting.start()
        with pytest.raises(LLMConnectionError, match="closed the connection before it was secure") as caught:
            post(f"https://127.0.0.1:{listening.getsockname()[1]}")
        resetting.join()
    assert "is base_url right" in str(caught.value)
    assert caught.value.retryable


def reset_each(listening: socket.socket, times: int) -> None:
    for _ in range(times):
        connection, _ = listening.accept()
        connection.recv(10000)
        connection.close()


def test_http_to_a_port_of_https_says_so(tls_server):
    with pytest.raises(LLMConnectionError, match="speaks HTTPS") as caught:
        post(f"http://localhost:{tls_server.server_port}/v1")
    assert "write https://" in str(caught.value)
    assert (caught.value.retryable, caught.value.fatal) == (False, True)
    assert tls_server.seen == []


def test_a_port_of_https_may_answer_with_an_alert(tls_server):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        alerting = threading.Thread(target=alert_and_shake_hands, args=(listening, tls_server.context))
        alerting.start()
        with pytest.raises(LLMConnectionError, match="speaks HTTPS"):
            post(f"http://127.0.0.1:{listening.getsockname()[1]}")
        alerting.join()


def alert_and_shake_hands(listening: socket.socket, context: ssl.SSLContext) -> None:
    plain, _ = listening.accept()
    plain.recv(10000)
    plain.sendall(b"\x15\x03\x01\x00\x02\x02\x46")
    plain.close()
    secure, _ = listening.accept()
    # The client may be gone by then: that a handshake begins is all that it wants to know.
    with suppress(OSError):
        context.wrap_socket(secure, server_side=True).close()


@pytest.mark.parametrize(
    "page",
    [
        b"<html><center>The plain HTTP request was sent to HTTPS port</center></html>",
        b"Client sent an HTTP request to an HTTPS server.\n",
        b"Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
        b"Bad Request\r\nThis combination of host and port requires TLS.\r\n",
    ],
)
def test_a_port_of_https_that_says_so_itself_is_believed(fault_server, page):
    fault_server.answer_with(Reply(400, page))
    with pytest.raises(LLMConnectionError, match="speaks HTTPS") as caught:
        post(fault_server.url)
    assert (caught.value.retryable, caught.value.fatal) == (False, True)


def test_a_server_that_has_answered_is_not_taken_for_one_of_https(fault_server):
    said = b'{"error": "Client sent an HTTP request to an HTTPS server."}'
    fault_server.answer_with(Reply(body={}), Reply(400, said))
    post(fault_server.url)
    assert post(fault_server.url).body == said


def test_https_to_a_server_without_tls_says_so(fault_server):
    url = fault_server.url.replace("http:", "https:")
    with pytest.raises(LLMConnectionError, match="speaks plain HTTP") as caught:
        post(url)
    assert "write http://" in str(caught.value)
    assert (caught.value.retryable, caught.value.fatal) == (False, True)
    assert fault_server.count == 0


def test_https_to_a_server_that_waits_for_the_end_of_a_line_says_so(proxy, monkeypatch):
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.05)
    with pytest.raises(LLMConnectionError, match="speaks plain HTTP"):
        post(f"https://127.0.0.1:{proxy.server_port}")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_port_that_speaks_neither_is_not_blamed_on_the_scheme(scheme):
    """One that closes every connection, as a server that is just starting may."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closing = threading.Thread(target=close_each, args=(listening, 2))
        closing.start()
        with pytest.raises(LLMConnectionError) as caught:
            post(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}")
        closing.join()
    assert "speaks" not in caught.value.fact


def close_each(listening: socket.socket, times: int) -> None:
    for _ in range(times):
        connection, _ = listening.accept()
        connection.recv(10000)
        connection.close()


NO_PROXY = {
    "an IPv6 address": ("::1", "http://[::1]:8000", True),
    "in brackets": ("[::1]", "http://[::1]:8000", True),
    "in brackets, with a port": ("[::1]:8000", "http://[::1]:8000", True),
    "in brackets, with another port": ("[fd12::1]:8001", "http://[fd12::1]:8000", False),
    "written in full": ("0:0:0:0:0:0:0:1", "http://[::1]", True),
    "an IPv4 address that is mapped": ("127.0.0.1", "http://[::ffff:127.0.0.1]", True),
    "a network": ("10.0.0.0/8", "http://10.1.2.3:8000", True),
    "a network with bits of a host": ("10.1.2.3/8", "http://10.9.9.9", True),
    "another network": ("10.0.0.0/8", "http://11.1.2.3", False),
    "a network of IPv6": ("fd00::/8", "http://[fd12::1]", True),
    "a network in brackets": ("[fd00::]/8", "http://[fd12::1]", True),
    "a network, and a name": ("10.0.0.0/8", "http://acme.example", False),
    "no network": ("10.0.0.0/99", "http://10.0.0.1", False),
    "an address": ("10.0.0.1", "http://10.0.0.1", True),
    "an address that ends alike": ("0.0.1", "http://10.0.0.1", False),
    "a host": ("acme.example", "https://acme.example/v1", True),
    "in capitals": ("ACME.example", "https://acme.EXAMPLE/v1", True),
    "what is below it": ("acme.example", "https://api.acme.example", True),
    "a leading dot": (".acme.example", "https://api.acme.example", True),
    "a leading dot, and the host": (".acme.example", "https://acme.example", True),
    "a star before it": ("*.acme.example", "https://api.acme.example", True),
    "a name that ends alike": ("acme.example", "https://notacme.example", False),
    "a trailing dot": ("acme.example.", "https://acme.example", True),
    "a port": ("acme.example:8443", "https://acme.example:8443", True),
    "another port": ("acme.example:8443", "https://acme.example", False),
    "the port that goes without saying": ("acme.example:443", "https://acme.example", True),
    "everything": ("*", "https://acme.example", True),
    "everything, among others": ("localhost, *", "https://acme.example", True),
    "spaces between": ("localhost  acme.example", "https://acme.example", True),
    "a URL": ("http://acme.example/", "http://acme.example", True),
    "an end of an address": ("192.168.*", "http://192.168.1.5:11434", True),
    "empty": (" , ", "http://acme.example", False),
}


@pytest.mark.parametrize(("names", "url", "left_out"), NO_PROXY.values(), ids=NO_PROXY)
def test_forms_of_no_proxy(proxy, monkeypatch, names, url, left_out):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", names)
    assert proxy_of(url) == (None if left_out else "http://proxy.example:3128")


def test_no_proxy_in_lower_case_wins(proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "localhost")
    assert proxy_of("http://acme.example") == "http://proxy.example:3128"
