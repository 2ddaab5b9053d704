"""A complete HTTP response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Self


class Headers(Mapping[str, str]):
    """Headers by their names in any case; of several with one name, the first.

    Headers([("Retry-After", "2")])["retry-after"]    # "2"
    """

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), value)

    @classmethod
    def of_lower_case(cls, values: dict[str, str]) -> Self:
        """Return headers whose names are in lower case already."""
        headers = cls(())
        headers._values = values
        return headers

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        # Mapping's own raises and catches a KeyError, and most questions are for headers that aren't there.
        return isinstance(name, str) and name.lower() in self._values

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """Return a value, or `default` if there's none."""
        return self._values.get(name.lower(), default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class HTTPAnswer(NamedTuple):
    """A complete HTTP response: status, headers (names in any case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
