"""How long operations that cost only processor time wait for others to be committed with them."""

from __future__ import annotations

PATIENCE_SECONDS = 0.5
"""How long a large group without answers waits at most, unless an answer comes, or the last one took long."""

# The larger the run, the longer a commit takes, and the more it gains from being larger. With four times its
# time, a fifth of a slow disk's time goes into commits, and no more than five seconds of work are lost.
PATIENCE_PER_SECOND = 4.0
MOST_PATIENCE = 4.0
"""How long a group without answers waits for each second that the last commit took, and at most."""


def patience_after(last_took: float) -> float:
    """Return the seconds to wait for more operations, after a commit that took `last_took` seconds."""
    return max(PATIENCE_SECONDS, min(MOST_PATIENCE, PATIENCE_PER_SECOND * last_took))
