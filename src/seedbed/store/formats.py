"""The formats by ending and scheme: those that are built in, and those of plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from seedbed.errors import UnknownPluginError, UsageError
from seedbed.store.arrow_file import read_arrow, write_arrow
from seedbed.store.columnar import require_pyarrow
from seedbed.store.csv_file import read_csv, read_tsv, write_csv
from seedbed.store.format import Format
from seedbed.store.format_calls import check_place, made_format
from seedbed.store.hf_folder import is_hf_folder, read_hf_folder, write_hf_folder
from seedbed.store.json_file import read_json_lines, read_json_list, write_json_lines
from seedbed.store.parquet_file import read_parquet, write_parquet
from seedbed.store.read_options import Placed, Reading
from seedbed.store.text_file import COMPRESSED, unpacked
from seedbed.suggestions import did_you_mean

if TYPE_CHECKING:
    from seedbed.plugins.registry import Registry


class _Text(Format):
    is_text: ClassVar[bool] = True
    unit: ClassVar[str] = "line"


class JsonLines(_Text):
    """One JSON object in each line."""

    def read(self, path: Path, reading: Reading) -> Iterator[Placed]:
        """Yield each row with its line."""
        return read_json_lines(path, reading)

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        """Write each row as it is."""
        write_json_lines(rows, path, types)


class JsonList(_Text):
    """One JSON list of objects."""

    unit: ClassVar[str] = "item"

    def read(self, path: Path, reading: Reading) -> Iterator[Placed]:
        """Yield each row with its place in the list."""
        return read_json_list(path, reading)


class Csv(_Text):
    """Comma-separated values."""

    def read(self, path: Path, reading: Reading) -> Iterator[Placed]:
        """Yield each record with the line on which it begins."""
        return read_csv(path, reading)

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        """Write a header with all columns, then the rows."""
        write_csv(rows, path, types)


class Tsv(_Text):
    """Tab-separated values."""

    def read(self, path: Path, reading: Reading) -> Iterator[Placed]:
        """Yield each record with the line on which it begins."""
        return read_tsv(path, reading)


class _Columnar(Format):
    def check(self, place: str) -> None:
        """Raise UsageError without pyarrow."""
        require_pyarrow()


class Parquet(_Columnar):
    """A Parquet file."""

    def read(self, path: Path, reading: Reading) -> Iterator[Placed]:
        """Yield each row with its number."""
        return read_parquet(path, reading)

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        """Write row groups with the types of all rows."""
        write_parquet(rows, path, types)


class Arrow(_Columnar):
    """An Arrow IPC file."""

    def read(self, path: Path, reading: Reading) -> Iterator[Placed]:
        """Yield each row with its number."""
        return read_arrow(path, reading)

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        """Write record batches with the types of all rows."""
        write_arrow(rows, path, types)


class HfFolder(_Columnar):
    """A folder of Hugging Face's `datasets`."""

    is_folder: ClassVar[bool] = True

    def read(self, path: Path, reading: Reading) -> Iterator[Placed]:
        """Yield each row with its number over all files."""
        return read_hf_folder(path, reading)

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        """Write a folder that `datasets.load_from_disk` opens."""
        write_hf_folder(rows, path, types)

    def may_replace(self, path: Path) -> bool:
        """Whether the folder holds such a dataset, or nothing."""
        return is_hf_folder(path)


BUILT_IN: Mapping[str, type[Format]] = MappingProxyType(
    {
        "jsonl": JsonLines,
        "ndjson": JsonLines,
        "json": JsonList,
        "csv": Csv,
        "tsv": Tsv,
        "parquet": Parquet,
        "arrow": Arrow,
        "feather": Arrow,
        "hf": HfFolder,
    }
)
"""The formats of endings that need no plugin."""


