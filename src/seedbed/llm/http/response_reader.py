"""Reads one HTTP/1.1 response (RFC 9112) from the bytes of a connection."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

from seedbed.llm.http.chunks import ChunkReader
from seedbed.llm.http.http_answer import Headers, HTTPAnswer
from seedbed.llm.http.wire_errors import Disconnected, NotHTTP, TooLong

_MOST_HEAD = 2**16
"""Bytes of status line and headers; servers send a few hundred."""
_QUOTED = 32

_STATUS = re.compile(r"HTTP/1\.([01]) +([1-9][0-9]{2})(?: |\r|$)")
# Some servers end lines with a bare line feed.
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_ANY_FORMAT, _NO_WRAPPER = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS


class _Head(NamedTuple):
    status: int
    headers: Headers
    length: int | None
    is_chunked: bool
    may_go_on: bool


class ResponseReader:
    """Takes what a connection receives after a request, until the response is complete.

        reader = ResponseReader(most=2**20)
        is_complete = reader.feed(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}")
        reader.answer().body    # b"{}"

    Raises NotHTTP, and TooLong for a body of more than `most` bytes, packed or not.
    """

    __slots__ = ("_chunks", "_head", "_most", "_pieces", "_size", "_unread", "is_reusable")

    def __init__(self, most: int) -> None:
        self._most = most
        self._unread = b""
        self._head: _Head | None = None
        self._chunks: ChunkReader | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self.is_reusable = False
        """Whether the connection may take another request after the complete response."""

    @property
    def is_begun(self) -> bool:
        """Whether the server has begun to answer."""
        return self._head is not None or bool(self._unread)

    def feed(self, data: bytes) -> bool:
        """Take what has come, and return whether the response is complete."""
        head = self._head
        if head is None:
            data = self._read_head(self._unread + data if self._unread else data)
            head = self._head
            if head is None:
                self._unread = data
                return False
            self._unread = b""
        if self._chunks is not None:
            return self._read_chunks(self._chunks, head, data)
        self._take(data)
        if head.length is None or self._size < head.length:
            return False
        # Bytes after the response would be taken for the next one.
        self.is_reusable = head.may_go_on and self._size == head.length
        if self._size > head.length:
            self._pieces = [b"".join(self._pieces)[: head.length]]
        return True

    def ends_here(self) -> bool:
        """Whether the response is complete now that the connection is closed."""
        return self._head is not None and self._head.length is None and not self._head.is_chunked

    def answer(self) -> HTTPAnswer:
        """Return the complete response, with its body unpacked."""
        assert self._head is not None
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        packing = self._head.headers.get("content-encoding")
        if packing is not None and packing.lower() in _PACKED and body:
            body = _unpacked(body, self._most)
        return HTTPAnswer(self._head.status, self._head.headers, body)

    def _take(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._most:
            raise TooLong(self._most)
        if piece:
            self._pieces.append(piece)

    def _read_chunks(self, chunks: ChunkReader, head: _Head, data: bytes) -> bool:
        self._take(chunks.feed(data))
        self.is_reusable = head.may_go_on and not chunks.unread
        return chunks.is_complete

    def _read_head(self, data: bytes) -> bytes:
        """Read the head if all of it is there, and return what follows it; otherwise return `data`."""
        while True:
            if data[:5] != b"HTTP/"[: len(data)]:
                raise NotHTTP(data[:_QUOTED])
            end = _END_OF_HEAD.search(data)
            if end is None:
                if len(data) > _MOST_HEAD:
                    raise NotHTTP(data[:_QUOTED])
                return data
            head, data = data[: end.start()], data[end.end() :]
            found = _head_of(head)
            # "100 Continue" and the like come before the response itself.
            if found.status >= 200:
                break
            if not data:
                return data
        if found.length is not None and found.length > self._most:
            raise TooLong(self._most)
        self._head = found
        if found.is_chunked:
            self._chunks = ChunkReader()
        return data


def _head_of(head: bytes) -> _Head:
    # As bytes of any kind: a server's own header may hold what isn't UTF-8.
    first, *lines = head.decode("utf-8", "surrogateescape").split("\n")
    status = _STATUS.match(first)
    if status is None or status[2] == "101":
        raise NotHTTP(head[:_QUOTED])
    pairs: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name[0] in " \t":
            raise NotHTTP(head[:_QUOTED])
        pairs.append((name.rstrip(), value.strip()))
    headers = Headers(pairs)
    is_kept = _is_kept(headers.get("connection"), is_new=status[1] == "1")
    return _framed(int(status[2]), headers, pairs, is_kept, head)


def _framed(status: int, headers: Headers, pairs: list[tuple[str, str]], is_kept: bool, head: bytes) -> _Head:
    """Find where the body ends: RFC 9112, section 6.3."""
    if status in (204, 304):
        return _Head(status, headers, 0, False, is_kept)
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        is_chunked = coding.rpartition(",")[2].strip().lower() == "chunked"
        # With both, someone on the way may see another end of the body than we do.
        return _Head(status, headers, None, is_chunked, is_kept and length is None)
    if length is None:
        return _Head(status, headers, None, False, False)
    lengths = {value for name, value in pairs if name.lower() == "content-length"}
    if len(lengths) > 1 or not (length.isascii() and length.isdecimal()):
        raise NotHTTP(head[:_QUOTED])
    return _Head(status, headers, int(length), False, is_kept)


def _is_kept(connection: str | None, *, is_new: bool) -> bool:
    if connection is None:
        return is_new
    wishes = {wish.strip() for wish in connection.lower().split(",")}
    return "close" not in wishes and (is_new or "keep-alive" in wishes)


def _unpacked(body: bytes, most: int) -> bytes:
    # A kilobyte may unpack to gigabytes: never more than one byte beyond what is wanted.
    unpacker = zlib.decompressobj(_ANY_FORMAT)
    try:
        found = unpacker.decompress(body, most + 1)
    except zlib.error:
        # `deflate` of some servers lacks the wrapper that it should have.
        unpacker = zlib.decompressobj(_NO_WRAPPER)
        try:
            found = unpacker.decompress(body, most + 1)
        except zlib.error as error:
            raise Disconnected(is_begun=True) from error
    if len(found) > most:
        raise TooLong(most)
    if not unpacker.eof:
        raise Disconnected(is_begun=True)
    return found
