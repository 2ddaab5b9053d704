"""How often and how long a failed call is tried again."""

from __future__ import annotations

import random
from typing import NamedTuple

from seedbed.errors import LLMError


class RetryPolicy(NamedTuple):
    """Jittered exponential back-off: `tries` in all, `first_wait` to `longest_wait` seconds between them."""

    tries: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0

    def wait_after(self, error: LLMError, tries: int) -> float | None:
        """Return the seconds to wait after the try number `tries` failed, or None to give up.

        What the server asks for is waited out, and a little more, so that callers spread; more than
        ten times `longest_wait` is given up at once.
        """
        if not error.retryable or tries >= self.tries:
            return None
        spread = random.uniform(0.5, 1.0)
        wait: float = min(self.longest_wait, self.first_wait * 2 ** (tries - 1)) * spread
        if error.retry_after is None:
            return wait
        if error.retry_after > 10 * self.longest_wait:
            return None
        return error.retry_after + self.first_wait * spread
