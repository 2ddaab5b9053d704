"""Where a run's copy is: its index and its files, in a folder or in any file system that fsspec knows."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

from pydantic import ValidationError

from seedbed.errors import UsageError
from seedbed.store.copy_index import FORMAT, KEPT_AS, CopiedFile, RunCopy, digest_of
from seedbed.store.local_place import LocalPlace
from seedbed.store.run_errors import NO_ROOM
from seedbed.tasks.remote.remote_systems import file_system, is_remote, unreadable

INDEX = "seedbed-run.json"
"""The name of the index in the place of a copy."""

logger = logging.getLogger(__name__)


class CopyPlace(NamedTuple):
    """A place for the copy of one run: as the user wrote it, its file system, and the path in that."""

    address: str
    system: Any
    path: str

    @classmethod
    def of(cls, address: str) -> Self:
        """Return the place at an address; raises UsageError if it can't be one."""
        path = address.removeprefix("file://")
        if is_remote(path):
            return cls(address, *file_system(address))
        return cls(address, LocalPlace(), str(Path(path).expanduser().absolute()))

    @contextmanager
    def failing(self, what: str) -> Iterator[None]:
        """Raise UsageError for whatever the file system raises: it can't be `read`, or `written`."""
        try:
            yield
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001 - each file system has errors of its own
            failed = self._failed(error, what)
            failed.is_of_place = what == "written"
            raise failed from None

    def read_index(self) -> RunCopy | None:
        """Return the index of the copy; None if there's none."""
        try:
            content = self.system.cat_file(self._file(INDEX))
        except FileNotFoundError:
            return None
        try:
            found = RunCopy.model_validate_json(content)
        except ValidationError as error:
            raise UsageError(
                f"'{self.address}' has an index '{INDEX}' that cannot be read: {error.errors()[0]['msg']}",
                "it's damaged, or of a newer Seedbed; copy the run to another place",
            ) from None
        if found.format > FORMAT:
            raise UsageError(
                f"the copy at '{self.address}' was made by a newer version of Seedbed",
                "pip install --upgrade seedbed",
            )
        return found

    def strangers(self) -> list[str]:
        """Return the names of files that no copy made; one that was killed may have left some of its own."""
        return [name for name in self._names() if not re.match(KEPT_AS, name)]

    def send(self, made: Path, copy: RunCopy, earlier: RunCopy | None) -> None:
        """Write the files of a copy, and then its index; if that fails, only the earlier copy is there."""
        self.system.makedirs(self.path, exist_ok=True)
        try:
            for file in copy.files:
                self.system.put_file(str(made / file.name), self._file(file.kept_as))
            # In a transaction of fsspec, which makes a file appear whole also where writing isn't atomic.
            with self.system.transaction, self.system.open(self._file(INDEX), "wb") as index:
                index.write(copy.model_dump_json(indent=2).encode())
        except BaseException:
            self._take_back(earlier)
            raise

    def _take_back(self, earlier: RunCopy | None) -> None:
        """Remove what was sent: a disk that is full needs the room."""
        # A bucket may yet take an index that it was sent, and Ctrl-C may come when the new one is in place.
        with suppress(UsageError, OSError):
            if isinstance(self.system, LocalPlace) and self.read_index() == earlier:
                self.forget_all_but(earlier)

    def forget_all_but(self, copy: RunCopy | None) -> None:
        """Remove the files of other copies, also of those that were killed; log it if that fails."""
        names = {INDEX, *(file.kept_as for file in copy.files)} if copy else {INDEX}
        try:
            for name in self._names():
                if name not in names and re.match(KEPT_AS, name):
                    self.system.rm_file(self._file(name))
        except Exception as error:  # noqa: BLE001 - the copy is whole, and the next one tries again
            logger.warning("%s", self._failed(error, "tidied up"))

    def fetch(self, file: CopiedFile, folder: Path) -> None:
        """Copy a file to a folder; raise UsageError if it isn't whole."""
        target = folder / file.name
        with self.failing("read"):
            try:
                self.system.get_file(self._file(file.kept_as), str(target))
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                raise UsageError(
                    f"'{folder.parent}' has no room for the run: {error.strerror}",
                    f"make room on its disk for {file.bytes:,} bytes of '{file.name}'",
                ) from error
        if target.stat().st_size != file.bytes or digest_of(target) != file.sha256:
            raise UsageError(
                f"'{file.name}' of the copy at '{self.address}' isn't whole",
                "copy the run there again; nothing has been written here",
            )

    def _failed(self, error: Exception, what: str) -> UsageError:
        if isinstance(self.system, LocalPlace) and isinstance(error, OSError):
            return UsageError(
                f"'{self.address}' cannot be {what}: {error.strerror or error}",
                "check the path, its permissions and the space on its disk",
            )
        return unreadable(self.address, error, what)

    def _file(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}"

    def _names(self) -> list[str]:
        # Some file systems remember listings.
        self.system.invalidate_cache()
        try:
            found = self.system.ls(self.path, detail=False)
        except FileNotFoundError:
            return []
        return sorted(str(name).rstrip("/").rpartition("/")[2] for name in found)
