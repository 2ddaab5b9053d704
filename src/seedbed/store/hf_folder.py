"""Rows as a folder that Hugging Face's `datasets.load_from_disk` opens.

The folder has the rows as an Arrow stream, whose schema tells `datasets` the features, and the two JSON files
that `Dataset.save_to_disk` writes next to it. The package `datasets` itself isn't needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from seedbed.errors import DatasetError
from seedbed.store.arrow_file import read_arrow, write_arrow_stream
from seedbed.store.read_options import Placed, Reading

_DATA = "data-00000-of-00001.arrow"
_INFO = "dataset_info.json"
_STATE = "state.json"


def write_hf_folder(rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
    """Write all rows in two passes over them, with one batch in memory at a time."""
    path.mkdir()
    data = path / _DATA
    write_arrow_stream(rows, data, types)
    # Empty, so that the features come from the Arrow schema; `datasets` still wants the file to be there.
    (path / _INFO).write_bytes(b"{}\n")
    (path / _STATE).write_bytes(orjson.dumps(_state(data), option=orjson.OPT_INDENT_2))


def read_hf_folder(path: Path, reading: Reading) -> Iterator[Placed]:
    """Yield the rows of all files of the folder, in its order; raise `DatasetError` if that fails.

    Rows are numbered over all files, as `datasets` numbers them.
    """
    before = 0
    for file in data_files(path):
        left, last = reading.skip.left, 0
        for last, row in read_arrow(file, reading):
            yield before + last, row
        # A file of which no row came has been passed over.
        before += last or left - reading.skip.left


def data_files(path: Path) -> list[Path]:
    """Return the files with the rows of a folder; raise `DatasetError` if the folder doesn't name them."""
    try:
        state = orjson.loads((path / _STATE).read_bytes())
        return [path / str(entry["filename"]) for entry in state["_data_files"]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DatasetError(f"'{path / _STATE}' names no files with rows: {error}") from error


def splits_in(path: Path) -> list[str]:
    """Return the names of the splits in a folder, each of which is a folder itself."""
    return sorted(entry.name for entry in path.iterdir() if entry.is_dir() and _is_saved(entry))


def is_saved_dataset(path: Path) -> bool:
    """Whether `path` is a folder that `read_hf_folder` reads."""
    return path.is_dir() and _is_saved(path)


def is_hf_folder(path: Path) -> bool:
    """Whether `path` is such a folder or an empty one, which a new dataset may replace."""
    return path.is_dir() and (_is_saved(path) or not any(path.iterdir()))


def _is_saved(path: Path) -> bool:
    return (path / _STATE).is_file() and (path / _INFO).is_file()


def _state(data: Path) -> dict[str, object]:
    with data.open("rb") as file:
        # `datasets` keys its caches by the fingerprint: other rows under an old one would get old results.
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
