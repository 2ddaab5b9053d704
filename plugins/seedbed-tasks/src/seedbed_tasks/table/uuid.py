"""Columns of identifiers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from seedbed_tasks.table.column import Drawn, Others
from seedbed_tasks.table.draws import Draws

_SHORTEST, _WHOLE = 8, 32
_VERSION, _NOT_VERSION = np.uint64(4 << 12), np.uint64(2**64 - 1 - (15 << 12))
_VARIANT, _NOT_VARIANT = np.uint64(2 << 62), np.uint64(2**62 - 1)


class Uuid(Drawn):
    """Random identifiers: UUIDs of version 4 (RFC 9562), or their first hexadecimal digits.

    Uuid(prefix="user-", digits=12)
    """

    kind: Literal["uuid"] = "uuid"
    prefix: str = Field(default="", description="Text before each identifier.")
    digits: int | None = Field(
        default=None,
        ge=_SHORTEST,
        le=_WHOLE,
        description="Hexadecimal digits of a shorter one; with fewer, two rows sooner have the same.",
    )

    @property
    def draws_unique(self) -> bool:
        """Whether it's a whole UUID, which no other row has."""
        return self.digits is None

    def draw(self, draws: Draws, others: Others) -> list[Any]:
        """Return an identifier for each row."""
        high, low = draws.bits(0), draws.bits(1)
        if self.digits is None:
            high = (high & _NOT_VERSION) | _VERSION
            low = (low & _NOT_VARIANT) | _VARIANT
        # One text for all rows: formatting each would take most of the time of a table.
        text = np.column_stack([high, low]).astype(">u8").tobytes().hex()
        whole = [text[start : start + _WHOLE] for start in range(0, len(text), _WHOLE)]
        if self.digits is not None:
            return [self.prefix + digits[: self.digits] for digits in whole]
        return [f"{self.prefix}{one[:8]}-{one[8:12]}-{one[12:16]}-{one[16:20]}-{one[20:]}" for one in whole]
