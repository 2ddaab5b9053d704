"""Rate limits in the headers of a response."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed import Limits
from seedbed_openai.limits import duration, read_limits, reset_in_metadata


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("7.66s", 7.66),
        ("12", 12.0),
        ("1780000000", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_durations_are_read_in_the_forms_that_servers_use(text: str | None, seconds: float | None) -> None:
    assert duration(text) == (None if seconds is None else pytest.approx(seconds))


def test_the_headers_of_requests_and_tokens_are_read() -> None:
    headers = {
        "x-ratelimit-limit-requests": "5000",
        "x-ratelimit-remaining-requests": "4999",
        "x-ratelimit-reset-requests": "12ms",
        "x-ratelimit-limit-tokens": "160000",
        "x-ratelimit-remaining-tokens": "159976",
        "x-ratelimit-reset-tokens": "6m0s",
    }
    assert read_limits(headers) == Limits(5000, 4999, pytest.approx(0.012), 160000, 159976, 360.0)
    assert read_limits({"content-type": "application/json"}) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "40", "x-ratelimit-reset": "5"},
        {"ratelimit-limit": "100", "ratelimit-remaining": "40", "ratelimit-reset": "5"},
        {"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "40", "ratelimit-reset": "5"},
        {"ratelimit": "limit=100, remaining=40, reset=5"},
        {"ratelimit": '"default";r=40;t=5', "ratelimit-policy": '"default";q=100;w=60'},
        {"ratelimit": '"default";r=40;t=5', "ratelimit-policy": '"default";q=100;w=60, "day";q=9;w=86400'},
    ],
)
def test_headers_that_name_nothing_count_requests(headers: dict[str, str]) -> None:
    assert read_limits(headers) == Limits(100, 40, 5.0)


def test_a_moment_instead_of_a_duration_is_no_reset() -> None:
    headers = {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1741305600000"}
    assert read_limits(headers) == Limits(20, 0, None)


@given(st.text(max_size=20))
def test_no_header_value_raises(text: str) -> None:
    duration(text)
    read_limits({"x-ratelimit-limit-requests": text, "x-ratelimit-reset-tokens": text})
    read_limits({"ratelimit": text, "ratelimit-policy": text, "ratelimit-limit": text})


def test_a_moment_inside_of_openrouters_error_is_waited_for():
    def body(moment):
        return {"error": {"code": 429, "metadata": {"headers": {"X-RateLimit-Reset": moment}}}}

    soon = str(int((time.time() + 3000) * 1000))

    assert 2000 < reset_in_metadata(body(soon)) <= 3000
    assert reset_in_metadata(body("1700000000000")) == 0
    for junk in ("soon", "30", None):
        assert reset_in_metadata(body(junk)) is None
    assert reset_in_metadata({"error": "too many"}) is None
