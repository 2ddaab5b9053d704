"""Checks the names of new plugins and their authors."""

from __future__ import annotations

import re
import unicodedata

from seedbed.errors import UsageError
from seedbed.pipeline.entries import BUILT_IN
from seedbed.plugins.discovery.metadata import installed_version
from seedbed.plugins.first_party import FIRST_PARTY, pip_install
from seedbed.plugins.names import is_name, kebab_case
from seedbed.plugins.registry import Registry
from seedbed.scaffold.new_package import NewPackage
from seedbed.store.format_kind import FORMATS
from seedbed.store.formats import BUILT_IN as ENDINGS
from seedbed.tasks.task_kinds import STEPS, TASKS

_PREFIX = "seedbed-"
_EXAMPLE = "bedtime-stories"
_NOT_ON_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""The Unicode categories of control characters, surrogates, and separators of lines and paragraphs."""


def check_name(package: NewPackage, registry: Registry) -> None:
    """Raise UsageError for a name that is invalid, or taken by a plugin of `registry` or by a package."""
    if not is_name(package.name):
        raise UsageError(
            f"the name {package.name!r} is not of the form lower-case-words",
            f"use the letters a to z, digits and hyphens, for example {_similar_name(package.name)}",
        )
    if package.name.startswith(_PREFIX):
        raise UsageError(
            f"the package of {package.name!r} would be called {package.distribution!r}",
            f"leave the prefix out: {package.name.removeprefix(_PREFIX)}",
        )
    owner = _owner(package, registry)
    if owner is not None:
        raise UsageError(f"the name {package.name!r} is taken by {owner}", "choose another one")
    if installed_version(package.distribution) is not None:
        raise UsageError(
            f"a distribution '{package.distribution}' is already installed", "choose another name"
        )
    first_party = FIRST_PARTY.get((package.kind, package.name), package.distribution)
    if first_party in FIRST_PARTY.values():
        raise UsageError(
            f"the name {package.name!r} is taken by Seedbed's own package {first_party}",
            f"choose another one, or use it: {pip_install(first_party)}",
        )


def check_author(author: str) -> None:
    """Raise UsageError for an author that does not fit on one line."""
    if any(unicodedata.category(character) in _NOT_ON_A_LINE for character in author):
        raise UsageError(
            f"the author {author!r} has a line break or another control character",
            "give a name on one line: --author 'Ada Example'",
        )


def _similar_name(text: str) -> str:
    """Return a valid name that is close to the text; one of another plugin if letters would be lost."""
    # `Übung` becomes `ubung` and `straße` `strasse`. What has no Latin base letters isn't transliterated:
    # half a name is a worse suggestion than another one.
    parts = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ẞ", "SS"))
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    if any(character.isalnum() and not character.isascii() for character in plain):
        return _EXAMPLE
    suggestion = re.sub(r"[^a-z0-9]+", "-", kebab_case(plain)).strip("-")
    return suggestion if is_name(suggestion) else _EXAMPLE


def _owner(package: NewPackage, registry: Registry) -> str | None:
    if package.kind in (TASKS, STEPS) and package.name in BUILT_IN:
        return "a step of Seedbed's own"
    if package.kind is FORMATS and package.name in ENDINGS:
        return f"Seedbed's own format, since the ending '.{package.name}' is built in"
    for entry in registry.entries():
        claim = entry.installed
        if (claim.kind.namespace, claim.name) == (package.kind.namespace, package.name):
            return f"the {claim.kind.noun} of {claim.owner}"
    return None
