"""The messages of the plugin errors: what happened, where, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from seedbed.errors import (
    AmbiguousPluginError,
    BrokenPluginError,
    DisabledPluginError,
    IncompatiblePluginError,
    LockError,
    PluginError,
    UnknownPluginError,
)
from seedbed.plugins.class_errors import told
from seedbed.plugins.elsewhere import in_a_module
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.names import is_name, normalise_distribution
from seedbed.plugins.origin import where
from seedbed.plugins.scan import Installed, strays
from seedbed.plugins.standing import Entry, Status
from seedbed.plugins.suggest import did_you_mean

FIRST_PARTY: Mapping[tuple[PluginKind, str], str] = {
    (PluginKind.LLM, "openai"): "seedbed-openai",
    (PluginKind.LLM, "anthropic"): "seedbed-anthropic",
    (PluginKind.LLM, "llamacpp"): "seedbed-llamacpp",
    (PluginKind.TASK, "qa-pairs"): "seedbed-tasks",
    (PluginKind.TASK, "self-instruct"): "seedbed-tasks",
    (PluginKind.TASK, "text-generation"): "seedbed-tasks",
}

_SHOWN = 20

_IN_PYTHON: Mapping[PluginKind, str] = {
    PluginKind.TASK: "run({}(...), ...)",
    PluginKind.STEP: "run({}(...), ...)",
    PluginKind.LLM: "llm={}(model=...)",
    PluginKind.ENGINE: "engine={}",
    PluginKind.OBSERVER: "observers=[{}()]",
}
"""How Python is given a class that no plugin registers."""


def unknown(kind: PluginKind, name: str, known: Mapping[PluginKind, Sequence[str]]) -> UnknownPluginError:
    """Nobody claims `name`; `known` has the names that are claimed, by kind."""
    same = [
        other_name
        for other, names in known.items()
        if other.namespace == kind.namespace
        for other_name in names
    ]
    elsewhere = [other for other, names in known.items() if name in names]
    advice = [
        *(_other_kind(name, other) for other in elsewhere),
        *misplaced(name),
        *in_a_module(name, _IN_PYTHON[kind]),
    ]
    if not advice:
        advice = [*did_you_mean(name, same), *_pip_install(kind, name)]
    if kind is PluginKind.ENGINE:
        advice.append("leave it out for the one that is built in")
    return UnknownPluginError(
        f"no {kind.noun} named {name!r} is installed", *advice, *_installed(kind, same, advice)
    )


def misplaced(name: str) -> list[str]:
    """Return the sentences on entry points called `name` that lie in groups which Seedbed does not know."""
    return [str(stray) for stray in strays() if stray.name == name]


def not_a_task(claim: Installed) -> UnknownPluginError:
    """A task was asked for, and the name is that of a step which needs rows from elsewhere."""
    return UnknownPluginError(
        f"{claim.name!r} of {claim.owner} is a step, not a task", "use it as one step of a pipeline"
    )


def refused(kind: PluginKind, entries: Sequence[Entry]) -> PluginError:
    """Return the error for a name that none of `entries` may serve."""
    by_status = {entry.status: entry for entry in reversed(entries)}
    if Status.AMBIGUOUS in by_status:
        return _ambiguous(kind, [entry for entry in entries if entry.status is Status.AMBIGUOUS])
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
    """The plugin's own code raised `error`; raise the result `from` it."""
    said, what_to_do = told(error)
    place = where(error)
    raised = f"raised in {place}" if place else ""
    return broken(claim, f"{doing} raised {said}", *filter(None, (raised, *what_to_do, *advice)))


def broken(claim: Installed, fact: str, *advice: str) -> BrokenPluginError:
    """The plugin does not do what the contract says."""
    return BrokenPluginError(
        f"the {claim.kind.noun} {claim.name!r} of {claim.owner} is broken: {fact}", *advice
    )


def _ambiguous(kind: PluginKind, entries: Sequence[Entry]) -> AmbiguousPluginError:
    name = entries[0].installed.name
    owners = list(dict.fromkeys(entry.installed.owner for entry in entries))
    if len(owners) == 1:
        return AmbiguousPluginError(
            f"the {kind.noun} {name!r} is registered twice by {owners[0]}",
            *(f"as {entry.installed.value!r}" for entry in entries),
            "only its authors can decide which one is meant",
        )
    first = normalise_distribution(entries[0].installed.distribution)
    claims = [
        f"{e.installed.kind.noun} {name!r} of {e.installed.owner}, {e.installed.location}" for e in entries
    ]
    return AmbiguousPluginError(
        f"the {kind.noun} {name!r} is claimed by {' and by '.join(owners)}",
        *claims,
        f"decide with --prefer {first} for one command",
        f'for all with prefer = ["{first}"] under [tool.seedbed.plugins] in pyproject.toml',
        f"or [plugins] in seedbed.toml, with SEEDBED_PLUGINS_PREFER={first}, or uninstall one of them",
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
        "lock what is installed anew with `seedbed plugins lock`, or do without the lock file",
    )


def _other_kind(name: str, other: PluginKind) -> str:
    if other is PluginKind.LLM:
        return f"{name!r} is an LLM backend: refer to a model of it as {name}/MODEL"
    if other is PluginKind.OBSERVER:
        return f"{name!r} is an observer: --plugin {name} on the command, observers=[{name!r}] in Python"
    return f"{name!r} is {'an' if other is PluginKind.ENGINE else 'a'} {other.noun}"


def _pip_install(kind: PluginKind, name: str) -> list[str]:
    return [
        f"pip install {distribution}"
        for (other, first_party), distribution in FIRST_PARTY.items()
        if first_party == name and other.namespace == kind.namespace
    ]


def _installed(kind: PluginKind, names: Sequence[str], advice: Sequence[str]) -> list[str]:
    usable = sorted({name for name in names if is_name(name)})
    if not usable:
        none = f"none of the {kind.namespace} is installed for {sys.executable}"
        return [none, *(() if advice else _first_party(kind))]
    more = f" and {len(usable) - _SHOWN} more, see `seedbed plugins`" if len(usable) > _SHOWN else ""
    return [f"installed {kind.namespace}: {', '.join(usable[:_SHOWN])}{more}"]


def _first_party(kind: PluginKind) -> list[str]:
    if kind is not PluginKind.LLM:
        return []
    owners = dict.fromkeys(owner for (other, _), owner in FIRST_PARTY.items() if other is kind)
    return [f"Seedbed's own: pip install {' or '.join(owners)}"]
