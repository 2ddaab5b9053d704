"""Rows as a folder that `datasets.load_from_disk` (Hugging Face) opens.

The folder holds the rows as an Arrow stream, from whose schema `datasets` takes the features, and what
`Dataset.save_to_disk` writes beside it. The package `datasets` itself is not needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import orjson

from seedbed.errors import DatasetError
from seedbed.store.arrow_file import read_arrow, write_arrow_stream
from seedbed.store.reading import Placed, Reading

_DATA = "data-00000-of-00001.arrow"
_INFO = "dataset_info.json"
_STATE = "state.json"


def write_hf_folder(rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
    """Write all rows in two passes over them; a batch is all that is held in memory."""
    path.mkdir()
    data = path / _DATA
    write_arrow_stream(rows, data, types)
    (path / _INFO).write_bytes(b"{}\n")
    (path / _STATE).write_bytes(orjson.dumps(_state(data), option=orjson.OPT_INDENT_2))


def read_hf_folder(path: Path, reading: Reading) -> Iterator[Placed]:
    """Yield the rows of all files of the folder, in its order; raise `DatasetError` as `read_arrow` does.

    They are counted over all files, as `datasets` counts them.
    """
    rows = chain.from_iterable(read_arrow(file, reading) for file in data_files(path))
    for number, (_, row) in enumerate(rows, start=1):
        yield number, row


def data_files(path: Path) -> list[Path]:
    """Return the files that hold the rows of a folder; raise `DatasetError` where it does not say."""
    try:
        state = orjson.loads((path / _STATE).read_bytes())
        return [path / str(entry["filename"]) for entry in state["_data_files"]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DatasetError(f"'{path / _STATE}' names no files of rows: {error}") from error


def splits_in(path: Path) -> list[str]:
    """Return the names of the datasets that a folder holds, each in a folder of its own."""
    return sorted(entry.name for entry in path.iterdir() if entry.is_dir() and _is_saved(entry))


def is_saved_dataset(path: Path) -> bool:
    """Whether `path` is a folder of rows that `read_hf_folder` reads."""
    return path.is_dir() and _is_saved(path)


def is_hf_folder(path: Path) -> bool:
    """Whether `path` is such a folder, or an empty one, so that another may take its place."""
    return path.is_dir() and (_is_saved(path) or not any(path.iterdir()))


def _is_saved(path: Path) -> bool:
    return (path / _STATE).is_file() and (path / _INFO).is_file()


def _state(data: Path) -> dict[str, object]:
    with data.open("rb") as file:
        # `datasets` keys what it caches by the fingerprint, so that it must follow from the content.
        fingerprint = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return {
        "_data_files": [{"filename": data.name}],
        "_fingerprint": fingerprint,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
