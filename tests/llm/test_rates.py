"""Whatever bursts a server allows and says of its limits, its rate is used and few calls are refused."""

from __future__ import annotations

import asyncio
import math

import pytest
from tests.support.limited_servers import Bucket, Closed, Moody, MoodyBucket, TellingBucket, calls
from tests.support.virtual_clock import run_virtually

from seedbed.llm.limits.limiter import Limiter
from seedbed.llm.limits.pace import Pace


def exact(seconds):
    """Tell the seconds to the millisecond, as OpenAI does."""
    return round(seconds, 3)


async def used(server, concurrency, number, **options):
    """Return how many times the ideal it takes, without one round trip, and the share of calls refused."""
    seconds = await calls(number, server, Limiter(concurrency=concurrency), **options)
    ideal = (number - server.burst) / server.rate
    return (seconds - server.latency) / ideal, server.refused / len(server.sent)


@pytest.mark.variants(5)
@pytest.mark.parametrize("concurrency", [None, 256])
@pytest.mark.parametrize("wait", [1.25, 0.4], ids=["retry-after", "nothing"])
@pytest.mark.parametrize(
    ("rate", "burst", "number", "time"),
    [
        (20, 1, 1000, 1.04),
        (20, 10, 1000, 1.02),
        (20, 20, 1000, 1.02),
        (100, 1, 1000, 1.07),
        (100, 10, 1000, 1.03),
        pytest.param(1000, 100, 5000, 1.04, marks=pytest.mark.slow),
        pytest.param(1000, 1000, 5000, 1.05, marks=pytest.mark.slow),
    ],
)
def test_a_server_that_says_nothing_of_its_rate(rate, burst, number, time, wait, concurrency):
    server = Bucket(0.05)
    server.rate, server.burst, server.level = rate, burst, burst
    taken, refused = run_virtually(used(server, concurrency, number, wait=wait))
    assert taken <= time
    assert refused <= 0.01


@pytest.mark.parametrize(("latency", "most"), [(0.0, 0.015), (0.05, 0.016), (0.2, 0.01)])
def test_a_bucket_of_a_whole_second(latency, most):
    server = Bucket(latency)
    server.burst = server.level = server.rate
    taken, refused = run_virtually(used(server, None, 1000))
    assert taken <= 1.04
    # About ten are under way when the first refusal comes, and no measure can tell of them sooner.
    assert refused <= most


@pytest.mark.parametrize("told", [exact, math.ceil], ids=["to the millisecond", "to the second"])
@pytest.mark.parametrize("burst", [10, 100])
@pytest.mark.parametrize("concurrency", [None, 256])
def test_a_server_whose_headers_tell(concurrency, burst, told):
    server = TellingBucket(0.05, 100, burst, told)
    taken, refused = run_virtually(used(server, concurrency, 1000))
    assert taken <= 1.04
    assert refused <= 0.01


@pytest.mark.parametrize("burst", [10, 100])
def test_a_server_that_takes_nothing_for_ten_seconds(burst):
    async def run():
        server = Closed(0.05, until=10)
        server.burst = server.level = burst
        assert await calls(1000, server) <= 23
        assert server.refused <= 0.02 * len(server.sent)

    run_virtually(run())


def test_few_calls_to_a_slow_server_are_refused():
    async def run():
        server = Bucket(0.05)
        server.rate = 1
        assert await calls(300, server) <= 1.1 * (300 - 10)
        assert server.refused <= 0.05 * len(server.sent)

    run_virtually(run())


def test_a_pace_that_is_not_used_does_not_grow():
    pace = Pace()
    for k in range(10):
        pace.sent(k / 1000)
    pace.refused(0.011, 0.01)
    for k in range(100):
        pace.sent(1 + k)
    # The first call was sent in time.
    assert pace.rate <= 40


def test_a_client_that_was_idle_takes_no_refusal_for_an_outage():
    async def run():
        server, limiter = Bucket(0.05), Limiter()
        await calls(500, server, limiter)
        await asyncio.sleep(60)
        limiter.refused(await limiter.acquire("m"))
        assert limiter.pace.delay(asyncio.get_running_loop().time()) <= 0.1

    run_virtually(run())


def test_an_unlimited_server_has_the_given_number_under_way_at_once():
    async def run():
        limiter = Limiter(concurrency=256)
        waiting = [asyncio.create_task(limiter.acquire("m", rank)) for rank in range(300)]
        await asyncio.sleep(0.02)
        for task in waiting[:2]:
            limiter.answered(await task)
        await asyncio.sleep(0.11)
        assert limiter.in_flight == 256
        for task in waiting:
            task.cancel()

    run_virtually(run())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "latency", "most_seconds"), [(0.01, 0.05, 10), (0.03, 0.05, 60), (0.03, 0.5, 60)]
)
def test_refusals_at_random_hardly_slow_a_run_down(share, latency, most_seconds):
    async def run():
        return await calls(3000, Moody(latency, share), Limiter(concurrency=256))

    # Lowering the pace for each refusal took three hours.
    assert run_virtually(run()) < most_seconds


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "share", "time", "refused"), [(100, 0.01, 2, 0.03), (20, 0.05, 2, 0.12)])
def test_a_limit_is_kept_where_other_calls_are_refused_at_random(rate, share, time, refused):
    server = MoodyBucket(0.05, share)
    server.rate = rate
    taken, share_refused = run_virtually(used(server, 256, 2000))
    assert taken <= time
    assert share_refused <= refused


@pytest.mark.slow
def test_a_limit_that_falls_is_followed_and_few_calls_are_refused():
    async def run():
        server, limiter = Bucket(0.05), Limiter(concurrency=256)
        await calls(2000, server, limiter)
        server.rate = 10
        seconds = await calls(1000, server, limiter)
        assert seconds < 1.3 * 1000 / 10
        assert server.refused <= 0.02 * 3000

    run_virtually(run())
