"""The rate limits that the headers `x-ratelimit-*` of a response tell of."""

from __future__ import annotations

import re
from collections.abc import Mapping

from seedbed import Limits

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_LONGEST_RESET = 31 * 86400.0


def read_limits(headers: Mapping[str, str]) -> Limits | None:
    """Return the limits that the headers (names in lower case) tell of, None where they tell of none."""
    limits = Limits(
        requests=_number(headers.get("x-ratelimit-limit-requests")),
        requests_left=_number(headers.get("x-ratelimit-remaining-requests")),
        requests_reset=duration(headers.get("x-ratelimit-reset-requests")),
        tokens=_number(headers.get("x-ratelimit-limit-tokens")),
        tokens_left=_number(headers.get("x-ratelimit-remaining-tokens")),
        tokens_reset=duration(headers.get("x-ratelimit-reset-tokens")),
    )
    return None if limits == Limits() else limits


def duration(value: str | None) -> float | None:
    """Return the seconds of a duration such as `1s`, `6m0s`, `20ms` or `7.5`; None for anything else."""
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        seconds = float(value)
    elif re.fullmatch(f"({_PART.pattern})+", value):
        seconds = sum(float(amount) * _SECONDS[unit] for amount, unit in _PART.findall(value))
    else:
        return None
    # Some servers send the moment itself, in seconds since 1970.
    return seconds if seconds <= _LONGEST_RESET else None


def _number(value: str | None) -> int | None:
    if value is None:
        return None
    match = re.fullmatch(r"\s*(\d{1,18})(\.0+)?\s*", value)
    return int(match[1]) if match else None
