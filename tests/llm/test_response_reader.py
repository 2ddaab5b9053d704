"""Responses are read whole, however they're cut into pieces and whatever says where they end."""

from __future__ import annotations

import gc
import gzip
import tracemalloc
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.llm.http.http_answer import Headers, HTTPAnswer
from seedbed.llm.http.response_reader import ResponseReader
from seedbed.llm.http.wire_errors import Disconnected, EndlessHeaders, NotHTTP, TooLong

BODY = b'{"text": "Zw\xc3\xb6lf"}'
LENGTH = b"content-length: %d\r\n" % len(BODY)
PACKED = gzip.compress(BODY, mtime=0)
MEMBERS = b"".join(gzip.compress(part, mtime=0) for part in (BODY[:5], b"", BODY[5:]))
RAW_DEFLATE = zlib.compress(BODY, wbits=-15)


def response(headers: bytes, body: bytes, first: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return first + b"\r\n" + headers + b"\r\n" + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def read(
    data: bytes, pieces: list[int] | None = None, most: int = 10_000, reader: ResponseReader | None = None
) -> tuple[HTTPAnswer, bool]:
    """Return the answer in the data, cut at these places, and whether the connection may be used again."""
    reader = reader or ResponseReader()
    reader.begin(most)
    is_complete = False
    places = [0, *sorted(pieces or []), len(data)]
    for start, end in pairwise(places):
        is_complete = reader.feed(data[start:end]) if end > start else is_complete
    assert is_complete or reader.ends_here()
    may_go_on = is_complete and reader.is_reusable
    return reader.take(), may_go_on


CHUNKED = b"Transfer-Encoding: chunked\r\n"
FORMS = {
    "length": (response(LENGTH, BODY), True),
    "close": (response(LENGTH + b"Connection: Close\r\n", BODY), False),
    "chunks": (response(CHUNKED, chunked(BODY[:3], BODY[3:])), True),
    "extensions and a trailer": (
        response(CHUNKED, b"%x;a=b\r\n%b\r\n" % (len(BODY), BODY) + b"00\r\nx: y\r\n\r\n"),
        True,
    ),
    "chunks and a length": (response(CHUNKED + b"content-length: 3\r\n", chunked(BODY)), False),
    "until the end": (response(b"", BODY), False),
    "of 1.0": (response(LENGTH, BODY, b"HTTP/1.0 200 OK"), False),
    "of 1.0, kept": (response(LENGTH + b"connection: keep-alive\r\n", BODY, b"HTTP/1.0 200 OK"), True),
    "after another": (b"HTTP/1.1 100 Continue\r\n\r\n" + response(LENGTH, BODY), True),
    "bare line feeds": (b"HTTP/1.1 200\ncontent-length: %d\n\n%b" % (len(BODY), BODY), True),
    "gzip": (response(CHUNKED + b"content-encoding: GZIP\r\n", chunked(PACKED)), True),
    "gzip in members": (response(b"content-encoding: gzip\r\n", MEMBERS), False),
    "gzip before something else": (response(b"content-encoding: gzip\r\n", PACKED + b"the end"), False),
    "deflate": (response(CHUNKED + b"content-encoding: deflate\r\n", chunked(zlib.compress(BODY))), True),
    "bare deflate": (response(CHUNKED + b"content-encoding: deflate\r\n", chunked(RAW_DEFLATE)), True),
}


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
def test_a_body_arrives_whole_in_any_form_and_any_pieces(form: str, data: st.DataObject) -> None:
    sent, is_reusable = FORMS[form]
    pieces = data.draw(st.lists(st.integers(0, len(sent)), max_size=8))
    answer, may_go_on = read(sent, pieces)
    assert (answer.status, answer.body, may_go_on) == (200, BODY, is_reusable)


def test_byte_by_byte_is_the_same() -> None:
    for sent, is_reusable in FORMS.values():
        answer, may_go_on = read(sent, [*range(len(sent))])
        assert (answer.body, may_go_on) == (BODY, is_reusable)


def test_one_reader_reads_all_answers_of_a_connection() -> None:
    reader = ResponseReader()
    for sent, is_reusable in FORMS.values():
        if is_reusable:
            assert read(sent, [7, 40], reader=reader) == read(sent)


def test_what_was_read_is_not_kept() -> None:
    reader = ResponseReader()
    reader.begin(10_000)
    reader.feed(response(LENGTH, BODY))
    answer = reader.take()
    assert not [held for held in gc.get_referents(*gc.get_referents(reader)) if held is answer.body]


def test_statuses_without_a_body_end_with_their_head() -> None:
    for status in (204, 304):
        answer, may_go_on = read(b"HTTP/1.1 %d x\r\ncontent-length: 9\r\n\r\n" % status)
        assert (answer.status, answer.body, may_go_on) == (status, b"", True)


def test_bytes_after_the_answer_are_no_part_of_it_and_end_the_connection() -> None:
    for sent in (response(LENGTH, BODY + b"HTTP"), response(CHUNKED, chunked(BODY) + b"HTTP")):
        answer, may_go_on = read(sent)
        assert (answer.body, may_go_on) == (BODY, False)


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}}",
        b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1_0\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}}\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1" * 9000,
    ],
)
def test_what_is_no_http_is_refused(sent: bytes) -> None:
    with pytest.raises(NotHTTP):
        read(sent)


