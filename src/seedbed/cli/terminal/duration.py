"""Times and sizes as users write them."""

from __future__ import annotations

import re
from typing import Any

import click

from seedbed.durations import seconds_in

_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")
_BYTES = {"": 1, "b": 1, **{f"{k}{end}": 1024**n for n, k in enumerate("kmgt", 1) for end in ("", "b", "ib")}}


class _Duration(click.ParamType[float]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, (int, float)):
            return float(value)
        try:
            return seconds_in(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = _Duration()
"""The type of an option that takes `90`, `90s`, `20m` or `2h`; its value is in seconds."""


class _Size(click.ParamType[int]):
    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _FORM.fullmatch(str(value).strip().lower())
        if match is None or match[2] not in _BYTES:
            self.fail(f"{value!r} isn't a size: write 64MB or 1GB", param, ctx)
        # A number with hundreds of digits is an infinite float, which can't become an int.
        return int(min(float(match[1]) * _BYTES[match[2]], 2.0**62))


SIZE = _Size()
"""The type of an option that takes `1000`, `64MB` or `1GiB`, in powers of 1024; its value is in bytes."""
