"""Text files as users have them: compressed, in an old encoding, with a byte order mark."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, TextIO, TypeAlias, cast

from seedbed.errors import DatasetError, UsageError

_BUFFER = 2**18
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16, whose mark is the beginning of UTF-32's.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _zstandard(path: Path) -> BinaryIO:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise UsageError(
            f"'{path}' is read with the package 'pyarrow': {error}", "pip install 'seedbed[parquet]'"
        ) from error
    return cast(BinaryIO, io.BufferedReader(pa.input_stream(str(path), compression="zstd")))


_Opening: TypeAlias = Callable[[Path], BinaryIO]

COMPRESSED: Mapping[str, _Opening] = MappingProxyType(
    {
        ".gz": cast(_Opening, gzip.GzipFile),
        ".bz2": cast(_Opening, bz2.BZ2File),
        ".xz": cast(_Opening, lzma.LZMAFile),
        ".zst": _zstandard,
    }
)
"""What opens a compressed file, by its last ending."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for its decompressed bytes; raise `DatasetError` if it's damaged."""
    unpack = COMPRESSED.get(path.suffix.lower())
    if unpack is None:
        # Each time that Python fills its buffer, another thread gets the processor.
        with path.open("rb", buffering=_BUFFER) as file:
            yield file
        return
    # The block is inside the `try`: a truncated file fails when its end is read, not when it's opened.
    try:
        with unpack(path) as packed:
            yield packed
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise DatasetError(f"'{path}' cannot be decompressed: {error}", "it may be cut off") from error


def encoding_of(file: BinaryIO, given: str | None = None) -> str:
    """Return the encoding of an open file: the one given, or the one its first bytes show, or UTF-8."""
    start = cast(io.BufferedReader, file).peek(4)[:4]
    marked = next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)
    if given is not None:
        # With plain `utf-8` the mark would become a part of the first column's name.
        return "utf-8-sig" if codecs.lookup(given).name == "utf-8" else given
    # UTF-16 without a mark. Rows begin with two ASCII characters, whose other bytes are zero. One zero isn't
    # enough: a column may have a name with a NUL in it.
    zeros = [byte == 0 for byte in start]
    if marked is None and zeros in ([False, True] * 2, [True, False] * 2):
        return "utf-16-be" if zeros[0] else "utf-16-le"
    return marked or "utf-8-sig"


def decoded(file: BinaryIO, encoding: str) -> TextIO:
    """Return a file as text with its line ends unchanged. Close the text: it owns the file."""
    return io.TextIOWrapper(file, encoding=encoding, newline="")


def undecodable(where: str, encoding: str, error: UnicodeDecodeError) -> DatasetError:
    """Return the error for text in another encoding, with a guess at which one it is."""
    # latin-1 decodes any bytes, so it's the guess if cp1252, which most such files are in, has no such
    # character.
    if (kind := _kind_of(error.object)) is not None:
        return DatasetError(f"{where} is not text: it begins like {kind}", _READ_BY.get(kind, _UNPACK))
    said = "UTF-8" if encoding.startswith("utf-8") else encoding
    guess = "cp1252" if said != "cp1252" and _is_text_in("cp1252", error.object) else "latin-1"
    byte = error.object[error.start : error.start + 1]
    return DatasetError(
        f"{where} is not {said} text: byte 0x{byte.hex()}, {error.reason}",
        f"say how it is encoded: --encoding {guess} on the command, encoding='{guess}' in Python",
        "or save it in UTF-8",
    )


_KINDS = (
    (b"PK\x03\x04", "a ZIP archive or a document of an office program"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "a file compressed by gzip"),
    (b"BZh", "a file compressed by bzip2"),
    (b"\xfd7zXZ\x00", "a file compressed by xz"),
    (b"\x28\xb5\x2f\xfd", "a file compressed by zstd"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
)
_READ_BY = {
    "a ZIP archive or a document of an office program": "unpack it, or save the sheet as CSV",
    "a PDF document": "the source `documents` reads it",
    "an SQLite database": "the source `sql` reads it",
    "a Parquet file": "the source `parquet` reads it, or --input if its name ends in .parquet",
    "an Arrow file": "the source `arrow` reads it, or --input if its name ends in .arrow",
}
_UNPACK = "unpack it, or give its name the ending that says so: .gz, .bz2, .xz or .zst"


def _kind_of(text: bytes) -> str | None:
    """Return what a file is whose first bytes are these; None if they say nothing."""
    return next((kind for begins, kind in _KINDS if text.startswith(begins)), None)


def _is_text_in(encoding: str, text: bytes) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
