"""Packages that a plugin needs only for some of its names: whether they're installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from seedbed.errors import UsageError
from seedbed.plugins.authoring.overrides import Wanted, is_text


def _are_packages(value: object) -> bool:
    return isinstance(value, Mapping) and all(is_text(part) for pair in value.items() for part in pair)


NEEDED_PACKAGES = Wanted(
    "a dict of what `import` and what `pip install` call it", '{"PIL": "acme[images]"}', _are_packages
)


def check_packages(what: str, needed: Mapping[str, str]) -> None:
    """Raise UsageError for the packages that `what` needs and that aren't installed; imports none of them."""
    missing = {module: package for module, package in needed.items() if not _is_there(module)}
    if missing:
        names = " and ".join(f"'{module}'" for module in missing)
        packages = " ".join(f"'{package}'" for package in dict.fromkeys(missing.values()))
        raise UsageError(
            f"{what} needs the package{'s' * (len(missing) > 1)} {names}, not installed here",
            f"pip install {packages}",
        )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module.partition(".")[0]) is not None
    except ValueError:
        # A module that a program has put together itself has no specification.
        return True
