"""The messages of the plugin errors: what happened, where, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from seedbed.errors import (
    AmbiguousPluginError,
    BrokenPluginError,
    DisabledPluginError,
    IncompatiblePluginError,
    LockError,
    PluginError,
    UnknownPluginError,
)
from seedbed.plugins.authoring.class_errors import told
from seedbed.plugins.authoring.distilabel_names import instead_of, registered_as
from seedbed.plugins.authoring.elsewhere import in_a_module
from seedbed.plugins.discovery.scan import Installed, strays
from seedbed.plugins.first_party import FIRST_PARTY, pip_install
from seedbed.plugins.kinds import PluginKind, kind_of
from seedbed.plugins.names import is_name, normalise_distribution
from seedbed.plugins.policy.eligibility import Entry, Status
from seedbed.suggestions import did_you_mean
from seedbed.tracebacks import where

_SHOWN = 20


def unknown(
    kind: PluginKind[Any], name: str, known: Mapping[PluginKind[Any], Sequence[str]]
) -> UnknownPluginError:
    """Return the error for a name that no plugin claims; `known` has the claimed names, by kind."""
    same = [
        other_name
        for other, names in known.items()
        if other.namespace == kind.namespace
        for other_name in names
    ]
    elsewhere = [other for other, names in known.items() if name in names]
    advice = [
        *(other.mention.format(name=name, noun=other.noun) for other in elsewhere),
        *misplaced(name),
        *in_a_module(name, kind.in_python),
    ]
    if not advice and (theirs := instead_of(name)):
        ours = registered_as(name)
        advice = [*theirs, *(_pip_install(kind, ours) if ours and ours not in same else ())]
    if not advice:
        advice = [*did_you_mean(name, [*same, *kind.built_in]), *_pip_install(kind, name)]
    if kind.if_unknown:
        advice.append(kind.if_unknown)
    return UnknownPluginError(
        f"no {kind.noun} named {name!r} is installed", *advice, *_installed(kind, same, advice)
    )


def packages_with(name: str) -> list[str]:
    """Return the commands that install Seedbed's own packages with a plugin of this name."""
    return list(
        dict.fromkeys(pip_install(package) for (_, own), package in FIRST_PARTY.items() if own == name)
    )


def misplaced(name: str) -> list[str]:
    """Return sentences about entry points called `name` in groups that Seedbed doesn't know."""
    return [str(stray) for stray in strays() if stray.name == name]


def of_another_kind(kind: PluginKind[Any], claim: Installed) -> UnknownPluginError:
    """Return the error for a name of another kind in the namespace, such as a step instead of a task."""
    return UnknownPluginError(
        f"{claim.name!r} of {claim.owner} is a {claim.kind.noun}, not a {kind.noun}",
        "use it as one step of a pipeline",
    )


def refused(kind: PluginKind[Any], entries: Sequence[Entry]) -> PluginError:
    """Return the error for a name if none of its `entries` may be used."""
    by_status = {entry.status: entry for entry in reversed(entries)}
    if Status.AMBIGUOUS in by_status:
        return _ambiguous([entry for entry in entries if entry.status is Status.AMBIGUOUS])
    if Status.INCOMPATIBLE in by_status:
        return _incompatible(by_status[Status.INCOMPATIBLE])
    if Status.DISABLED in by_status:
        return _disabled([entry for entry in entries if entry.status is Status.DISABLED])
    claim, status, reason = entries[0]
    if status is Status.UNLOCKED:
        return _unlocked(entries)
    return BrokenPluginError(
        f"the {claim.kind.noun} {claim.name!r} of {claim.owner} cannot be used: {reason}",
        f"its authors must rename it in the entry points of {claim.distribution}",
    )


def broken_by(claim: Installed, doing: str, error: BaseException, advice: Sequence[str]) -> BrokenPluginError:
    """Return the error for a plugin whose own code raised `error`; raise it `from` that."""
    said, what_to_do = told(error)
    place = where(error)
    raised = f"raised in {place}" if place else ""
    return broken(claim, f"{doing} raised {said}", *filter(None, (raised, *what_to_do, *advice)))


