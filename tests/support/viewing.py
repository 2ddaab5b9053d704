"""Requests to the server that shows runs, and runs to be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from http.client import HTTPConnection, HTTPResponse
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from seedbed import Result, RunStore, Verdict
from seedbed_view import Viewer

Get = Callable[..., "Answer"]


class Answer:
    """An answer of the server, read."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()


def request(
    viewer: Viewer,
    path: str,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    body: str | None = None,
) -> Answer:
    """Send a request as any program could."""
    connection = HTTPConnection("127.0.0.1", viewer.port, timeout=120)
    try:
        connection.request(method, path, body, dict(headers or {}))
        return Answer(connection.getresponse())
    finally:
        connection.close()


def post(viewer: Viewer, path: str, *, origin: str | None = None, **form: str) -> Answer:
    """Send a form as the page does."""
    headers = {
        "Cookie": cookie_of(viewer),
        "Origin": origin or f"http://127.0.0.1:{viewer.port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return request(viewer, path, headers, "POST", urlencode(form))


def cookie_of(viewer: Viewer) -> str:
    """Return the cookie that the link gives."""
    link = urlsplit(viewer.link())
    return request(viewer, f"{link.path}?{link.query}").headers["set-cookie"].partition(";")[0]


def write(folder: Path, rows: Iterable[Mapping[str, Any]], ids: Sequence[str] = (), **manifest: Any) -> None:
    """Write a run whose step `made` has made these rows; without `ids` they're known by their numbers."""
    names = chain(ids, map(str, count(len(ids))))
    with RunStore.open(folder) as store:
        steps = [{"name": "made", "class": "x.Made", "llms": []}]
        store.begin_session({"task": "made", "leaf": "made", "wanted": None, "steps": steps, **manifest})
        for place, (row, name) in enumerate(zip(rows, names, strict=False)):
            store.add_result(Result("made", name, b"", 0, "done", orjson.dumps([row])))
            store.add_verdict(Verdict("made", place, name, "accepted", "made", name, 0))
        store.end_session("complete", {})


def add_rows(store: RunStore, numbers: Iterable[int]) -> None:
    """Add accepted rows to a run that goes on, with the text `row N`, and make them durable."""
    for number in numbers:
        name = str(number)
        store.add_result(Result("made", name, b"", 0, "done", b'[{"text": "row %d"}]' % number))
        store.add_verdict(Verdict("made", number, name, "accepted", "made", name, 0))
    store.flush()
