"""Standard output, protected from what tasks and backends print."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any, BinaryIO

from seedbed.cli.terminal.printing import echo, json_text
from seedbed.plugins.catalogue.printed import flush_c


@contextmanager
def kept_stdout() -> Iterator[BinaryIO]:
    """Yield standard output for rows alone; within the block, all other output goes to standard error.

    That includes C libraries and child processes, since the file descriptor itself is replaced.
    """
    sys.stdout.flush()
    stream = os.fdopen(os.dup(1), "wb")
    former = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield stream
    finally:
        sys.stdout.flush()
        flush_c()
        os.dup2(former, 1)
        os.close(former)
        # Every row has been flushed, and an error raised then; there's nothing more to report here.
        with suppress(OSError):
            stream.close()


def write_json(value: Any, *, err: bool = False) -> None:
    """Write one JSON document to standard output, or to standard error."""
    echo(json_text(value), err=err)


def write_json_list(values: Sequence[Any]) -> None:
    """Write a JSON list to standard output, one value a line.

    Python indents in Python: of 300 plugins that's three times what it takes to write them without.
    """
    lines = ",\n".join(f"  {json_text(value, indent=None)}" for value in values)
    echo(f"[\n{lines}\n]" if values else "[]")
