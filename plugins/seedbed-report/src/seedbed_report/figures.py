"""The figures of a report, as data: what `--json` writes, and what the pages show."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION: Literal[1] = 1
"""The version of the format; a field that is there keeps its meaning within it."""


class Figures(BaseModel):
    """A part of a report."""

    model_config = ConfigDict(extra="forbid")


class Counts(Figures):
    """How many rows there are of each verdict."""

    wanted: int | None = Field(description="Rows asked for; null if there's no number.")
    accepted: int = Field(description="Rows in the dataset.")
    rejected: int = Field(description="Rows that a step or a task turned away.")
    failed: int = Field(description="Rows that met an error.")


class Cause(Figures):
    """Rows that were refused for the same reason."""

    verdict: Literal["rejected", "failed"]
    step: str
    kind: str = Field(description="The class of the error; empty if none is known.")
    reason: str = Field(description="The first line of the reason.")
    rows: int
    examples: list[str] = Field(description="The ids of the first few rows.")


class Bin(Figures):
    """How many values there are from `low` up to, but not including, `high`; the last bin includes it."""

    low: float
    high: float
    rows: int


class Spread(Figures):
    """How numbers are distributed; quantiles above 10,000 are exact to four digits."""

    mean: float
    std: float = Field(description="The standard deviation, dividing by the number of values.")
    min: float
    p5: float
    median: float
    p95: float
    max: float
    bins: list[Bin] = Field(description="At most 20 bins of equal width.")


class Share(Figures):
    """How many rows have a value, and the share of them; `declared` is the share that was asked for."""

    value: str
    rows: int
    share: float
    declared: float | None = None


class Lengths(Figures):
    """How long the texts of a column are."""

    characters: Spread
    words: Spread = Field(description="A word is a run of letters, digits and underscores.")
    tokens: Spread
    tokenizer: str = Field(description="What counted tokens; 'estimate' is a fourth of the bytes of UTF-8.")


class Distinct(Figures):
    """The share of runs of words that are different, in the first texts of a column (distinct-n)."""

    words: int = Field(description="The words looked at; at most 100,000.")
    distinct_1: float | None
    distinct_2: float | None
    distinct_3: float | None


class Column(Figures):
    """One column of the dataset."""

    name: str
    kind: Literal["text", "category", "number", "identifier", "other", "empty"]
    rows: int = Field(description="Rows that have a value of this kind.")
    missing: int = Field(description="Rows without the column, or with null.")
    odd: int = Field(description="Rows with a value of another kind.")
    lengths: Lengths | None = Field(description="Of texts.")
    distinct: Distinct | None = Field(description="Of texts.")
    refusals: int | None = Field(description="Texts in which a model refuses.")
    values: list[Share] | None = Field(description="Of categories, the most frequent first.")
    numbers: Spread | None = Field(description="Of numbers.")


class NearDuplicates(Figures):
    """Rows that are nearly a copy of an earlier one."""

    columns: list[str] = Field(description="The texts that are compared.")
    threshold: float = Field(description="Jaccard similarity of runs of three words from which they count.")
    rows: int = Field(
        description="Rows compared: the first 50,000, up to 64 million characters, a million of each."
    )
    near: int
    share: float


class Balance(Figures):
    """A column whose values were declared: categories with shares, or numbers with a range."""

    column: str
    step: str
    rows: int
    shares: list[Share] = Field(description="Of a category.")
    distance: float | None = Field(description="Half the sum of the differences of shares: 0 same, 1 apart.")
    beyond_chance: list[str] = Field(description="Values more than three standard errors off their share.")
    min: float | None = Field(description="Of a number: the smallest that was declared.")
    max: float | None = Field(description="Of a number: the largest that was declared.")
    outside: int = Field(description="Rows with a value that wasn't declared.")


class Agreement(Figures):
    """How far the judges of a column of verdicts agree; null where a figure is undefined."""

    column: str
    rated: str = Field(description="The criterion, or `winner` or `rank`.")
    judges: list[str]
    units: int = Field(description="What at least two judges rated.")
    percent: float | None = Field(description="The share of pairs of ratings that are equal.")
    alpha_nominal: float | None = Field(description="Krippendorff's alpha.")
    alpha_ordinal: float | None
    kappa: float | None = Field(description="Cohen's kappa, of two judges.")


class Languages(Figures):
    """The languages of a column's texts, in a sample of the rows."""

    column: str
    rows: int
    short: int = Field(default=0, description="Texts that are too short to say.")
    shares: list[Share] = Field(description="By ISO 639 code, of all texts; `und` isn't a language.")


class Spending(Figures):
    """What the calls of a step to a model used up, over all sessions."""

    step: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost: float = Field(description="Dollars, without the calls whose price isn't known.")
    unpriced: int = Field(description="Calls whose price isn't known.")


class Session(Figures):
    """One session of the run."""

    started: str = Field(description="ISO 8601, in UTC.")
    seconds: float
    outcome: str | None = Field(description="Null if it was killed, or is running.")
    accepted: int
    calls: int


class StepTime(Figures):
    """How long the rows of a step waited for answers, in all sessions."""

    step: str
    seconds: float = Field(description="Of all rows together: they wait at the same time.")
    share: float = Field(description="Of the seconds of all steps.")


class Example(Figures):
    """A row, and how much it's like the others: the cosine similarity to their mean."""

    row: str
    line: int = Field(description="Its line in the dataset, from 1.")
    likeness: float
    text: str


class Likeness(Figures):
    """The rows that are most and least like the others."""

    method: str = Field(description="`tf-idf` of runs of three characters, or the name of an embedder.")
    columns: list[str]
    rows: int = Field(description="Rows in the sample that was compared.")
    typical: list[Example]
    odd: list[Example]


class Report(Figures):
    """All figures of a run."""

    version: Literal[1] = VERSION
    run: str
    task: str
    outcome: str
    leaf: str = Field(description="The step whose rows are the dataset.")
    counts: Counts
    causes: list[Cause] = Field(description="The most frequent first; at most 1,000.")
    columns: list[Column]
    duplicates: NearDuplicates | None
    balance: list[Balance]
    agreement: list[Agreement]
    languages: list[Languages]
    spending: list[Spending]
    sessions: list[Session]
    times: list[StepTime] = Field(default=[], description="The longest first; empty if no call was made.")
    likeness: Likeness | None
    notes: list[str] = Field(description="What isn't measured, and why.")