def broken(claim: Installed, fact: str, *advice: str) -> BrokenPluginError:
    """Return the error for a plugin that violates the plugin contract."""
    return BrokenPluginError(
        f"the {claim.kind.noun} {claim.name!r} of {claim.owner} is broken: {fact}", *advice
    )


def _ambiguous(entries: Sequence[Entry]) -> AmbiguousPluginError:
    name = entries[0].installed.name
    # Of the claims, not of who asks: a command that takes tasks and steps looks both up as steps.
    nouns = list(dict.fromkeys(entry.installed.kind.noun for entry in entries))
    what = f"{nouns[0]} {name!r}" if len(nouns) == 1 else f"name {name!r}"
    owners = list(dict.fromkeys(entry.installed.owner for entry in entries))
    if len(owners) == 1:
        return AmbiguousPluginError(
            f"the {what} is registered twice by {owners[0]}",
            *(f"as {entry.installed.value!r}" for entry in entries),
            "only its authors can decide which one is meant",
        )
    # All of them: naming the first by the alphabet would have people prefer a stranger's package.
    rivals = list(dict.fromkeys(normalise_distribution(e.installed.distribution) for e in entries))
    claims = [
        f"{e.installed.kind.noun} {name!r} of {e.installed.owner}, {e.installed.location}" for e in entries
    ]
    return AmbiguousPluginError(
        f"the {what} is claimed by {' and by '.join(owners)}",
        *claims,
        f"decide for one command with {' or '.join(f'--prefer {rival}' for rival in rivals)}",
        'for all with prefer = ["NAME"] under [tool.seedbed.plugins] in pyproject.toml',
        "or [plugins] in seedbed.toml, with SEEDBED_PLUGINS_PREFER=NAME, or uninstall one of them",
    )


def _incompatible(entry: Entry) -> IncompatiblePluginError:
    claim = entry.installed
    return IncompatiblePluginError(
        f"the {claim.kind.noun} {claim.name!r} of {claim.owner} does not fit this Seedbed: {entry.reason}",
        f"pip install --upgrade {claim.distribution} seedbed",
    )


def _disabled(entries: Sequence[Entry]) -> DisabledPluginError:
    claim = entries[0].installed
    return DisabledPluginError(
        f"the {claim.kind.noun} {claim.name!r} is disabled: {entries[0].reason}",
        *(f"{entry.installed.owner}: {entry.reason}" for entry in entries[1:]),
        "change that setting to use it",
    )


def _unlocked(entries: Sequence[Entry]) -> LockError:
    claim = entries[0].installed
    return LockError(
        f"the {claim.kind.noun} {claim.name!r} is not served: {entries[0].reason}",
        *(f"{entry.installed.owner}: {entry.reason}" for entry in entries[1:]),
        "lock what is installed again with `seedbed plugins lock`, or leave the lock file out",
    )


def _pip_install(kind: PluginKind[Any], name: str) -> list[str]:
    return [
        pip_install(distribution)
        for (other, first_party), distribution in FIRST_PARTY.items()
        if first_party == name and kind_of(other).namespace == kind.namespace
    ]


def _installed(kind: PluginKind[Any], names: Sequence[str], advice: Sequence[str]) -> list[str]:
    usable = sorted({name for name in names if is_name(name)})
    if not usable:
        none = f"none of the {kind.namespace} is installed for {sys.executable}"
        return [none, *(() if advice else _first_party(kind))]
    more = f" and {len(usable) - _SHOWN} more, see `seedbed plugins`" if len(usable) > _SHOWN else ""
    return [f"installed {kind.namespace}: {', '.join(usable[:_SHOWN])}{more}"]


def _first_party(kind: PluginKind[Any]) -> list[str]:
    # Everybody needs a backend, but may have written tasks and the rest themselves.
    if kind != "seedbed.llms":
        return []
    owners = dict.fromkeys(owner for (other, _), owner in FIRST_PARTY.items() if other == kind)
    return [f"Seedbed's own: pip install {' or '.join(owners)}"]
