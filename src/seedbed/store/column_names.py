"""The names of a file's columns, of which a row can hold each only once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from seedbed.errors import DatasetError

if TYPE_CHECKING:
    import pyarrow as pa


def check_names(what: str, names: Iterable[str]) -> None:
    """Raise `DatasetError` if two columns have the same name: a row could hold only one of them."""
    name = _doubled(names)
    if name is not None:
        raise DatasetError(f"{what} has two columns named {name!r}", "rename one of them")


def check_fields(what: str, schema: pa.Schema) -> None:
    """Raise `DatasetError` if two columns have the same name, or two fields of a struct at any depth."""
    check_names(what, schema.names)
    for column in schema:
        for names in _fields(column.type):
            if (name := _doubled(names)) is not None:
                raise DatasetError(
                    f"the structs in column {column.name!r} of {what} have two fields named {name!r}",
                    "rename one of them, or leave the column out",
                )


def _doubled(names: Iterable[str]) -> str | None:
    # Not by counting each: files with a hundred thousand columns exist.
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _fields(kind: Any) -> Iterator[list[str]]:
    """Yield the names of the fields of each struct in an Arrow type."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        yield from _fields(kind.storage_type)
    elif pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        yield from _fields(kind.value_type)
    elif pa.types.is_nested(kind):
        parts = [kind.field(number) for number in range(kind.num_fields)]
        if pa.types.is_struct(kind):
            yield [part.name for part in parts]
        for part in parts:
            yield from _fields(part.type)
