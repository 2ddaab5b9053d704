"""How much processor time something takes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def processor_seconds(work: Callable[[], object]) -> float:
    """Return the processor time that something takes in this thread: others may work meanwhile.

    The garbage collector is off, as it looks at all that the tests before have left.
    """
    gc.disable()
    try:
        began = time.thread_time()
        work()
        return time.thread_time() - began
    finally:
        gc.enable()
