"""The program that converts documents to Markdown, in a process of its own: it can be ended, a thread can't.

Each line of its input is, in JSON, the path of a document and the seconds of processor time and the megabytes
of memory that it may take; its answer is a line, {"text":, "title":}, {"error":} or, for want of memory,
{"short":}. The first line that it writes says that it's ready.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from typing import Any

try:
    import resource
except ImportError:  # Windows has no bound on processor time
    resource = None  # type: ignore[assignment]


def main() -> None:
    """Answer until the input ends."""
    # Readers of documents may print. Their output is thrown away, and the answers go where they can't write.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(said: dict[str, Any]) -> None:
        answers.write(json.dumps(said) + "\n")
        answers.flush()

    try:
        from markitdown import MarkItDown

        # No plugins: any package that is installed could read the documents instead.
        converter = MarkItDown(enable_plugins=False)
    except Exception as error:  # noqa: BLE001 - whatever its import raises is told
        answer({"error": f"{type(error).__name__}: {error}"})
        return
    answer({})
    for line in sys.stdin:
        path, seconds, megabytes = json.loads(line)
        _bound(seconds)
        _bound_memory(megabytes)
        answer(_converted(converter, path))


def _bound(seconds: int) -> None:
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        most = int(time.process_time()) + 1 + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (most if hard < 0 else min(most, hard), hard))


def _bound_memory(megabytes: int) -> None:
    # The parent looks at the memory in use; this is for what is taken at once, between two of its looks. The
    # bound is twice as high, since the libraries alone have half a gigabyte of addresses, not memory.
    # Elsewhere a bound on the address space is refused, or has no effect.
    if resource is not None and sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = 2 * megabytes * 1_000_000
        resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))


def _converted(converter: Any, path: str) -> dict[str, Any]:
    try:
        # Of the file itself: `convert` would take a path that looks like an address for one.
        found = converter.convert_local(path)
    except MemoryError:
        return {"short": True}
    except Exception as error:  # noqa: BLE001 - each of its readers raises errors of its own
        # Some of them wrap it, or only say it.
        if "MemoryError" in traceback.format_exc():
            return {"short": True}
        return {"error": (str(error).strip().splitlines() or [type(error).__name__])[-1].lstrip(" -")}
    return {"text": found.markdown, "title": found.title}


if __name__ == "__main__":
    main()
