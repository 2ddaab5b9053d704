"""A source of datasets of Hugging Face: a folder, or one on the Hub."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from seedbed import DatasetError, Files, GeneratorOutput, GeneratorStep, Row, SeedbedError, UsageError
from seedbed_data.sources.paths import named_files


class Hf(GeneratorStep):
    """Reads a dataset with Hugging Face's `datasets`: from a folder, or from the Hub as a stream.

    Hf(dataset="allenai/c4", config="en", split="train", only=["text"])

    Needs the extra `hf`. A key for private datasets is found by `datasets` itself (`hf auth login`, or
    HF_TOKEN). Give a `revision`: if a dataset on the Hub changes, a resumed run may stop.
    """

    goals = ("reading",)
    keywords = ("Hugging Face", "hub", "datasets")

    seekable: ClassVar[bool] = True
    finite: ClassVar[bool] = True
    ids_from_content: ClassVar[bool] = True

    dataset: str = Field(
        default="", pattern=r"^(\w[\w.-]*/)?\w[\w.-]*$|^$", description="Id on the Hub: USER/NAME."
    )
    folder: Files | None = Field(default=None, description="A folder with a dataset, instead of `dataset`.")
    config: str | None = Field(default=None, description="Name of the dataset's configuration.")
    split: str = Field(default="train", description="Which split to read.")
    revision: str | None = Field(default=None, description="Commit, tag or branch on the Hub.")
    only: list[str] | None = Field(default=None, min_length=1, description="The only columns to read.")
    without: list[str] = Field(default=[], description="Columns to leave out.")

    @model_validator(mode="after")
    def _check_place(self) -> Hf:
        if bool(self.dataset) == bool(self.folder):
            raise ValueError("give either `dataset` or `folder`")
        # `datasets` would read a folder of that name, wherever the command runs.
        if self.dataset and Path(self.dataset).exists():
            raise ValueError(f"'{self.dataset}' is a folder here: give it as `folder`")
        return self

    @property
    def needed_packages(self) -> dict[str, str]:
        """What reads the dataset."""
        return {"datasets": "seedbed-data[hf]"}

    @property
    def read_addresses(self) -> list[str]:
        """The dataset on the Hub, which may be a private one of the user's."""
        return [f"hf://{self.dataset}"] if self.dataset else []

    def load(self) -> None:
        """Import `datasets`."""
        _datasets()

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield the rows, beginning with number `offset`."""
        rows = self._opened()
        names = self.only or [name for name in rows.column_names or () if name not in self.without]
        if names:
            rows = rows.select_columns(names)
        with _explained(self._place, DatasetError):
            for row in rows.skip(offset) if offset else rows:
                yield self._kept(row)

    @property
    def _place(self) -> str:
        return str(self.folder or self.dataset)

    def _kept(self, row: Row) -> Row:
        return {name: value for name, value in row.items() if name not in self.without}

    def _opened(self) -> Any:
        datasets = _datasets()
        place = self._place
        with _explained(place, UsageError):
            if self.folder is not None:
                named_files(self.folder)
                if (Path(place) / "state.json").is_file():
                    return datasets.load_from_disk(place)
                if (Path(place) / "dataset_dict.json").is_file():
                    return _split_of(datasets.load_from_disk(place), self.split, place)
            return datasets.load_dataset(
                place, self.config, split=self.split, revision=self.revision, streaming=True
            )


@contextmanager
def _explained(place: str, kind: type[UsageError | DatasetError]) -> Iterator[None]:
    """Raise an error of huggingface_hub, of its HTTP client, of fsspec or of `datasets` as one of ours."""
    try:
        yield
    except SeedbedError:
        raise
    except Exception as error:  # noqa: BLE001 - each of these libraries has errors of its own
        lines = str(error).strip().splitlines() or [type(error).__name__]
        said, token = lines[0], _token()
        # A server may echo the token, which `hf auth login` has put where no run looks for secrets.
        is_shown = token is not None and token in "".join(traceback.format_exception(error))
        if token is not None:
            said = said.replace(token, "[secret]")
        raise kind(f"the dataset '{place}' cannot be read: {said}", *_advice(error)) from (
            None if is_shown else error
        )


def _token() -> str | None:
    from huggingface_hub import get_token

    return get_token() or None


def _datasets() -> Any:
    try:
        import datasets  # type: ignore[import-untyped]
    except ImportError as error:
        raise UsageError(
            f"Hugging Face datasets are read with the package 'datasets': {error}",
            "pip install 'seedbed-data[hf]'",
        ) from error
    return datasets


def _split_of(splits: Any, name: str, dataset: str) -> Iterable[Row]:
    if name not in splits:
        raise UsageError(f"'{dataset}' has no split '{name}'", f"its splits: {', '.join(splits)}")
    found: Iterable[Row] = splits[name]
    return found


def _advice(error: Exception) -> list[str]:
    """Return what to do about an error; the classes are found by name, as some aren't imported yet."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"ConnectionError", "ConnectError", "OfflineModeIsEnabled", "Timeout", "TimeoutException"}:
        return ["the Hub can't be reached: check the network, or name a folder with the dataset"]
    if "DatasetNotFoundError" in kinds or "FileNotFoundError" in kinds:
        return ["check the name (USER/NAME), the network, and whether you may read it: hf auth login"]
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return ["the Hub doesn't accept the token: hf auth login, or HF_TOKEN"]
    if status is not None and status >= 500:
        return ["the Hub has a problem: run the same command again later"]
    return ["check `config`, `split` and `revision`"]
