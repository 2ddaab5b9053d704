"""How large documents may be: their readers take many times as much memory as the text that they read."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, ZipFile

from seedbed import DatasetError

_PACKED = (".docx", ".pptx")
_MEGABYTE = 1_000_000


def check_size(path: Path, most: int) -> None:
    """Raise DatasetError if a document has more than `most` megabytes, unpacked if it's a packed one.

    Word and PowerPoint files are ZIP archives: their directory says how much is in them before it's read.
    """
    is_packed = path.suffix.lower() in _PACKED
    size = _unpacked(path) if is_packed else path.stat().st_size
    if size > most * _MEGABYTE:
        has = f"has {size / _MEGABYTE:,.1f} MB{' unpacked' if is_packed else ''}"
        raise DatasetError(
            f"'{path}' {has}, and a document may have {most:,} (`megabytes`)",
            "raise `megabytes`, or leave the document out",
        )


def _unpacked(path: Path) -> int:
    # What the directory says holds: the reader of an entry stops there, and takes more for damage.
    try:
        with ZipFile(path) as packed:
            return sum(entry.file_size for entry in packed.infolist())
    except (BadZipFile, NotImplementedError, ValueError) as error:
        raise DatasetError(
            f"'{path}' is not a {path.suffix.lower()} document", "remove it, or name the others by a pattern"
        ) from error
