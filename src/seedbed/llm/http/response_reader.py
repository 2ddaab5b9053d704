"""Reads one HTTP/1.1 response from the bytes of a connection."""

from __future__ import annotations

import zlib
from contextlib import suppress
from io import BytesIO

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from seedbed.llm.http.http_answer import Headers, HTTPAnswer
from seedbed.llm.http.wire_errors import Disconnected, EndlessHeaders, NotHTTP, TooLong

_MOST_HEAD = 2**16
"""Bytes of status line and headers, and between two pieces of a body; servers send a few hundred."""
_MOST_PIECES = 1000
"""Pieces that are kept apart: an object takes 40 bytes, so chunks of two would take 20 times the answer."""
_QUOTED = 32

_NO_BODY = frozenset({204, 304})
_LENGTH, _CODING = "content-length", "transfer-encoding"
"""Headers that say where a body ends."""
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP = b"\x1f\x8b"
_ANY_FORMAT, _NO_WRAPPER = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS


class ResponseReader:
    """Takes what a connection receives after each request, until the response is complete.

        reader = ResponseReader()
        reader.begin(most=2**20)
        is_complete = reader.feed(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}")
        reader.take().body    # b"{}"

    Raises NotHTTP, EndlessHeaders, and TooLong for a body of more than `most` bytes, packed or not.
    """

    # The parser is llhttp, that of Node.js and of aiohttp; it calls the methods `on_...`. There's one for all
    # responses of a connection: it refers to the reader, and the reader to it, so that only the garbage
    # collector frees them, and with them what the reader holds.

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            # What servers send that isn't quite right, and can't be taken for anything else.
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
            # Both a length and chunks: the chunks count, and the connection isn't used again.
            lenient_chunked_length=True,
        )
        self.begin(0)

    def begin(self, most: int) -> None:
        """Expect a response whose body has at most `most` bytes."""
        self.is_reusable = False
        """Whether the connection may take another request after the complete response."""
        self._most = most
        self._start = b""
        self._values: dict[str, str] = {}
        self._headers: Headers | None = None
        self._earlier: bytearray | None = None
        self._pieces: list[bytes] = []
        self._size = self._around = 0
        self._status = 0
        self._is_complete = self._is_too_long = False

    @property
    def is_begun(self) -> bool:
        """Whether the server has begun to answer."""
        return bool(self._start)

    def feed(self, data: bytes) -> bool:
        """Take what has come, and return whether the response is complete."""
        if len(self._start) < _QUOTED:
            self._start += data[:_QUOTED]
        self._around += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            # The latter if the server changes to another protocol (101), which nobody has asked for.
            # What follows a complete response isn't part of it.
            self.is_reusable = False
            if not self._is_complete:
                raise NotHTTP(self._start[:_QUOTED]) from error
        if self._is_too_long:
            raise TooLong(self._most)
        # Headers, interim responses, the sizes of chunks with their extensions, and trailers may all go on
        # without an end, and nothing else would notice before the call's time is up.
        if self._around > _MOST_HEAD and not self._is_complete:
            raise EndlessHeaders(_MOST_HEAD)
        return self._is_complete

    def ends_here(self) -> bool:
        """Whether the response is complete now that the connection is closed."""
        return self._headers is not None and not (_LENGTH in self._headers or _CODING in self._headers)

    def take(self) -> HTTPAnswer:
        """Return the complete response, with its body unpacked, and forget it."""
        headers, pieces = self._headers, self._pieces
        assert headers is not None
        if self._earlier is not None:
            self._earlier += b"".join(pieces)
            pieces = [bytes(self._earlier)]
        self._headers, self._earlier, self._pieces, self._values = None, None, [], {}
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        packing = headers.get("content-encoding")
        if packing is not None and packing.lower() in _PACKED and body:
            body = _unpacked(body, self._most)
        return HTTPAnswer(self._status, headers, body)

    def on_message_begin(self) -> None:
        """Begin a response, or find bytes after it, which would be taken for the next one."""
        self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those after a body, which nobody reads, may be without an end."""
        if self._headers is not None:
            return
        # As bytes of any kind: a server's own header may hold what isn't UTF-8. Of several with one name, the
        # first counts.
        text = value.decode("utf-8", "surrogateescape").strip()
        self._values.setdefault(name.decode("latin-1").lower(), text)

    def on_headers_complete(self) -> None:
        """Take the head, unless it's of "100 Continue" or the like, which come before the response itself."""
        status = self._parser.get_status_code()
        if self._is_complete or status < 200:
            self._values = {}
            return
        self._status, self._headers = status, Headers.of_lower_case(self._values)
        length = self._values.get(_LENGTH)
        self._is_too_long = length is not None and status not in _NO_BODY and int(length) > self._most

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body."""
        if self._is_complete:
            return
        self._size += len(piece)
        self._around = 0
        if self._size > self._most:
            self._is_too_long = True
            return
        self._pieces.append(piece)
        if len(self._pieces) > _MOST_PIECES:
            self._earlier = self._earlier or bytearray()
            self._earlier += b"".join(self._pieces)
            self._pieces.clear()

    def on_message_complete(self) -> None:
        """End the response."""
        if self._headers is not None and not self._is_complete:
            self._is_complete = True
            # With both, someone on the way may see another end of the body than we do.
            has_both = _LENGTH in self._values and _CODING in self._values
            self.is_reusable = self._parser.should_keep_alive() and not has_both


def _unpacked(body: bytes, most: int) -> bytes:
    # A kilobyte may unpack to gigabytes: never more than one byte beyond what is wanted.
    if body.startswith(_GZIP):
        # Servers that pack what they have so far send several members, one after the other.
        import gzip

        try:
            found = gzip.GzipFile(fileobj=BytesIO(body)).read(most + 1)
        except EOFError:
            raise Disconnected(is_begun=True) from None
        except (gzip.BadGzipFile, zlib.error):
            # Something else follows the first member, or it's damaged.
            pass
        else:
            return _at_most(found, most)
    for window in (_ANY_FORMAT, _NO_WRAPPER):
        # `deflate` of some servers lacks the wrapper that it should have.
        with suppress(zlib.error):
            unpacker = zlib.decompressobj(window)
            found = unpacker.decompress(body, most + 1)
            found = _at_most(found, most)
            if unpacker.eof:
                return found
            break
    raise Disconnected(is_begun=True)


def _at_most(found: bytes, most: int) -> bytes:
    if len(found) > most:
        raise TooLong(most)
    return found
