"""Finds files that a plugin's own code reads without declaring them."""

from __future__ import annotations

import inspect
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.files import parameter_files

_CODE = (".py", ".pyc", ".so", ".pyd", ".pth")
_SYSTEM = ("/dev", "/proc", "/sys", "/etc", "/usr")
_DEEPEST = 200
# Events that name a file which a run needn't watch: one that the step declared, or a temporary one it made.
_DECLARING = ("seedbed.reads", "tempfile.mkstemp", "tempfile.mkdtemp")


class FileWatch:
    """Watches the files that the code of a step opens to read, as a context.

    `undeclared` are the files that no parameter names and that weren't passed to `reads`. Files of Python, of
    installed packages and of the system don't count, and neither do temporary ones, nor those that an import
    opens.
    """

    def __init__(self, step: BaseStep) -> None:
        self._code = _code_of(type(step))
        self._declared = {*map(_absolute, parameter_files(step))}
        self._opened: dict[str, None] = {}
        self._installed = _installed()

    @property
    def undeclared(self) -> list[str]:
        """The files, in the order in which they were first opened."""
        return [path for path in self._opened if not self._is_declared(path)]

    def __enter__(self) -> FileWatch:
        _hook.add(self)
        return self

    def __exit__(self, *raised: object) -> None:
        _hook.remove(self)

    def take(self, event: str, args: tuple[Any, ...], frame: FrameType | None) -> None:
        """Handle an audit event of the interpreter."""
        if event in _DECLARING:
            self._declared.add(_absolute(args[0]))
        elif event == "open" and isinstance(args[0], str | bytes | os.PathLike) and _reads(args):
            path = _absolute(args[0])
            if not self._is_of_the_system(path) and self._is_at_work(frame):
                self._opened.setdefault(path)

    def _is_declared(self, path: str) -> bool:
        return any(path == one or path.startswith(f"{one}{os.sep}") for one in self._declared)

    def _is_of_the_system(self, path: str) -> bool:
        return path.endswith(_CODE) or path.startswith((*_SYSTEM, *self._installed))

    def _is_at_work(self, frame: FrameType | None) -> bool:
        """Whether the step's own code opens the file, rather than an import."""
        for _ in range(_DEEPEST):
            if frame is None or frame.f_code.co_filename.startswith("<frozen importlib"):
                return False
            if frame.f_code.co_filename.startswith(self._code):
                return True
            frame = frame.f_back
        return False


class _Hook:
    """The interpreter's audit hook. An audit hook can't be removed, so all watches share one."""

    def __init__(self) -> None:
        self._watches: list[FileWatch] = []
        self._is_there = False

    def add(self, watch: FileWatch) -> None:
        if not self._is_there:
            sys.addaudithook(self._take)
            self._is_there = True
        self._watches.append(watch)

    def remove(self, watch: FileWatch) -> None:
        self._watches.remove(watch)

    def _take(self, event: str, args: tuple[Any, ...]) -> None:
        if self._watches and event in ("open", *_DECLARING):
            for watch in [*self._watches]:
                watch.take(event, args, sys._getframe(1))


_hook = _Hook()


def _reads(args: tuple[Any, ...]) -> bool:
    flags = args[2] if len(args) > 2 and isinstance(args[2], int) else os.O_RDONLY
    how = flags & (os.O_WRONLY | os.O_RDWR)
    # Nobody can write to a folder: it's named to make a temporary file in it that has no name.
    return how == os.O_RDONLY or (how == os.O_RDWR and not Path(os.fsdecode(args[0])).is_dir())


def _absolute(path: str | bytes | os.PathLike[Any]) -> str:
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - a link is what it is called


def _installed() -> Iterable[str]:
    paths = sysconfig.get_paths()
    return {f"{paths[name]}{os.sep}" for name in ("stdlib", "platstdlib", "purelib", "platlib")}


def _code_of(cls: type[BaseStep]) -> str:
    """Return the folder of a step's package, or the step's file if it's in no package."""
    try:
        file = inspect.getsourcefile(cls) or ""
    except (OSError, TypeError):
        file = ""
    package = cls.__module__.partition(".")[0]
    folder = getattr(sys.modules.get(package), "__file__", None) if package != "seedbed" else None
    if "." in cls.__module__ and folder and Path(folder).name == "__init__.py":
        return f"{Path(folder).parent}{os.sep}"
    return file or "<no source>"