ENDLESS = {
    "a status line": (b"HTTP/1.1 200 ", b"y"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
    "one header": (b"HTTP/1.1 200 OK\r\nx: ", b"y"),
    "interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the size of a chunk": (response(CHUNKED, b"2\r\n{}\r\n"), b"0"),
    "an extension of a chunk": (response(CHUNKED, b"2\r\n{}\r\n2;x="), b"y"),
    "trailers": (response(CHUNKED, b"2\r\n{}\r\n0\r\n"), b"x: y\r\n"),
    "one trailer": (response(CHUNKED, b"2\r\n{}\r\n0\r\nx: "), b"y"),
}


@pytest.mark.parametrize(("sent", "more"), ENDLESS.values(), ids=ENDLESS)
def test_what_is_around_an_answer_has_an_end(sent: bytes, more: bytes) -> None:
    reader = ResponseReader()
    reader.begin(10_000)
    reader.feed(sent)
    for _ in range(10):
        assert not reader.feed(more * (6_000 // len(more)))
    with pytest.raises(EndlessHeaders, match="65,536 bytes"):
        reader.feed(more * (6_000 // len(more)))


@pytest.mark.slow
def test_tiny_chunks_take_no_more_memory_than_the_answer() -> None:
    body = b"".join(b"%02d" % (number % 100) for number in range(50_000))
    sent = response(CHUNKED, chunked(*(body[place : place + 2] for place in range(0, len(body), 2))))
    reader = ResponseReader()
    reader.begin(len(body))
    tracemalloc.start()
    try:
        for place in range(0, len(sent), 4096):
            reader.feed(sent[place : place + 4096])
        answer = reader.take()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.body == body
    assert peak < 5 * len(body)


@pytest.mark.parametrize(
    "sent",
    [
        response(LENGTH, BODY),
        response(b"", BODY),
        response(CHUNKED, chunked(*(b"x" for _ in range(18)))),
        response(CHUNKED + b"content-encoding: gzip\r\n", chunked(gzip.compress(bytes(10_000), mtime=0))),
    ],
)
def test_no_more_is_read_than_is_wanted(sent: bytes) -> None:
    most = 100 if b"gzip" in sent else 17
    with pytest.raises(TooLong, match=f"{most} bytes"):
        read(sent, most=most)


# Without a time in it, which would be in the name of the test: all workers have to collect the same names.
@pytest.mark.parametrize("body", [PACKED[:-9], PACKED + PACKED[:-9], b"{}"])
def test_a_packed_body_that_is_not_whole_is_no_answer(body: bytes) -> None:
    with pytest.raises(Disconnected):
        read(response(b"content-encoding: gzip\r\n", body))


def test_the_end_of_the_connection_ends_only_what_has_no_length() -> None:
    for headers in (LENGTH, CHUNKED):
        reader = ResponseReader()
        reader.begin(1000)
        assert not reader.feed(response(headers, b"2\r\n{"))
        assert not reader.ends_here()


def test_headers_have_names_in_any_case_and_the_first_of_several_counts() -> None:
    headers = Headers([("Retry-After", "2"), ("retry-after", "3")])
    assert (headers["RETRY-AFTER"], headers.get("x"), headers.get("x", "y")) == ("2", None, "y")
    assert ("Retry-After" in headers, "x" in headers, [*headers], len(headers)) == (
        True,
        False,
        ["retry-after"],
        1,
    )
