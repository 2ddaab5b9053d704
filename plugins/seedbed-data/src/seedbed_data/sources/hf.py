"""A source of datasets of Hugging Face: a folder, or one on the Hub."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from seedbed import Files, GeneratorOutput, GeneratorStep, Row, UsageError
from seedbed_data.sources.paths import named_files


class Hf(GeneratorStep):
    """Reads a dataset with Hugging Face's `datasets`: from a folder, or from the Hub as a stream.

    Hf(dataset="allenai/c4", config="en", split="train", only=["text"])

    Needs the extra `hf`. A key for private datasets is found by `datasets` itself (`hf auth login`, or
    HF_TOKEN). Give a `revision`: if a dataset on the Hub changes, a resumed run doesn't see it.
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

    def load(self) -> None:
        """Import `datasets`."""
        _datasets()

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield the rows, beginning with number `offset`."""
        rows = self._opened()
        names = self.only or [name for name in rows.column_names or () if name not in self.without]
        if names:
            rows = rows.select_columns(names)
        for row in rows.skip(offset) if offset else rows:
            yield self._kept(row)

    def _kept(self, row: Row) -> Row:
        return {name: value for name, value in row.items() if name not in self.without}

    def _opened(self) -> Any:
        datasets = _datasets()
        place = str(self.folder or self.dataset)
        try:
            if self.folder is not None:
                named_files(self.folder)
                if (Path(place) / "state.json").is_file():
                    return datasets.load_from_disk(place)
                if (Path(place) / "dataset_dict.json").is_file():
                    return _split_of(datasets.load_from_disk(place), self.split, place)
            return datasets.load_dataset(
                place, self.config, split=self.split, revision=self.revision, streaming=True
            )
        except UsageError:
            raise
        except Exception as error:  # of huggingface_hub, of its HTTP client, of fsspec, and of `datasets`
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise UsageError(f"the dataset '{place}' cannot be read: {lines[0]}", *_advice(error)) from error


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
    return ["check `config`, `split` and `revision`"]
