"""Figures in words, for people."""

from __future__ import annotations

from seedbed import dollars
from seedbed_report.figures import Languages


def number(value: float) -> str:
    """Return a number with at most four digits: `1,234`, `0.1235`, `12.5`."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.4g}"


def percent(share: float) -> str:
    """Return a share as percent: `12.3 %`; what isn't nothing is never shown as `0 %`."""
    text = f"{100 * share:.1f}"
    return "< 0.1 %" if share > 0 and text == "0.0" else f"{text.removesuffix('.0')} %"


def cost_text(cost: float) -> str:
    """Return an amount: `$12.50`, `$0.0123`, `$0.000012`, `$0`."""
    if not cost:
        return "$0"
    return f"${cost:,.2f}" if cost >= 1 else dollars(cost)


def seconds(time: float) -> str:
    """Return a time: `12.3 s`, `4 min 5 s`, `2 h 3 min`."""
    if time < 60:
        return f"{time:.1f} s"
    minutes, rest = divmod(round(time), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def rows(count: int) -> str:
    """Return `1 row` or `1,234 rows`."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def languages(found: Languages, *, most: int) -> str:
    """Return the shares of languages: `en 92.1 %, de 2 %, too short to say 5.9 %`."""
    told = [f"{share.value} {percent(share.share)}" for share in found.shares[:most]]
    if found.short:
        told.append(f"too short to say {percent(found.short / found.rows)}")
    return ", ".join(told)
