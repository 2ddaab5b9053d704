"""Who gets a page: this machine's browser by its link, and nobody else."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.support.viewing import Get, cookie_of, request, write

from seedbed import UsageError
from seedbed_view import Viewer


def test_the_link_gives_a_cookie_and_leaves_the_address(viewer: Viewer) -> None:
    link = urlsplit(viewer.link("a run"))

    answer = request(viewer, f"{link.path}?{link.query}&q=tea")

    assert answer.status == 303
    assert answer.headers["location"] == "/runs/a%20run?q=tea"
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert "samesite=strict" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("path", ["/", "/runs/x", "/static/view.js", "/?token=wrong", "/?token="])
def test_without_the_token_nothing_is_shown(viewer: Viewer, path: str) -> None:
    assert request(viewer, path).status == 403
    assert request(viewer, path, {"Cookie": f"seedbed-view-{viewer.port}=wrong"}).status == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_name_that_resolves_to_this_machine_is_not_answered(viewer: Viewer, host: str) -> None:
    headers = {"Cookie": cookie_of(viewer), "Host": host.format(port=viewer.port)}

    assert request(viewer, "/", headers).status == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_from_another_page_is_refused(viewer: Viewer, origin: str, method: str) -> None:
    headers = {"Cookie": cookie_of(viewer), "Origin": origin.format(port=viewer.port)}

    assert request(viewer, "/", headers, method).status == 403


def test_a_request_that_changes_something_needs_an_origin(viewer: Viewer) -> None:
    assert request(viewer, "/", {"Cookie": cookie_of(viewer)}, "POST").status == 403


def test_every_page_forbids_what_comes_from_elsewhere(runs: Path, get: Get) -> None:
    write(runs / "one", [{"text": "tea"}])

    for path in ("/", "/runs/one", "/runs/one/rows", "/runs/one/row/0", "/runs/one/refused", "/runs/none"):
        headers = get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "..%2f..%2fetc", ".", "%00", "one%2f..%2fone", "nothing", "a" * 3000]
)
def test_no_path_leads_out_of_the_folder_of_runs(runs: Path, get: Get, name: str) -> None:
    write(runs / "one", [{"text": "tea"}])

    assert get(f"/runs/{name}/rows").status == 404


def test_a_port_that_is_taken_is_an_error_that_says_so(viewer: Viewer, runs: Path) -> None:
    with pytest.raises(UsageError, match=f"port {viewer.port} can't be used"):
        Viewer(runs, viewer.port)
