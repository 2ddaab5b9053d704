"""Values of another kind than Seedbed writes: SQLite takes any in any column, and people share runs."""

from __future__ import annotations

from seedbed import StoreError

ODD = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What fails when a page is made from such a value; errors of SQLite are about a file, and not among them."""

_LONGEST = 500
"""Characters of an error that are shown: it may have a whole value."""


def odd_value(what: str, error: Exception) -> StoreError:
    """Return the error that says so of a page."""
    return StoreError(
        f"{what} can't be made from what is in the run",
        f"{type(error).__name__}: {error}"[:_LONGEST],
        "the run is damaged, or another program has changed it: other pages about it may be whole",
        "if nothing but Seedbed has written it, this is a fault of Seedbed: please report it",
    )
