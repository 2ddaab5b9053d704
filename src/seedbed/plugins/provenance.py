"""The plugins that a class comes from."""

from __future__ import annotations

from traceback import walk_tb

from seedbed.plugins.discovery.scan import Installed, scan
from seedbed.plugins.discovery.source_file import FILE_MODULE
from seedbed.plugins.registry import Registry
from seedbed.tracebacks import is_machinery


def claims_behind(cls: type, registry: Registry) -> tuple[Installed, ...]:
    """Return the claims that `registry` has resolved to a class.

    For a class that the program imported itself, returns the claims of the distribution whose plugins are in
    the same package; none if there is no such distribution.
    """
    return registry.claims_to(cls) or tuple(
        claim for claim in scan() if _package(claim.value) == _package(cls.__module__)
    )


def author_place(error: BaseException) -> str | None:
    """Return `FILE, line N` if a plugin's or a file's code caused an error; else None.

    Code of other packages doesn't count: we may have called it wrongly.
    """
    place = None
    for frame, line in walk_tb(error.__traceback__):
        if is_machinery(frame.f_code.co_filename):
            continue
        module = str(frame.f_globals.get("__name__", ""))
        is_authors = module.startswith(FILE_MODULE) or _package(module) in {_package(c.value) for c in scan()}
        place = f"{frame.f_code.co_filename}, line {line}" if is_authors else None
    return place


def _package(module: str) -> str:
    return module.partition(":")[0].partition(".")[0]