def format_of(path: Path, action: str, registry: Registry | None = None) -> Format:
    """Return the format of the ending of `path`; raise `UsageError` if there's none that can read or write.

        format_of(Path("rows.jsonl"), "write")

    A text file that is read may be compressed: `.jsonl.gz`.
    """
    # Only text: Parquet and Arrow compress by themselves, and are read at random places.
    is_packed = action == "read" and path.suffix.lower() in COMPRESSED
    inner = path.with_suffix("") if is_packed else path
    if action == "write" and str(path) in ("-", ".", "/dev/stdout"):
        raise UsageError(
            f"'{path}' isn't a file name", "leave it out: without -o, rows go to standard output"
        )
    ending = inner.suffix.lower().removeprefix(".")
    found = BUILT_IN.get(ending) or (None if is_packed else _installed(ending, registry))
    if found is None or not found.can(action) or (is_packed and not found.is_text):
        raise _unknown_ending(path, ending, action, registry, text=is_packed)
    made = made_format(found)
    check_place(made, str(path))
    return made


def format_of_scheme(scheme: str, registry: Registry | None = None) -> Format:
    """Return the format of a scheme, such as `hf`; raise `UsageError` if there's none."""
    found = _installed(scheme, registry)
    if found is None or not found.can("upload"):
        from seedbed.plugins.first_party import FIRST_PARTY, pip_install

        names = _names(registry)
        package = FIRST_PARTY.get(("seedbed.formats", scheme))
        advice = [pip_install(package)] if package else [*did_you_mean(scheme, names)]
        raise UsageError(
            f"no format for addresses with '{scheme}://' is installed",
            *advice,
            "or name a file or a folder" if advice else "install a plugin for it, or name a file or a folder",
        )
    return made_format(found)


def is_text(path: Path) -> bool:
    """Whether `path` ends like a text file, compressed or not."""
    found = _known(path)
    return found is not None and found.is_text


def places_in(path: Path, name: str = "") -> Callable[[int], str]:
    """Return what names a row of a file for people: `rows.jsonl, line 7`; `rows.parquet, row 7`.

    People call the file `name`, if that isn't its own. One function for all rows: finding the file's format
    takes longer than reading a row.
    """
    found = _known(path)
    head = f"{name or path.name}, {found.unit if found else 'row'} "
    return lambda number: f"{head}{number}"


def _known(path: Path) -> type[Format] | None:
    ending = unpacked(path).suffix.lower().removeprefix(".")
    return BUILT_IN.get(ending) or _installed(ending, None)


def _installed(name: str, registry: Registry | None) -> type[Format] | None:
    """Return the class of a plugin; looked up only for names that aren't built in."""
    from seedbed.plugins.names import is_name
    from seedbed.plugins.registry import default_registry
    from seedbed.store.format_kind import FORMATS

    if not is_name(name):
        return None
    try:
        return (registry or default_registry()).find(FORMATS, name)
    except UnknownPluginError:
        return None


def _names(registry: Registry | None) -> tuple[str, ...]:
    from seedbed.plugins.registry import default_registry
    from seedbed.store.format_kind import FORMATS

    return (registry or default_registry()).names(FORMATS)


def _unknown_ending(
    path: Path, ending: str, action: str, registry: Registry | None, *, text: bool
) -> UsageError:
    own = [name for name, found in BUILT_IN.items() if found.can(action) and (found.is_text or not text)]
    # `.hf` is a folder, and `hf` also the name of the plugin for hf:// addresses.
    known = list(dict.fromkeys(f".{name}" for name in (*own, *_names(registry))))
    said = f"the unknown ending '.{ending}'" if ending else "no ending"
    if ending in BUILT_IN and not text:
        said = f"the ending '.{ending}', which can't be {'read' if action == 'read' else 'written'}"
    return UsageError(
        f"'{path}' has {said}",
        *did_you_mean(f".{ending}", known),
        f"use one of {', '.join(known)}",
        *([] if ending or action == "read" else [f"or write a folder of Parquet files: {path}/"]),
    )
