"""Which file an LLM comes from: a stranger's file must not send the user's keys where it likes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from seedbed.errors import UsageError
from seedbed.llm.keys.hosts import addresses_in, allowed_hosts
from seedbed.plugins.names import is_file_reference, split_file_reference


def refuse_code(reference: str) -> str:
    """Return the reference of a plugin; raise UsageError for one of code: a file can't allow that itself."""
    if not is_file_reference(reference):
        return reference
    named, _ = split_file_reference(reference)
    raise UsageError(
        f"a pipeline file may only name plugins, but '{reference}' is code",
        f"if '{named}' is yours, allow it: --allow-code {named} (allow_code=[...] in Python)",
        "or publish it as a plugin, or write the pipeline in Python",
    )


class FileOrigin(NamedTuple):
    """The file that decides where an LLM's requests go, and the hosts that the user allows anyway.

    `line` is where the entry in the file begins, 0 if that isn't known. `allowed_code` returns a reference
    in one of its fields, or raises UsageError if it names code that the user hasn't allowed. `entries` has
    the lines of the entries of its fields that are lists.
    """

    file: str
    allowed: tuple[str, ...]
    line: int = 0
    allowed_code: Callable[[str], str] = refuse_code
    entries: Mapping[str, Sequence[int]] | None = None


# A context variable and no argument: a step of the file may make an LLM in its own `__init__`, and an
# argument would be lost on the way there.
_reading: ContextVar[FileOrigin | None] = ContextVar("seedbed_reading", default=None)


def current_origin() -> FileOrigin | None:
    """Return the file that is being read; every LLM made now comes from it."""
    return _reading.get()


@contextmanager
def made_in_file(
    file: str,
    allow_hosts: Sequence[str] = (),
    line: int = 0,
    allowed_code: Callable[[str], str] = refuse_code,
) -> Iterator[None]:
    """Have every LLM that is made within remember that `file` describes it, wherever it's made."""
    outer = _reading.get()
    # A file inside of a file keeps what the user allowed for the outer one.
    allowed = (*allowed_hosts(allow_hosts), *(outer.allowed if outer else ()))
    token = _reading.set(FileOrigin(file, allowed, line, allowed_code))
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def chosen_by_user(texts: Iterable[str]) -> Iterator[None]:
    """Allow the hosts of URLs among `texts`, which the user typed, to LLMs that are made within."""
    # `--set llm.base_url=https://...` is the user's own choice, even if the rest is the file's.
    origin = _reading.get()
    if origin is None:
        yield
        return
    token = _reading.set(origin._replace(allowed=(*origin.allowed, *addresses_in(texts))))
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def made_by(origin: FileOrigin | None) -> Iterator[None]:
    """Have LLMs that are made within come from the file that another object came from."""
    token = _reading.set(origin)
    try:
        yield
    finally:
        _reading.reset(token)
