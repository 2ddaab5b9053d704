"""The start of a run; if it's refused, nothing is left of it: no folder, no entry in the list."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from seedbed.engine.stopping.may_pass import may_pass
from seedbed.errors import SeedbedError
from seedbed.store import (
    RunReader,
    RunStore,
    is_run,
    remove_remains,
    remove_run,
    run_folder,
    runs_folder,
    set_aside,
)


class Start:
    """What existed under the name of a run before it's opened; `name` is None if nothing is kept.

    Create it before the run's folder is made. A run that existed before is never removed.
    """

    def __init__(self, name: str | None) -> None:
        self._folder = run_folder(name) if name is not None else None
        self._had_folder = self._folder is not None and self._folder.exists()
        self._had_root = runs_folder().exists()
        self._was_there = self._folder is not None and is_run(self._folder)
        self._is_ours = False
        self._aside: Path | None = None

    def note_opened(self, store: RunStore) -> None:
        """Note whose run has been opened: another process may have made it since this start was created."""
        if store.last_session() is not None:
            self._was_there = True
        self._is_ours = not self._was_there

    def set_aside(self) -> None:
        """Keep the existing run under another name; an empty one replaces it."""
        if self._was_there and self._folder is not None:
            self._aside = set_aside(self._folder)
            self._was_there = self._had_folder = False

    @property
    def goes_on(self) -> bool:
        """Whether this start resumes an existing run."""
        return self._was_there

    def take_back(self) -> None:
        """Restore what was there before the start; the store of the run has been closed."""
        if self._folder is None or self._was_there:
            return
        # If another process writes the run meanwhile, it's theirs: removing it raises, and it stays.
        with suppress(SeedbedError):
            if is_run(self._folder):
                self._remove(self._folder)
            elif not self._had_folder:
                remove_remains(self._folder)
            self._remove_empty()
            if self._aside is not None and not self._folder.exists():
                self._aside.rename(self._folder)

    def _remove(self, folder: Path) -> None:
        """Remove the run, unless another process has made it meanwhile, and may have finished it."""
        with RunReader.open(folder) as reader:
            is_theirs = not self._is_ours and reader.last_session() is not None
        if not is_theirs:
            remove_run(folder)

    def _remove_empty(self) -> None:
        # rmdir removes only empty folders: files that someone put there stay.
        with suppress(OSError):
            if self._folder is not None and not self._had_folder:
                self._folder.rmdir()
        with suppress(OSError):
            if not self._had_root:
                runs_folder().rmdir()


def made_nothing(error: Exception, store: RunStore, *, calls: bool) -> bool:
    """Whether an error ended a session before there was anything worth keeping; `calls`: the plan has LLMs.

    A run that a cap, the disk or another program stopped is kept, as the same command resumes it.
    """
    if may_pass(error) or store.has_calls():
        return False
    # Results without a call are worth nothing if the plan makes calls: they took no money and little time.
    return calls or not store.has_results()
