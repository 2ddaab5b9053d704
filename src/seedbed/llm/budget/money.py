"""Amounts of money as text."""

from __future__ import annotations

from decimal import Decimal

# A call of a small model costs a thousandth of a cent, which four digits would show as nothing.
_SMALL = 0.001


def dollars(amount: float) -> str:
    """Return an amount to the hundredth of a cent, a small one with the two digits that count.

    dollars(12.3)        # "$12.3000"
    dollars(0.0000123)   # "$0.000012"
    """
    return f"${amount:,.4f}" if amount >= _SMALL or not amount else rough_dollars(amount)


def rough_dollars(amount: float) -> str:
    """Return an amount with the two digits that count: `$0.42`, `$0.000012`; never `$1.2e-05`."""
    return f"${Decimal(f'{amount:.2g}'):f}"
