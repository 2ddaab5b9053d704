"""A source of datasets of Hugging Face: a folder, or one on the Hub."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from seedbed import GeneratorOutput, GeneratorStep, Row, UsageError


class Hf(GeneratorStep):
    """Reads a dataset with Hugging Face's `datasets`: from a folder, or from the Hub as a stream.

    Hf(dataset="allenai/c4", config="en", split="train", only=["text"])

    Needs the extra `hf`. A key for private datasets is found by `datasets` itself (`hf auth login`, or
    HF_TOKEN). Give a `revision`: if a dataset on the Hub changes, a resumed run doesn't see it.
    """

    seekable: ClassVar[bool] = True
    finite: ClassVar[bool] = True

    dataset: str = Field(min_length=1, description="Id on the Hub (USER/NAME), or path of a folder.")
    config: str | None = Field(default=None, description="Name of the dataset's configuration.")
    split: str = Field(default="train", description="Which split to read.")
    revision: str | None = Field(default=None, description="Commit, tag or branch on the Hub.")
    only: list[str] | None = Field(default=None, min_length=1, description="The only columns to read.")
    without: list[str] = Field(default=[], description="Columns to leave out.")

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
        folder = Path(self.dataset)
        try:
            if folder.is_dir():
                self.reads(folder)
                if (folder / "state.json").is_file():
                    return datasets.load_from_disk(self.dataset)
                if (folder / "dataset_dict.json").is_file():
                    return _split_of(datasets.load_from_disk(self.dataset), self.split, self.dataset)
            return datasets.load_dataset(
                self.dataset, self.config, split=self.split, revision=self.revision, streaming=True
            )
        except UsageError:
            raise
        except Exception as error:  # of huggingface_hub, of its HTTP client, of fsspec, and of `datasets`
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise UsageError(
                f"the dataset '{self.dataset}' cannot be read: {lines[0]}", *_advice(error)
            ) from error


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
