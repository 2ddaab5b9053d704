"""Errors that every row would meet, which end a run."""

from __future__ import annotations

from seedbed.errors import GenerationError, PluginError, UsageError
from seedbed.llm.calling.retry import meets_all


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
    return isinstance(error, (UsageError, PluginError)) or meets_all(error)
