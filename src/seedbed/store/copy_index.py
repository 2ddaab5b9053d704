"""The index of a run's copy: which run it is, how far it had got, and its files with their digests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field

from seedbed.store.ratings.ratings_file import RATINGS
from seedbed.store.run_file import DATABASE, TIMELINE

FORMAT = 1
"""The version of the index that this Seedbed writes."""

_NAMES = rf"({DATABASE}|{RATINGS}|{TIMELINE})".replace(".", r"\.")
_BLOCK = 2**20

KEPT_AS = rf"^[0-9a-f]{{16}}-{_NAMES}$"
"""The pattern of the names that files are kept under: a digest, since each copy has files of its own."""


class CopiedFile(BaseModel):
    """A file of a copy: its name in the folder of a run, the name that it's kept under, and its digest."""

    name: str = Field(pattern=f"^{_NAMES}$")
    kept_as: str = Field(pattern=KEPT_AS)
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the entry of a file in the folder of a run."""
        digest = digest_of(path)
        return cls(
            name=path.name, kept_as=f"{digest[:16]}-{path.name}", bytes=path.stat().st_size, sha256=digest
        )


class RunCopy(BaseModel):
    """The index of a copy: which run it is (a digest of its beginning), how far it had got, and its files.

    `sessions` has the time at which each began.
    """

    format: int = FORMAT
    name: str
    run: str
    sessions: list[str]
    answers: int
    rows: int
    files: list[CopiedFile]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
