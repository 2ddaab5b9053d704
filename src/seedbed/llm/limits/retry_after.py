"""How long a server asks to wait: by the headers of its refusal, or by the body."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping

from seedbed.llm.http.refused_requests import errors_in


def wait_wanted(headers: Mapping[str, str], body: object = None) -> float | None:
    """Return the seconds that a refusal asks to wait, from its headers or else its body; or None."""
    seconds = retry_after(headers)
    return retry_delay(body) if seconds is None else seconds


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait (`retry-after-ms`, `retry-after`), or None."""
    # The more precise one first, as in OpenAI's SDK: `retry-after` counts whole seconds.
    if milliseconds := headers.get("retry-after-ms"):
        seconds = _number(milliseconds)
        return None if seconds is None else seconds / 1000
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return seconds
    # RFC 9110 also allows a date, which proxies and CDNs send.
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    # A date in the past, or a server whose clock is behind, means no wait, not a negative one.
    return max(0.0, moment.timestamp() - time.time())


def retry_delay(body: object) -> float | None:
    """Return the seconds that Google's RetryInfo in an error asks to wait (`retryDelay: "37s"`), or None."""
    for error in errors_in(body):
        delay = error.get("retryDelay")
        if isinstance(delay, str) and delay.endswith("s"):
            return _number(delay[:-1])
    return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # "nan" and "inf" are floats too, and a call that waits for them never comes back.
    return number if 0 <= number < float("inf") else None
