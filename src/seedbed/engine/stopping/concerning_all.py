"""Errors that every row would meet, which end a run."""

from __future__ import annotations

from seedbed.errors import GenerationError, LLMError, PluginError, RateLimitedError, StopRun, UsageError
from seedbed.llm.calling.retry import lifts_late


def concerns_all(error: BaseException) -> bool:
    """Whether every other row would meet this error too: a wrong key, a template that can't be rendered.

        except Exception as error:
            if concerns_all(error):
                raise

    Such an error ends the run, and fails no row.
    """
    if isinstance(error, GenerationError):
        return any(concerns_all(part) for part in error.errors.values())
    if isinstance(error, BaseExceptionGroup):
        return any(concerns_all(part) for part in error.exceptions)
    if isinstance(error, RateLimitedError) and lifts_late(error):
        return True
    return isinstance(error, (UsageError, PluginError, StopRun)) or (
        isinstance(error, LLMError) and error.fatal
    )
