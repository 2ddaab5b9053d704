"""Files that a step's parameters name: their content decides its rows, as the parameters do."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, Self, get_args

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from seedbed.errors import UsageError
from seedbed.llm.llm import LLM
from seedbed.suggestions import similar_files
from seedbed.tasks.matching import matching
from seedbed.tasks.remote.public_addresses import PublicAddress
from seedbed.tasks.remote.remote_files import copies_of, local_copies
from seedbed.tasks.remote.remote_systems import is_remote


class Files(str):
    """A parameter that names files by a pattern, such as `docs/**/*.md`; `**` matches any folders.

    It may also be the path of one file, or of a folder for all files in it, or an address such as
    `s3://bucket/docs/*.md`, whose files are copied. A run notices when one of the files changes, appears or
    disappears.

        class Answer(Task):
            sources: Files = Field(description="Documents to answer from.")

            def load(self) -> None:
                super().load()
                self._texts = [path.read_text() for path in self.sources.paths()]
    """

    __slots__ = ("_address",)
    _address: str

    def __new__(cls, text: str = "") -> Self:
        """Make it; an address from a stranger's file stays one."""
        made = super().__new__(cls, text)
        made._address = text._address if isinstance(text, Files) else text
        return made

    def paths(self) -> list[Path]:
        """Return the files that match now, sorted by path."""
        if is_remote(self):
            return local_copies(self._address)
        if not self.strip():
            # As a path it would be the current folder, with everything in it.
            return []
        named = Path(self)
        try:
            # Before the pattern: `data[1].jsonl` is a file's name too.
            if named.is_file():
                return [named]
            return _within(named) if named.is_dir() else matching(self)
        except OSError as error:
            # Of a name that's too long, say.
            raise UsageError(f"'{self:.200}' cannot be read: {error.strerror}") from error

    def require(self) -> list[Path]:
        """Return the files that match now, sorted by path; raise UsageError if there are none."""
        if paths := self.paths():
            return paths
        if not self.strip():
            raise UsageError("the path is empty", "write . for the current folder")
        path = Path(self)
        if not is_remote(self) and path.is_dir():
            raise UsageError(f"the folder '{self}' has no file", "name the files by a pattern")
        if glob.has_magic(self):
            raise UsageError(f"no file matches '{self}'", "`*` stands for a name, `**` for any folders")
        refuse_pipe(path)
        raise UsageError(f"there is no file '{self}'", *similar_files(path))

    @property
    def folder(self) -> Path:
        """The folder that all of the files are in: for a pattern, its part without wildcards."""
        path = Path(self)
        if is_remote(self):
            return copies_of(self._address).folder
        if path.is_dir():
            return path
        wild = next((at for at, part in enumerate(path.parts) if glob.has_magic(part)), len(path.parts) - 1)
        return Path(*path.parts[:wild]) if not path.is_file() else path.parent

    @property
    def is_folder(self) -> bool:
        """Whether all files in a folder are meant, and not one file or a pattern."""
        if not is_remote(self):
            return Path(self).is_dir()
        paths = self.paths()
        return not glob.has_magic(self) and [path.name for path in paths] != [PurePath(self).name]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def made(given: Any, handler: core_schema.ValidatorFunctionWrapHandler) -> Files:
            text = handler(_path_text(given))
            # The handler makes a plain text of it.
            return cls(given if isinstance(given, Files | PublicAddress) else text)

        return core_schema.no_info_wrap_validator_function(made, core_schema.str_schema())


def refuse_pipe(path: Path) -> None:
    """Raise UsageError for a named pipe, a socket or a device, which can be read only once."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UsageError(
            f"'{path}' is a pipe or a device, not a file",
            "save what it gives in a file first: a resumed run has to read it again",
        )


def _path_text(given: Any) -> Any:
    return str(given) if isinstance(given, PurePath) else given


def content_digest(path: Path) -> bytes:
    """Return the digest of a file, or of all files in a folder with their names; empty if it doesn't exist.

    Raises UsageError for a file that can't be read.
    """
    try:
        if path.is_dir():
            inner = [(str(file.relative_to(path)), content_digest(file)) for file in _within(path)]
            return hashlib.blake2b(repr(inner).encode(errors="surrogateescape"), digest_size=16).digest()
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {error.strerror}", "check its permissions") from error


def parameter_files(step: BaseModel) -> list[Path]:
    """Return the existing files that a step's parameters name.

    These are fields of type `Path`, `FilePath` or `Files`, and all files in a folder of type `DirectoryPath`,
    also inside lists, dictionaries and models. Folders of type `Path` are ignored, since a step may write to
    them. Files of an LLM don't count.
    """
    found = [path for name, field in type(step).model_fields.items() for path in _of(step, name, field)]
    return list(dict.fromkeys(found))


def _of(model: BaseModel, name: str, field: FieldInfo) -> Iterator[Path]:
    yield from _files_in(getattr(model, name), _names_folders(field))


def _files_in(value: Any, folders: bool) -> Iterator[Path]:
    if isinstance(value, Files):
        yield from value.paths()
    elif isinstance(value, PurePath):
        path = Path(value)
        if path.is_file():
            yield path
        elif folders and path.is_dir():
            yield from _within(path)
    elif isinstance(value, BaseModel) and not isinstance(value, LLM):
        for name, field in type(value).model_fields.items():
            yield from _of(value, name, field)
    elif isinstance(value, Mapping | list | tuple | set | frozenset):
        items = value.values() if isinstance(value, Mapping) else value
        for item in sorted(items, key=str) if isinstance(value, set | frozenset) else items:
            yield from _files_in(item, folders)


def _within(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _names_folders(field: FieldInfo) -> bool:
    """Whether a field holds folders to read: `DirectoryPath`, at any depth of its type."""
    return any(map(_is_directory, field.metadata)) or _mentions_directory(field.annotation)


def _mentions_directory(annotation: Any) -> bool:
    parts = get_args(annotation)
    return any(_is_directory(part) or _mentions_directory(part) for part in parts)


def _is_directory(part: Any) -> bool:
    return getattr(part, "path_type", None) == "dir"
