"""Decides which claim to a name is used, without importing anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from seedbed.plugins.discovery.metadata import excludes
from seedbed.plugins.discovery.scan import Installed
from seedbed.plugins.names import is_name, normalise_distribution
from seedbed.plugins.policy.policy import Policy


class Status(StrEnum):
    """What would happen to a claim if its name were looked up."""

    OK = "ok"
    INVALID_NAME = "invalid name"
    DISABLED = "disabled"
    AMBIGUOUS = "ambiguous"
    INCOMPATIBLE = "incompatible"
    UNLOCKED = "not locked"


class Entry(NamedTuple):
    """A claim, its status, and the reason if it isn't `OK`."""

    installed: Installed
    status: Status
    reason: str = ""


def judge(claims: Sequence[Installed], policy: Policy, running: str | None) -> tuple[Entry, ...]:
    """Return the status of each claim to one name, under `policy` and with version `running` of Seedbed."""
    enabled = [claim for claim in claims if _objection(claim, policy) is None]
    owners = _distinct(claim.distribution for claim in enabled)
    chosen = policy.choose(owners) if len(owners) > 1 else None
    return tuple(_judge(claim, enabled, owners, chosen, policy, running) for claim in claims)


def _judge(
    claim: Installed,
    enabled: Sequence[Installed],
    owners: Sequence[str],
    chosen: str | None,
    policy: Policy,
    running: str | None,
) -> Entry:
    objection = _objection(claim, policy)
    if not is_name(claim.name):
        return Entry(claim, Status.INVALID_NAME, f"{claim.name!r} is not of the form lower-case-words")
    if objection is not None:
        return objection
    if chosen is not None and normalise_distribution(claim.distribution) != chosen:
        return Entry(claim, Status.DISABLED, f"{chosen!r} is preferred by {policy.origin('prefer')}")
    if chosen is None and len(owners) > 1:
        return Entry(claim, Status.AMBIGUOUS, f"claimed by {' and '.join(_versions(enabled))}")
    if _is_registered_twice(claim, enabled):
        return Entry(claim, Status.AMBIGUOUS, f"{claim.owner} registers it twice")
    if excludes(claim.requires_seedbed, running):
        reason = f"it requires seedbed {claim.requires_seedbed}, and {running} is running"
        return Entry(claim, Status.INCOMPATIBLE, reason)
    return Entry(claim, Status.OK)


def _objection(claim: Installed, policy: Policy) -> Entry | None:
    """Return the claim's entry if policy or its lock file forbids it, or else None."""
    if (reason := policy.objection(claim.distribution)) is not None:
        return Entry(claim, Status.DISABLED, reason)
    if policy.lock is not None and (reason := policy.lock.objection(claim)) is not None:
        return Entry(claim, Status.UNLOCKED, reason)
    return None


def _is_registered_twice(claim: Installed, enabled: Iterable[Installed]) -> bool:
    rivals = (other for other in enabled if other.distribution == claim.distribution)
    return any(other.kind == claim.kind and other.value != claim.value for other in rivals)


def _versions(claims: Iterable[Installed]) -> tuple[str, ...]:
    return _distinct(claim.owner for claim in claims)


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
