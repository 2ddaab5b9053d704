"""The figures of live quality, and which of them are worth a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from seedbed.pipeline.stop_condition import FEWEST, FIGURES

_SHARES: Mapping[str, tuple[float, str]] = {
    "near_duplicates": (0.1, "near duplicates"),
    "repeated_openings": (0.3, "repeated openings"),
    "refusals": (0.05, "refusals"),
    "reasked": (0.2, "asked again"),
}
"""Figures that are shares of the rows: from where each is notable, and its name for people."""

_LITTLE_NEW = 0.5
"""The novelty from which down it's notable."""
_DRIFTED = 0.3
"""The change of length, up or down, from which it's notable."""


@dataclass(frozen=True)
class Quality:
    """What the texts that models wrote are like, in the rows of the dataset so far.

        made = seedbed.run("qa-pairs", n=100, llm="openai/gpt-4.1-mini")
        made.quality.near_duplicates    # 0.04

    `rows` have such texts, of at least five words. `near_duplicates` is the share of rows whose three-word
    phrases are about 80 % those of one of the 20,000 rows before, `repeated_openings` of those that begin
    with five words that an earlier row began with, `refusals` of those in which a model refuses. `novelty` is
    the share of three-word phrases that are new, in the last 100 rows. `length_drift` is how much longer
    (0.5: half as long again) or shorter (below 0) the last 100 rows are than the first 100; 0 until there are
    200.
    `reasked` is the share of rows for which a model was asked again since an answer didn't fit, among those
    made in this session.

    Rows are taken in their order, so all figures but `reasked` are the same at any timing, and in a run that
    was resumed. Of a text of more than 200 characters, the first and the last 100 are looked at; refusals are
    looked for in the first 200, in all of the first 200 rows and in every eighth after them.
    """

    rows: int = 0
    near_duplicates: float = 0.0
    repeated_openings: float = 0.0
    refusals: float = 0.0
    novelty: float = 1.0
    length_drift: float = 0.0
    reasked: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON values, shares to four places."""
        return {name: round(value, 4) for name, value in asdict(self).items()}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any] | None) -> Quality | None:
        """Return the figures in the summary of a session; None if it has none, or other than numbers."""
        known = {name: value for name, value in (kept or {}).items() if name in FIGURES}
        return cls(**known) if known and all(type(one) in (int, float) for one in known.values()) else None

    def text(self) -> str:
        """Return all figures in a line: '4 % near duplicates, 2 % repeated openings, ..., of 98 rows'."""
        shares = (f"{_percent(getattr(self, name))} {words}" for name, (_, words) in _SHARES.items())
        drift = f"length {_percent(self.length_drift, sign='+')}"
        return ", ".join([*shares, f"{_percent(self.novelty)} new wording", drift, f"of {self.rows:,} rows"])

    def notable(self) -> list[str]:
        """Return what people should know, a few words for each: '31 % near duplicates', or nothing."""
        return list(self._notable()) if self.rows >= FEWEST else []

    def _notable(self) -> Iterator[str]:
        for name, (least, words) in _SHARES.items():
            share = getattr(self, name)
            if share >= least:
                yield f"{_percent(share)} {words}"
        if self.novelty <= _LITTLE_NEW:
            yield f"only {_percent(self.novelty)} new wording"
        if abs(self.length_drift) >= _DRIFTED:
            word = "longer" if self.length_drift > 0 else "shorter"
            yield f"texts {_percent(abs(self.length_drift))} {word} than at first"


def _percent(share: float, sign: Literal["", "+"] = "") -> str:
    """Return a share for people: `31 %`, and with the sign `+` also `+31 %`."""
    return f"{share:{sign}.0%}".replace("%", " %")
