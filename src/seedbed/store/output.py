"""What a user says about a dataset to write: where it goes, whose rows, their form and their splits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from numbers import Integral, Real
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeAlias

from seedbed.errors import UsageError
from seedbed.store.splits import is_split_name

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.ASCII)
_PUSH = "name an address, such as hf://USER/NAME"
_SHARES = "write train=0.9,test=0.1"


@dataclass(frozen=True)
class Output:
    """A dataset to write: `run(..., out=Output("data/", split={"train": 0.9, "test": 0.1}))`.

    `path` is a file, whose ending decides the format; a folder of Parquet files, if it ends in `/` or there
    are splits or shards; or an address with a scheme, such as `hf://USER/NAME`. `leaf` is the step whose rows
    to write, if it isn't the run's own. `form` is a trainer's form, such as `chat`, and `columns` name the
    columns of its parts: `{"prompt": "title"}`; `chat_template` is a template's file, for the form `text`.
    `split` gives each split its share of the rows, as a mapping or as text (`train=0.9,test=0.1`), or names
    the column that says which split a row belongs to. `shard_rows` is the number of rows of a file in a
    folder. `card` says whether a folder has a README.md on the dataset: unless told, only one with splits,
    since most libraries read a folder of Parquet files as a whole only if it has nothing else.

    `private` says who may see a new dataset at an address (None: as the server has it). With `push_every`,
    files that are full are uploaded whenever so many more rows are accepted, while the run goes on; files
    have as many rows then, without `shard_rows`.

    Raises `UsageError` if the values don't fit together.
    """

    path: str
    leaf: str | None = None
    form: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    chat_template: str | None = None
    split: Mapping[str, float] | str | None = None
    shard_rows: int | None = None
    private: bool | None = None
    push_every: int | None = None
    card: bool | None = None

    def __init__(
        self,
        path: str | PathLike[str],
        leaf: str | None = None,
        form: str | None = None,
        columns: Mapping[str, str] | None = None,
        split: Mapping[str, float] | str | None = None,
        shard_rows: int | None = None,
        *,
        chat_template: str | PathLike[str] | None = None,
        private: bool | None = None,
        push_every: int | None = None,
        card: bool | None = None,
    ) -> None:
        if not isinstance(path, str | PathLike) or not fspath(path):
            raise UsageError(
                f"'out' is {path!r:.40}, no place for a dataset", "name a file, such as rows.jsonl"
            )
        values = {
            "path": str(fspath(path)),
            "leaf": leaf,
            "form": form,
            "columns": dict(columns or {}),
            "chat_template": None if chat_template is None else str(fspath(chat_template)),
            "split": parse_split(split) if isinstance(split, str) else _checked_split(split),
            "shard_rows": _checked_rows(shard_rows),
            "private": None if private is None else bool(private),
            "push_every": _checked_rows(push_every, "a push"),
            "card": None if card is None else bool(card),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check()

    def __str__(self) -> str:
        return self.path

    @property
    def scheme(self) -> str:
        """The scheme of an address (`hf` of `hf://USER/NAME`); empty for a file or a folder."""
        match = _SCHEME.match(self.path)
        return match[1] if match else ""

    @property
    def file(self) -> Path | None:
        """The file or folder; None for an address."""
        return None if self.scheme else Path(self.path)

    @property
    def is_folder(self) -> bool:
        """Whether it's a folder of Parquet files."""
        return not self.scheme and (
            self.path.endswith(("/", "\\")) or self.split is not None or self.shard_rows is not None
        )

    def options(self) -> dict[str, Any]:
        """Return it as JSON values, with the names and texts of the command's options."""
        return {
            "out": self.path,
            "form": self.form,
            "chat_template": self.chat_template,
            "parts": [f"{part}={column}" for part, column in self.columns.items()],
            "split": self._split_text(),
            "shard_rows": self.shard_rows,
            "private": self.private,
            "push_every": self.push_every,
            "card": self.card,
        }

    def _split_text(self) -> str | None:
        if self.split is None or isinstance(self.split, str):
            return self.split
        return ",".join(f"{name}={share!r}" for name, share in self.split.items())

    @property
    def has_card(self) -> bool:
        """Whether a README.md is written."""
        return self.card if self.card is not None else bool(self.scheme) or self.split is not None

    @property
    def file_rows(self) -> int | None:
        """The most rows that a file of a folder or an address has; None for all of a split."""
        return self.shard_rows or self.push_every

    @property
    def name(self) -> str:
        """The name of the run if it has no other: that of the file or address without its ending."""
        return Path(self.path).stem

    def _check(self) -> None:
        if self.private is not None and not self.scheme:
            raise UsageError(
                f"'{self.path}' isn't an address, so it's neither private nor public",
                f"leave --private out (private= in Python), or {_PUSH}",
            )
        if self.push_every is not None and not self.scheme:
            raise UsageError(f"'{self.path}' isn't an address, so nothing is pushed to it", _PUSH)
        if self.card and not (self.is_folder or self.scheme):
            raise UsageError(f"'{self.path}' is a file, and a card is for a folder", "name a folder: data/")
        if self.is_folder and (ending := Path(self.path).suffix):
            what = "splits" if self.split is not None else "shards"
            raise UsageError(
                f"'{self.path}' ends in {ending}, and {what} are several files",
                f"name a folder: {Path(self.path).with_suffix('')}/",
            )
        if self.columns and self.form is None:
            raise UsageError(
                "columns are given for a form, and there's no form", "add --form chat (form='chat' in Python)"
            )
        if self.chat_template is not None and self.form is None:
            raise UsageError(
                "a chat template is for a form, and there's no form",
                "add --form text (form='text' in Python)",
            )


