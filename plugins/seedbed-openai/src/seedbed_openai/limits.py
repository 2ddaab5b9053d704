"""The rate limits in the headers `x-ratelimit-*`, `ratelimit-*` and `ratelimit` of a response."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from seedbed import Limits
from seedbed_openai.json_reading import mapping

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_LONGEST_RESET = 31 * 86400.0
# Gateways (`x-ratelimit-limit`) and the IETF's drafts don't say what they count: it's requests.
_PREFIXES = ("x-ratelimit-", "ratelimit-")
# `ratelimit: limit=100, remaining=50, reset=5`, or
# `ratelimit: "default";r=50;t=5` with `ratelimit-policy: "default";q=100`.
_FIELD = re.compile(r"(?:^|[\s,;])(limit|remaining|reset|q|r|t)=(\d{1,18})(?![\w.])")


def read_limits(headers: Mapping[str, str]) -> Limits | None:
    """Return the limits in the headers, or None if there are none."""
    # Most servers send none of them, and this runs for every answer.
    if "ratelimit" not in " ".join(headers).lower():
        return None
    limit, left, reset = _triple(headers, "-requests")
    if limit is None and left is None:
        limit, left, reset = _plain(headers)
    limits = Limits(limit, left, reset, *_triple(headers, "-tokens"))
    return None if limits == Limits() else limits


def _triple(headers: Mapping[str, str], suffix: str) -> tuple[int | None, int | None, float | None]:
    """Return limit, remainder and seconds to the reset for a suffix, from the first prefix that has any."""
    for prefix in _PREFIXES:
        names = (f"{prefix}{what}{suffix}" for what in ("limit", "remaining", "reset"))
        limit, left, reset = map(headers.get, names)
        if limit is not None or left is not None or reset is not None:
            return _number(limit), _number(left), duration(reset)
    return None, None, None


def _plain(headers: Mapping[str, str]) -> tuple[int | None, int | None, float | None]:
    triple = _triple(headers, "")
    if triple[1] is not None:
        return triple
    # The first of several policies counts, and the first of two fields with one name.
    policy = headers.get("ratelimit-policy", "").split(",")[0]
    fields = dict(reversed(_FIELD.findall(f"{policy};{headers.get('ratelimit', '')}")))
    reset = fields.get("reset", fields.get("t"))
    return (
        _number(fields.get("limit", fields.get("q"))),
        _number(fields.get("remaining", fields.get("r"))),
        None if reset is None else duration(reset),
    )


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
    # Some servers send a point in time, in seconds since 1970. As a duration it would be half a century.
    return seconds if seconds <= _LONGEST_RESET else None


def reset_in_metadata(body: Mapping[str, Any]) -> float | None:
    """Return the seconds until the time that OpenRouter puts into an error, in milliseconds since 1970.

    https://openrouter.ai/docs/api-reference/limits
    """
    headers = mapping(mapping(mapping(body.get("error")).get("metadata")).get("headers"))
    moment = next((value for name, value in headers.items() if name.lower() == "x-ratelimit-reset"), None)
    if not re.fullmatch(r"\d{13}", str(moment)):
        return None
    return max(0.0, int(str(moment)) / 1000 - time.time())


def _number(value: str | None) -> int | None:
    if value is None:
        return None
    # An older draft names the policies behind the limit: `100, 100;w=60`.
    match = re.fullmatch(r"\s*(\d{1,18})(\.0+)?\s*(?:,.*)?", value)
    return int(match[1]) if match else None
