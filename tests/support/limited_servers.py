"""Servers with rate limits, in virtual time, and the calls that are sent to them."""

from __future__ import annotations

import asyncio
import random

from seedbed import Limits
from seedbed.llm.limits.limiter import Limiter


class RefusedError(Exception):
    """The server says 429."""

    def __init__(self, limits):
        super().__init__()
        self.limits = limits


class Server:
    """Answers after `latency`; a refusal comes back at once."""

    def __init__(self, latency=0.05):
        self.latency = latency
        self.in_flight = self.peak = self.refused = 0
        self.sent = []

    def limits(self, now):
        """What the headers of an answer say."""

    async def answer(self):
        await asyncio.sleep(0.001)
        self.sent.append(asyncio.get_running_loop().time())
        admitted = self.admits(self.sent[-1])
        limits = self.limits(self.sent[-1])
        if not admitted:
            self.refused += 1
            await asyncio.sleep(0.001)
            raise RefusedError(limits)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await self.serve()
        finally:
            self.in_flight -= 1
        return limits

    def admits(self, now):
        return True

    async def serve(self):
        await asyncio.sleep(self.latency)


class Bucket(Server):
    """Allows `rate` requests a second, and a burst."""

    rate, burst = 100, 10
    level, filled = 10.0, 0.0

    def admits(self, now):
        self.level = min(self.burst, self.level + (now - self.filled) * self.rate)
        self.filled = now
        admitted = self.level >= 1
        self.level -= admitted
        return admitted


class Moody(Server):
    """Refuses a share of the calls at random, whatever their pace."""

    def __init__(self, latency, share):
        super().__init__(latency)
        self.share, self.random = share, random.Random(0)

    def admits(self, now):
        return self.random.random() >= self.share and super().admits(now)


class MoodyBucket(Moody, Bucket):
    """Has a limit as well."""


class TellingBucket(Bucket):
    """Tells in headers what is left, and when all of it is back."""

    def __init__(self, latency, rate, burst, told):
        super().__init__(latency)
        self.rate, self.burst, self.level, self.told = rate, burst, float(burst), told

    def limits(self, now):
        reset = self.told((self.burst - self.level) / self.rate)
        return Limits(requests=self.burst, requests_left=int(self.level), requests_reset=reset)


class Closed(Bucket):
    """Takes nothing until a moment."""

    def __init__(self, latency, until):
        super().__init__(latency)
        self.until = until

    def admits(self, now):
        return now >= self.until and super().admits(now)


class FewAtOnce(Server):
    """Refuses what comes while it is busy with 8."""

    def admits(self, now):
        return self.in_flight < 8


class Queueing(Server):
    """Refuses nothing, and lets wait what comes while it is busy with 40."""

    def __init__(self, latency):
        super().__init__(latency)
        self.places = asyncio.Semaphore(40)

    async def serve(self):
        async with self.places:
            await asyncio.sleep(self.latency)


async def call(limiter, server, rank, *, tokens=0, used=None, log=None, wait=1.25):
    while True:
        permit = await limiter.acquire("m", rank, tokens)
        try:
            limits = await server.answer()
        except RefusedError as error:
            limiter.refused(permit, error.limits)
            await asyncio.sleep(wait)
        else:
            limiter.answered(permit, limits, used)
            if log is not None:
                log.append(asyncio.get_running_loop().time())
            return


async def calls(number, server, limiter=None, **options):
    """Send so many calls at once, and return the seconds until all were answered."""
    limiter = limiter or Limiter()
    begun = asyncio.get_running_loop().time()
    await asyncio.gather(*(call(limiter, server, rank, **options) for rank in range(number)))
    assert limiter.in_flight == 0
    return asyncio.get_running_loop().time() - begun
