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


def unpacked(path: Path) -> Path:
    """Return a path without the ending of a compressed file: `rows.jsonl` for `rows.jsonl.gz`."""
    return path.with_suffix("") if path.suffix.lower() in COMPRESSED else path


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for its decompressed bytes; raise `DatasetError` if it's damaged."""
    ending = path.suffix.lower()
    unpack = COMPRESSED.get(ending)
    if unpack is None:
        # Each time that Python fills its buffer, another thread gets the processor.
        with path.open("rb", buffering=_BUFFER) as file:
            yield file
        return
    # The block is inside the `try`: a truncated file fails when its end is read, not when it's opened.
    try:
        # Of a file without a byte, Python's decompressors make a text without a character.
        if not path.stat().st_size:
            raise EOFError("it has no bytes")
        with unpack(path) as packed:
            yield packed
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise DatasetError(
            f"'{path}' cannot be decompressed: {error}", _way_to_unpack(path, ending)
        ) from error


def _way_to_unpack(path: Path, ending: str) -> str:
    with path.open("rb") as file:
        start = file.read(8)
    if not start or start.startswith(_BEGINS[ending]):
        return "it may be cut off"
    kind = _kind_of(start)
    return f"it begins like {kind}" if kind else f"if it isn't compressed, take {ending} off its name"


def encoding_of(file: BinaryIO, given: str | None = None) -> str:
    """Return the encoding of an open file: the one given, or the one its first bytes show, or UTF-8."""
    start = cast(io.BufferedReader, file).peek(4)[:4]
    marked = _marked(start)
    if given is None:
        return marked or _unmarked(start) or "utf-8-sig"
    name = codecs.lookup(given).name
    if name == "utf-8":
        # With plain `utf-8` the mark would become a part of the first column's name.
        return "utf-8-sig"
    if marked is not None and name.startswith(marked):
        # The same goes for `utf-16-le`.
        return marked
    # Python's decoder wants a mark for these two.
    return (_unmarked(start) or f"{name}-le") if name in ("utf-16", "utf-32") else given


def _marked(start: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)


def _unmarked(start: bytes) -> str | None:
    """Return which UTF-16 or UTF-32 without a mark a file is in, by its first four bytes; None if neither."""
    # Rows begin with two ASCII characters, whose other bytes are zero. One zero isn't enough: a column may
    # have a name with a NUL in it.
    zeros = "".join("0" if byte == 0 else "x" for byte in start)
    return {"x0x0": "utf-16-le", "0x0x": "utf-16-be", "x000": "utf-32-le", "000x": "utf-32-be"}.get(zeros)


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
    guess = _marked(error.object) or (
        "cp1252" if said != "cp1252" and _is_text_in("cp1252", error.object) else "latin-1"
    )
    ways = [
        f"say how it is encoded: --encoding {guess} on the command, encoding='{guess}' in Python",
        "or save it in UTF-8",
    ]
    if error.reason in ("truncated data", "unexpected end of data") and error.end == len(error.object):
        return DatasetError(f"{where} ends within a character of {said}", "it may be cut off", *ways)
    byte = error.object[error.start : error.start + 1]
    return DatasetError(f"{where} is not {said} text: byte 0x{byte.hex()}, {error.reason}", *ways)


_BEGINS: Mapping[str, bytes] = MappingProxyType(
    {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\x00", ".zst": b"\x28\xb5\x2f\xfd"}
)
_KINDS = (
    (b"PK\x03\x04", "a ZIP archive or a document of an office program"),
    (b"%PDF-", "a PDF document"),
    (_BEGINS[".gz"], "a file compressed by gzip"),
    (_BEGINS[".bz2"], "a file compressed by bzip2"),
    (_BEGINS[".xz"], "a file compressed by xz"),
    (_BEGINS[".zst"], "a file compressed by zstd"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
)
_READ_BY = {
    "a ZIP archive or a document of an office program": "unpack it, or save the sheet as CSV",
    "a PDF document": "the source `documents` reads it",
    "an SQLite database": "the source `sql` reads it",
    "a Parquet file": "the source `parquet` reads it, or --input (input= in Python) if it's named .parquet",
    "an Arrow file": "the source `arrow` reads it, or --input (input= in Python) if it's named .arrow",
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
