"""Imports classes from Python files, named as `PATH.py:Class`, for development."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from seedbed.errors import UsageError
from seedbed.plugins.authoring.class_errors import told
from seedbed.plugins.kinds import PluginKind
from seedbed.suggestions import did_you_mean, similar_files
from seedbed.tracebacks import where

if TYPE_CHECKING:
    from seedbed.plugins.policy.lock import Lock

_Base = TypeVar("_Base")

FILE_MODULE = "_seedbed_file_"
"""The prefix of the names of modules made from files."""


class FileModule(NamedTuple):
    """A module that was made from a file, as another process needs it to unpickle objects of its classes."""

    name: str
    path: str
    source: bytes


def load_class(reference: str, kind: PluginKind[_Base], lock: Lock | None = None) -> type[_Base]:
    """Import the file of `PATH.py:Class` and return its class, which must be of `kind`.

    A file that hasn't changed is imported once per process. Raises `UsageError` if the file, the class or the
    kind is wrong, or (chained) if the file's own code raises; `LockError` if `lock` doesn't have the file.
    """
    path_text, _, class_name = reference.rpartition(":")
    module = _module(Path(path_text), lock)
    found = vars(module).get(class_name)
    if not isinstance(found, type):
        own = [name for name, value in vars(module).items() if _is_own(value, module)]
        listed = f"it defines {', '.join(own)}" if own else "it defines no class"
        raise UsageError(
            f"there is no class {class_name!r} in {path_text!r}", *did_you_mean(class_name, own), listed
        )
    if not issubclass(found, kind.base_class):
        base = kind.base_class.__name__
        raise UsageError(
            f"the class {class_name!r} in {path_text!r} does not derive from {base}",
            f"it must be {kind.wanted}",
        )
    return found


def file_modules() -> list[FileModule]:
    """Return the modules that this process has made from files, in the order in which it made them."""
    made = [module for name, module in sys.modules.items() if name.startswith(FILE_MODULE)]
    loaders = [module.__loader__ for module in made]
    return [
        FileModule(loader.name, loader.path, loader.source)
        for loader in loaders
        if isinstance(loader, _Loader)
    ]


def import_modules(modules: Iterable[FileModule]) -> None:
    """Import modules that another process made from files; raise UsageError if one can't be imported."""
    for name, path, source in modules:
        if name not in sys.modules:
            _import(Path(path), name, source)


def _is_own(value: object, module: ModuleType) -> bool:
    return isinstance(value, type) and value.__module__ == module.__name__


def _module(path: Path, lock: Lock | None) -> ModuleType:
    try:
        source = path.read_bytes()
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        advice = (*similar_files(path), f"looked in {Path.cwd()}")
        raise UsageError(f"the file '{path}' cannot be read: {reason}", *advice) from error
    if lock is not None:
        lock.check()
        lock.check_file(path, source)
    import hashlib

    digest = hashlib.sha256(os.fsencode(path.resolve()) + b"\0" + source).hexdigest()[:16]
    name = f"{FILE_MODULE}{path.stem}_{digest}"
    return sys.modules.get(name) or _import(path.resolve(), name, source)


class _Loader(SourceFileLoader):
    """Runs the source that was digested and compared with the lock.

    Python itself reuses cached bytecode if the file has the same size and the same time in seconds, so it
    would miss an edit that a script or a test makes right away.
    """

    def __init__(self, name: str, path: Path, source: bytes) -> None:
        super().__init__(name, str(path))
        self.source = source

    def get_code(self, fullname: str) -> CodeType:
        """Return the code compiled from the source, never from a cache."""
        code: CodeType = self.source_to_code(self.source, self.path)
        return code


def _import(path: Path, name: str, source: bytes) -> ModuleType:
    loader = _Loader(name, path, source)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None or spec.loader is None:
        raise UsageError(f"the file '{path}' is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # In `sys.modules`, where pydantic looks up names in annotations.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if not isinstance(error, Exception | SystemExit):
            raise
        fact, advice = told(error)
        raise UsageError(
            f"the file '{path}' cannot be imported: {fact}", f"raised in {where(error) or path}", *advice
        ) from error
    return module
