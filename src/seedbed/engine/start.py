"""The start of a run, which leaves nothing where it is refused: no folder, no entry in the list."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from seedbed.engine.stopping.may_pass import may_pass
from seedbed.errors import SeedbedError
from seedbed.store import RunStore, is_run, remove_run, run_folder, runs_folder, set_aside


class Start:
    """What there was under the name of a run before it is opened; `name` is None where nothing is kept.

    Make it before the run's folder is made. A run that was there is never removed.
    """

    def __init__(self, name: str | None) -> None:
        self._folder = run_folder(name) if name is not None else None
        self._had_folder = self._folder is not None and self._folder.exists()
        self._had_root = runs_folder().exists()
        self._was_there = self._folder is not None and is_run(self._folder)
        self._aside: Path | None = None

    def set_aside(self) -> None:
        """Keep the run that was there under another name, so that one without rows takes its place."""
        if self._was_there and self._folder is not None:
            self._aside = set_aside(self._folder)
            self._was_there = self._had_folder = False

    @property
    def goes_on(self) -> bool:
        """Whether there is a run that goes on."""
        return self._was_there

    def take_back(self) -> None:
        """Leave all as it was before the start; the store of the run has been closed."""
        if self._folder is None or self._was_there:
            return
        # Where somebody else has opened it meanwhile, it is theirs.
        with suppress(SeedbedError):
            if is_run(self._folder):
                remove_run(self._folder)
            self._remove_empty()
            if self._aside is not None and not self._folder.exists():
                self._aside.rename(self._folder)

    def _remove_empty(self) -> None:
        # Only what is empty is removed.
        with suppress(OSError):
            if self._folder is not None and not self._had_folder:
                self._folder.rmdir()
        with suppress(OSError):
            if not self._had_root:
                runs_folder().rmdir()


def made_nothing(error: Exception, store: RunStore, *, calls: bool) -> bool:
    """Whether an error has ended a session before there was anything worth keeping; `calls`: one asks LLMs.

    What a bound, the disk or another program has stopped goes on with the same command, and is kept.
    """
    if may_pass(error) or store.has_calls():
        return False
    return calls or not store.has_results()
