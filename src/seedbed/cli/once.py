"""Options that may stand once in a command."""

from __future__ import annotations

from typing import Any

import click

from seedbed.errors import UsageError

OTHER_OUTPUTS = (
    "write others with `seedbed runs export RUN -o OUT`, or name them under `out:` in a pipeline file"
)


class OnceOption(click.Option):
    """An option whose second value is an error; click would take the last one, and silently drop the first.

    `several` is what to do for several of them.

        @click.option("-o", cls=OnceOption, several="name more with `runs export`")
    """

    def __init__(self, *args: Any, several: str, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "multiple": True})
        self._several = several

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Return the value, or None without one. Raises UsageError for two."""
        values = super().process_value(ctx, value)
        if len(values) > 1 and not ctx.resilient_parsing:
            first, second = values[:2]
            raise UsageError(f"{self.opts[0]} is given twice: '{first}' and '{second}'", self._several)
        return values[0] if values else None
