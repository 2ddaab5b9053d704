"""Reads a body that is sent in chunks: RFC 9112, section 7.1."""

from __future__ import annotations

from seedbed.llm.http.wire_errors import NotHTTP

_MOST_LINE = 2**13
_DIGITS = frozenset(b"0123456789abcdefABCDEF")


class ChunkReader:
    """Takes the bytes of a chunked body; `unread` is what came after its end, or isn't complete yet.

    ChunkReader().feed(b"2\\r\\n{}\\r\\n0\\r\\n\\r\\n")    # b"{}"
    """

    def __init__(self) -> None:
        self.unread = b""
        self.is_complete = False
        self._left = 0
        self._is_after_chunk = False
        self._is_in_trailer = False

    def feed(self, data: bytes) -> bytes:
        """Return the part of the body that has come; raise NotHTTP for anything but chunks."""
        data, at, pieces = self.unread + data, 0, []
        while not self.is_complete:
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    break
                self._is_after_chunk = True
            end = data.find(b"\n", at)
            if end < 0:
                if len(data) - at > _MOST_LINE:
                    raise NotHTTP(data[at : at + 32])
                break
            self._read_line(data[at:end].strip())
            at = end + 1
        self.unread = data[at:]
        return b"".join(pieces)

    def _read_line(self, line: bytes) -> None:
        if self._is_in_trailer:
            self.is_complete = not line
        elif self._is_after_chunk:
            if line:
                raise NotHTTP(line[:32])
            self._is_after_chunk = False
        else:
            # What follows a semicolon are extensions, which nobody uses.
            size = line.partition(b";")[0].strip()
            if not size or len(size) > 16 or not _DIGITS.issuperset(size):
                raise NotHTTP(line[:32])
            self._left = int(size, 16)
            self._is_in_trailer = not self._left