Outputs: TypeAlias = str | PathLike[str] | Output | Sequence[str | PathLike[str] | Output]
"""What `out=` takes: one place or value, or several."""


def outputs_of(given: Outputs | None) -> tuple[Output, ...]:
    """Return what is to be written; raises UsageError if two outputs are in the same place."""
    if given is None or given == "":
        return ()
    several = given if isinstance(given, list | tuple) else [given]
    made = tuple(one if isinstance(one, Output) else Output(one) for one in several)  # type: ignore[arg-type]
    places = [str(one.file.absolute()) if one.file else one.path for one in made]
    doubled = next((one for one, place in zip(made, places, strict=True) if places.count(place) > 1), None)
    if doubled is not None:
        raise UsageError(f"two outputs go to '{doubled}'", "name another place for one of them")
    return made


def parse_split(text: str) -> dict[str, float] | str:
    """Return the shares in `train=0.9,test=0.1`, or the column that a text without `=` names.

    Raises UsageError if it's neither.
    """
    if "=" not in text and "," not in text and text.strip():
        return text.strip()
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, equals, share = (word.strip() for word in part.partition("="))
        try:
            value = float(share)
        except ValueError:
            raise UsageError(f"{part.strip()!r} is not the share of a split", _SHARES) from None
        if not equals or name in shares:
            raise UsageError(f"the split {name!r} is there twice", _SHARES)
        shares[name] = value
    return _checked_split(shares) or {}


def _checked_split(shares: Mapping[str, float] | None) -> dict[str, float] | None:
    if shares is None:
        return None
    if not isinstance(shares, Mapping) or not shares:
        raise UsageError(f"{shares!r:.40} aren't shares of splits", 'write {"train": 0.9, "test": 0.1}')
    for name, share in shares.items():
        if not isinstance(name, str) or not is_split_name(name):
            raise UsageError(f"{name!r} can't be the name of a split", "use letters, digits, _ and .")
        if not isinstance(share, Real) or isinstance(share, bool) or not 0 < share <= 1:
            raise UsageError(f"the share of the split {name!r} is {share!r}", "a share is between 0 and 1")
    if not isclose(total := sum(shares.values()), 1, abs_tol=1e-6):
        raise UsageError(f"the shares of the splits make {total:g}, not 1", _SHARES)
    return {name: float(share) for name, share in shares.items()}


def _checked_rows(rows: int | None, what: str = "a shard") -> int | None:
    if rows is not None and (not isinstance(rows, Integral) or isinstance(rows, bool) or rows < 1):
        raise UsageError(f"{what} can't have {rows!r} rows", "give a whole number of at least 1")
    return None if rows is None else int(rows)
