"""Which call may be sent when: windows, paces and quotas against servers in virtual time."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from itertools import count

import pytest
from tests.support.limited_servers import Bucket, FewAtOnce, Queueing, Server, TellingBucket, calls
from tests.support.virtual_clock import run_virtually

from seedbed import EndpointDownError, Limits
from seedbed.llm.limits.adaptive_concurrency import FIRST, ConcurrencyWindow
from seedbed.llm.limits.limiter import Limiter
from seedbed.llm.limits.pace import Pace
from seedbed.llm.limits.pauses import Pauses


@pytest.mark.parametrize("concurrency", [None, 256])
@pytest.mark.parametrize("latency", [0.0, 0.05, 0.2])
@pytest.mark.parametrize(
    ("rate", "number"), [(20, 1000), (100, 1000), pytest.param(1000, 5000, marks=pytest.mark.slow)]
)
def test_a_servers_rate_is_found_and_kept(latency, concurrency, rate, number):
    async def run():
        server = Bucket(latency)
        server.rate, server.burst = rate, max(10, rate // 10)
        server.level = server.burst
        limiter = Limiter(concurrency=concurrency)
        seconds = await calls(number, server, limiter)
        # An adaptive window is doubled from 16 on, by a round trip each time.
        doublings = math.log2(max(1, rate * latency / 16)) if concurrency is None else 0
        assert seconds <= 1.03 * (number - server.burst) / rate + (2 * doublings + 1) * latency + 0.2
        # Of answers that come at once, many are sent before the first refusal.
        assert server.refused <= (0.01 if latency else 0.02) * len(server.sent)

    run_virtually(run())


@pytest.mark.parametrize("burst", [1, 2, 20])
def test_a_rate_is_found_whatever_bursts_the_server_allows(burst):
    async def run():
        server = Bucket(0.2)
        server.rate, server.burst, server.level = 20, burst, burst
        seconds = await calls(1000, server)
        assert seconds <= 1.04 * (1000 - burst) / 20
        assert server.refused <= 0.01 * len(server.sent)

    run_virtually(run())


@pytest.mark.slow
@pytest.mark.parametrize("known", [0, 300])
def test_a_server_that_refused_everything_for_a_while_is_used_again(known):
    async def run():
        loop, limiter = asyncio.get_running_loop(), Limiter()
        server = Bucket(0.05)
        await calls(known, server, limiter)
        takes, until = server.admits, loop.time() + 10
        server.admits = lambda now: now >= until and takes(now)
        seconds = await calls(1000, server, limiter)
        assert seconds <= 10 + 2 * 1000 / 100

    run_virtually(run())


@pytest.mark.slow
def test_the_number_under_way_is_not_blamed_for_a_rate():
    async def run():
        server, limiter = Bucket(0.05), Limiter()
        server.rate = 20
        await calls(2000, server, limiter)
        # One or two calls are under way at that pace: so narrow a window would hold back the next one.
        assert limiter.window.limit >= 16

    run_virtually(run())


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [None, 256])
@pytest.mark.parametrize("latency", [0.05, 0.2])
def test_a_rate_that_headers_tell_is_kept_though_more_is_under_way_than_the_quota_holds(latency, concurrency):
    async def run():
        server = TellingBucket(latency, 100, 10, told=float)
        seconds = await calls(1000, server, Limiter(concurrency=concurrency))
        assert seconds <= 1.03 * (1000 - 10) / 100 + latency
        assert server.refused <= 0.015 * len(server.sent)

    run_virtually(run())


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [None, 256])
def test_a_reset_that_is_rounded_to_seconds_does_not_slow_down(concurrency):
    async def run():
        server = TellingBucket(0.0, 100, 10, told=math.ceil)
        seconds = await calls(1000, server, Limiter(concurrency=concurrency))
        assert seconds <= 1.2 * (1000 - 10) / 100
        assert server.refused <= 0.01 * len(server.sent)

    run_virtually(run())


@pytest.mark.slow
def test_a_rate_that_falls_and_rises_is_followed():
    async def run():
        server, limiter = Bucket(), Limiter()
        await calls(500, server, limiter)
        server.rate = 20
        slower = await calls(600, server, limiter)
        server.rate = 200
        faster = await calls(8000, server, limiter)
        assert slower < 1.3 * 600 / 20
        assert faster < 2 * 8000 / 200
        assert server.refused < 0.03 * len(server.sent)

    run_virtually(run())


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [None, 256])
def test_a_server_that_takes_only_few_at_once_is_found_out(concurrency):
    async def run():
        server = FewAtOnce(0.5)
        limiter = Limiter(concurrency=concurrency)
        seconds = await calls(1000, server, limiter)
        assert limiter.window.limit <= 9
        assert server.refused <= 0.03 * len(server.sent)
        assert seconds < 1.25 * 1000 * 0.5 / 8

    run_virtually(run())


@pytest.mark.slow
def test_where_nothing_is_refused_the_window_grows_as_long_as_throughput_does():
    async def run():
        server, limiter = Queueing(0.5), Limiter()
        seconds = await calls(3000, server, limiter)
        assert seconds < 1.15 * 3000 * 0.5 / 40
        assert 32 <= limiter.window.limit <= 100

    run_virtually(run())


@pytest.mark.slow
def test_a_given_concurrency_is_a_cap_that_is_soon_reached():
    async def run():
        server = Server(0.2)
        seconds = await calls(2560, server, Limiter(concurrency=256))
        assert server.peak == 256
        assert seconds < 1.2 * 2560 * 0.2 / 256

    run_virtually(run())


def test_slots_are_a_cap():
    async def run():
        server = Server()
        await calls(200, server, Limiter(concurrency=64, slots=4))
        await calls(200, server, Limiter(slots=4))
        assert server.peak == 4

    run_virtually(run())


def test_the_lowest_row_is_first_and_of_equal_ones_the_first_that_came():
    async def run():
        limiter, order = Limiter(concurrency=1), []

        async def one(name, rank):
            permit = await limiter.acquire("m", rank)
            order.append(name)
            await asyncio.sleep(1)
            limiter.answered(permit)

        names = {"a": 5, "b": 3, "c": 3, "d": 9, "e": 0}
        await asyncio.gather(*(one(name, rank) for name, rank in names.items()))
        assert order == ["a", "e", "b", "c", "d"]

    run_virtually(run())


def test_the_lowest_row_is_first_whichever_model_it_asks():
    async def run():
        limiter, order = Limiter(concurrency=1), []

        async def one(model, rank):
            permit = await limiter.acquire(model, rank)
            order.append(rank)
            await asyncio.sleep(1)
            limiter.answered(permit)

        await asyncio.gather(*(one("ab"[rank < 3], rank) for rank in (9, 4, 1, 5, 2, 6, 0)))
        assert order == [9, 0, 1, 2, 4, 5, 6]

    run_virtually(run())


def test_a_cancelled_call_gives_its_place_away_and_a_permit_that_it_had_not_taken_yet():
    async def run():
        limiter = Limiter(concurrency=1)
        held = await limiter.acquire("m")
        waiting = [asyncio.create_task(limiter.acquire("m", rank)) for rank in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        limiter.answered(held)
        # The permit is on its way to the second one when that is cancelled.
        await asyncio.sleep(0)
        assert limiter.in_flight == 1
        waiting[1].cancel()
        limiter.answered(await waiting[2])
        assert [task.cancelled() for task in waiting] == [True, True, False]
        assert limiter.in_flight == 0

    run_virtually(run())


def test_calls_that_wait_for_an_answer_set_no_timer():
    async def run():
        loop = asyncio.get_running_loop()
        limiter = Limiter(concurrency=2)
        held = [await limiter.acquire("m") for _ in range(2)]
        waiting = [asyncio.create_task(limiter.acquire("m")) for _ in range(50)]
        for _ in range(10):
            await asyncio.sleep(0)
        assert loop.timers() == 0
        for permit in held:
            limiter.answered(permit)
        for task in waiting:
            limiter.answered(await task)

    run_virtually(run())


def per_minute(times):
    """Return the most that fell into any one minute."""
    return max(sum(start <= time < start + 60 for time in times) for start in times[::20])


@pytest.mark.slow
def test_requests_per_minute_are_kept_in_any_minute_and_used():
    async def run():
        server = Server(5.0)
        seconds = await calls(1500, server, Limiter(concurrency=256, requests_per_minute=600))
        assert per_minute(server.sent) <= 600
        assert seconds < 1.05 * 150 + 5

    run_virtually(run())


def test_tokens_per_minute_are_counted_as_they_were_and_not_as_estimated():
    async def run():
        log = []
        limiter = Limiter(concurrency=256, tokens_per_minute=60_000)
        seconds = await calls(600, Server(5.0), limiter, tokens=1500, used=300, log=log)
        # 180,000 tokens are three minutes; by the estimates it would be fifteen.
        assert 165 < seconds < 220
        assert 300 * per_minute(log) <= 61_500

    run_virtually(run())


def test_what_headers_say_is_left_is_all_that_is_sent():
    async def run():
        limiter = Limiter(concurrency=64)
        permit = await limiter.acquire("m")
        limiter.answered(permit, Limits(requests=600, requests_left=3, requests_reset=59.7))
        begun = asyncio.get_running_loop().time()
        waits = []
        for _ in range(6):
            limiter.answered(await limiter.acquire("m"))
            waits.append(round(asyncio.get_running_loop().time() - begun, 2))
        # What comes back is (600 - 3) / 59.7 s, ten a second.
        assert waits == [0.0, 0.0, 0.0, 0.1, 0.2, 0.3]

    run_virtually(run())


def test_what_was_sent_since_counts_against_what_is_left():
    async def run():
        limiter = Limiter(concurrency=64)
        permits = [await limiter.acquire("m", tokens=100) for _ in range(3)]
        limiter.answered(permits[0], Limits(tokens=6000, tokens_left=300, tokens_reset=57.0))
        begun = asyncio.get_running_loop().time()
        limiter.answered(await limiter.acquire("m", tokens=100))
        assert asyncio.get_running_loop().time() == begun
        limiter.refused(await limiter.acquire("m", tokens=100))
        assert asyncio.get_running_loop().time() == pytest.approx(begun + 1.0, abs=0.01)

    run_virtually(run())


def test_a_refusal_teaches_what_is_left_too():
    async def run():
        limiter = Limiter()
        permit = await limiter.acquire("m")
        limiter.refused(permit, Limits(requests=60, requests_left=0, requests_reset=60.0))
        begun = asyncio.get_running_loop().time()
        limiter.answered(await limiter.acquire("m"))
        assert asyncio.get_running_loop().time() == begun + 1.0

    run_virtually(run())


def test_a_model_whose_quota_is_used_up_holds_back_no_other():
    async def run():
        limiter = Limiter()
        limits = Limits(requests=60, requests_left=0, requests_reset=60.0)
        limiter.answered(await limiter.acquire("small"), limits)
        first, second = (asyncio.create_task(limiter.acquire(*at)) for at in (("small", 0), ("large", 9)))
        done, _ = await asyncio.wait((first, second), return_when=asyncio.FIRST_COMPLETED)
        assert done == {second}
        for task in (first, second):
            limiter.answered(await task)

    run_virtually(run())


def test_refusals_of_one_burst_slow_down_once():
    pace = Pace()
    for k in range(60):
        pace.sent(k / 1000)
    assert pace.refused(0.06, 0.04)
    assert pace.rate == 40
    # The others of the burst do not slow down again.
    assert [pace.refused(0.061, k / 1000) for k in range(41, 60)] == [False] * 19
    assert pace.rate == 40
    # One that was sent before only corrects how many were admitted.
    assert not pace.refused(0.062, 0.039)
    assert pace.rate == 39
    pace.sent(0.5)
    assert pace.refused(0.51, 0.5)
    assert [pace.refused(0.52, 0.5)] == [False]


def test_refusals_of_one_window_narrow_it_once():
    window = ConcurrencyWindow()
    while window.is_opening:
        window.tick()
    for now in (1.0, 1.1, 1.2):
        window.refused(now, sent_at=0.5, in_flight=16)
    assert window.limit == 15
    window.refused(2.0, sent_at=1.5, in_flight=15)
    assert window.limit == 11


@pytest.mark.slow
def test_a_pace_that_is_not_needed_any_more_is_dropped():
    async def run():
        server, limiter = Bucket(), Limiter()
        await calls(300, server, limiter)
        assert limiter.pace.rate < 120
        server.admits = lambda now: True
        await calls(10_000, server, limiter)
        assert limiter.pace.rate == float("inf")

    run_virtually(run())


def test_no_permit_is_lost_whatever_happens_to_the_calls():
    async def run():
        limiter, numbers = Limiter(concurrency=3), count()
        outcomes = Counter()

        async def one(rank):
            permit = await limiter.acquire("m", rank)
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                limiter.ended(permit)
                raise
            kind = next(numbers) % 3
            outcomes[kind] += 1
            (limiter.answered, limiter.refused, limiter.ended)[kind](permit)

        tasks = [asyncio.create_task(one(rank)) for rank in range(60)]
        await asyncio.sleep(0.001)
        for task in tasks[1::2]:
            task.cancel()
        await asyncio.wait(tasks)
        assert sum(outcomes.values()) == 30
        assert limiter.in_flight == 0

    run_virtually(run())


def test_a_call_behind_one_that_was_cancelled_long_ago_gets_its_turn():
    async def run():
        limiter = Limiter(requests_per_minute=60)
        await limiter.acquire("m")
        cancelled = asyncio.create_task(limiter.acquire("m"))
        await asyncio.sleep(0)
        cancelled.cancel()
        # Its timer goes off for nobody.
        await asyncio.sleep(1.5)
        await limiter.acquire("m")
        async with asyncio.timeout(5):
            await limiter.acquire("m")

    run_virtually(run())


def test_a_limiter_that_has_ended_sets_no_timer_at_the_loops_next_turn():
    async def run():
        limiter = Limiter(requests_per_minute=1)
        permit = await limiter.acquire("m")
        task = asyncio.create_task(limiter.acquire("m"))
        await asyncio.sleep(0)
        assert asyncio.get_running_loop().timers() >= 1
        limiter.ended(permit)
        limiter.end()
        await asyncio.sleep(0)
        assert asyncio.get_running_loop().timers() == 0
        limiter.drain()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtually(run())


async def one_that_has_failed():
    """Return a limiter, its one permit, and a call that failed with its endpoint and has not run since."""
    limiter = Limiter(concurrency=1)
    permit = await limiter.acquire("m")
    task = asyncio.create_task(limiter.acquire("m"))
    await asyncio.sleep(0)
    limiter.fail_waiting(lambda: EndpointDownError("down"))
    return limiter, permit, task


def test_a_call_that_is_cancelled_as_its_endpoint_fails_is_cancelled():
    async def run():
        limiter, permit, task = await one_that_has_failed()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        limiter.ended(permit)
        assert (limiter.in_flight, limiter.waiting) == (0, 0)
        await limiter.acquire("m")

    run_virtually(run())


def test_failing_reaches_a_call_that_pauses_and_spares_those_to_come():
    async def run():
        limiter, permit, task = await one_that_has_failed()
        with pytest.raises(EndpointDownError):
            await task
        pause = asyncio.create_task(limiter.pauses.sleep(1000.0))
        await asyncio.sleep(0)
        limiter.fail_waiting(lambda: EndpointDownError("down"))
        with pytest.raises(EndpointDownError):
            await pause
        assert asyncio.get_running_loop().time() < 1000.0
        limiter.ended(permit)
        await limiter.pauses.sleep(1.0)

    run_virtually(run())


def test_a_call_that_gives_up_its_turn_lets_a_smaller_one_through_at_once():
    async def run():
        limiter = Limiter()
        first = await limiter.acquire("m", tokens=10)
        limiter.answered(first, Limits(tokens=10_000, tokens_left=100, tokens_reset=60.0), tokens=10)
        large = asyncio.create_task(limiter.acquire("m", 0, tokens=5000))
        small = asyncio.create_task(limiter.acquire("m", 1, tokens=1))
        await asyncio.sleep(1)
        assert not small.done()
        large.cancel()
        await small
        # The timer that was set is one for the large call, half a minute later.
        assert asyncio.get_running_loop().time() == 1

    run_virtually(run())


def test_no_timer_is_left_when_no_call_waits():
    async def run():
        loop = asyncio.get_running_loop()
        limiter = Limiter(requests_per_minute=60, concurrency=4)
        await limiter.acquire("m")
        # Until the window is open, a timer opens it.
        await asyncio.sleep(0.1)
        calls = [asyncio.create_task(limiter.acquire("m")) for _ in range(3)]
        await asyncio.sleep(0)
        assert loop.timers() == 1
        calls[0].cancel()
        await asyncio.sleep(0)
        assert await calls[1] is not None
        calls[2].cancel()
        await asyncio.wait(calls)
        assert (limiter.waiting, loop.timers()) == (0, 0)

    run_virtually(run())


def test_a_given_concurrency_is_reached_though_nothing_has_come_back():
    async def run():
        limiter = Limiter(concurrency=256)
        calls = [asyncio.create_task(limiter.acquire("m", rank)) for rank in range(300)]
        await asyncio.sleep(1)
        assert (limiter.in_flight, limiter.waiting) == (256, 44)
        for call in calls:
            call.cancel()

    run_virtually(run())


def test_a_pause_that_is_cancelled_leaves_no_timer():
    async def run():
        loop = asyncio.get_running_loop()
        pause = asyncio.create_task(Pauses().sleep(1000.0))
        await asyncio.sleep(0)
        assert loop.timers() == 1
        pause.cancel()
        await asyncio.wait([pause])
        assert loop.timers() == 0

    run_virtually(run())


def test_answers_to_calls_of_the_old_window_say_nothing_of_the_new_one():
    window = ConcurrencyWindow()
    window.delay(0.0, 0)
    open_up(window)
    assert window.limit == 16
    answer_all(window, 16, at=1.0)
    open_up(window)
    assert window.limit == 32
    # They were sent before, and come one second later; the 32 after them take but one more.
    answer_all(window, 16, at=2.0)
    answer_all(window, 32, at=3.0)
    open_up(window)
    assert window.limit == 64


def open_up(window):
    window.ended()
    while window.is_opening:
        window.tick()


def answer_all(window, number, at):
    window.delay(at, window.limit)
    for _ in range(number):
        window.answered(at, window.limit)


def test_a_number_that_is_known_to_be_taken_is_not_to_blame():
    window = ConcurrencyWindow(64)
    window.refused(1.0, 0.5, 10)
    assert window.limit == FIRST
    window = ConcurrencyWindow(64)
    open_up(window)
    window.refused(1.0, 0.5, 11)
    assert (window.limit, window.is_to_blame(10), window.is_to_blame(11)) == (10, False, True)
