"""Calls a format of a plugin, and says which plugin it is if that does something else than it should."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedbed.errors import BrokenPluginError, DatasetError, SeedbedError
from seedbed.plugins.authoring.class_errors import told
from seedbed.plugins.owner import broken_class, owner_of, place_of
from seedbed.store.format import Format
from seedbed.store.read_options import Placed, Reading
from seedbed.tracebacks import where


def made_format(found: type[Format]) -> Format:
    """Return a new format; raises BrokenPluginError if it can't be made without arguments."""
    try:
        return found()
    except Exception as error:
        fact = told(error).fact
        advice = "a format is made without arguments: give the parameters of `__init__` defaults"
        raise broken_class(found, f"{found.__name__}() raised {fact}", advice) from error


def check_place(form: Format, place: str) -> None:
    """Have a format check a file or an address."""
    with _blaming(type(form), "`check`"):
        form.check(place)


def may_replace(form: Format, path: Path) -> bool:
    """Whether a new dataset may replace what is at `path`, as the format says."""
    with _blaming(type(form), "`may_replace`"):
        return form.may_replace(path)


def read_with(form: Format, path: Path, reading: Reading) -> Iterator[Placed]:
    """Return the rows of a file, each with its place, as a format reads them."""
    if _is_built_in(form):
        return form.read(path, reading)
    return _checked_rows(form, path, reading)


def _checked_rows(form: Format, path: Path, reading: Reading) -> Iterator[Placed]:
    cls, doing = type(form), f"reading '{path.name}'"
    last = 0
    try:
        given: object = form.read(path, reading)
        if not isinstance(given, Iterable):
            raise _no_row(cls, f"returned {_kind(given)} where rows were expected")
        for placed in given:
            if not _is_placed(placed):
                raise _no_row(cls, f"yielded {_kind(placed)} where a place and a row were expected")
            last = placed[0]
            yield placed
    except (SeedbedError, OSError):
        raise
    except Exception as error:
        fact, advice = _said(error)
        after = f" after {form.unit} {last}" if last else ""
        raise broken_class(cls, f"{doing}{after} raised {fact}", *advice) from error


def _is_placed(placed: object) -> bool:
    # Not `int` alone: a place may be a number of numpy.
    return isinstance(placed, tuple) and len(placed) == 2 and hasattr(placed[0], "__index__")


def _no_row(cls: type[Format], what: str) -> BrokenPluginError:
    return broken_class(
        cls,
        f"`read` {what}",
        *place_of(cls),
        "yield each row with its place, counted from 1: yield number, row",
    )


def write_with(form: Format, rows: Iterable[bytes], path: Path, types: bytes | None) -> None:
    """Have a format write rows to `path`.

    Raises DatasetError if a plugin fails, leaves rows out or writes nothing: the rows themselves are fine,
    and an old dataset mustn't be replaced by less than the new one.
    """
    if _is_built_in(form):
        form.write(rows, path, types)
        return
    counted = _Counted(rows)
    try:
        answer: object = form.write(counted, path, types)  # type: ignore[func-returns-value]
    except (SeedbedError, OSError):
        raise
    except Exception as error:
        if error is counted.error:
            raise
        raise _unfit(form, "can't write the rows", error) from error
    if counted.error is not None:
        # The format has swallowed it.
        raise counted.error
    if inspect.iscoroutine(answer):
        # Python would complain that nobody awaits it.
        answer.close()
    if fault := _fault_of_writing(form, counted, path):
        raise _of_place(f"{owner_of(type(form))} {fault}", *place_of(type(form)))


def upload_with(form: Format, folder: Path, address: str, options: Mapping[str, Any]) -> None:
    """Have a format upload the files of a folder; raises DatasetError if it fails, or hasn't begun."""
    try:
        answer: object = form.upload(folder, address, options)  # type: ignore[func-returns-value]
    except (SeedbedError, OSError):
        raise
    except Exception as error:
        raise _unfit(form, f"can't upload to '{address}'", error) from error
    if inspect.iscoroutine(answer):
        # The run would say that the dataset is there.
        answer.close()
        said = f"{owner_of(type(form))} hasn't uploaded to '{address}': nobody awaits its `upload`"
        raise _of_place(said, *place_of(type(form)), "def upload(self, folder, address, options):")


def _fault_of_writing(form: Format, rows: _Counted, path: Path) -> str:
    if not rows.were_read:
        return "hasn't written all rows: `write` returned before it had iterated `rows`"
    if not path.exists():
        return "has written nothing to the path that `write` gets"
    if path.is_dir() is not form.is_folder:
        return f"has written a {'folder' if path.is_dir() else 'file'}, and `is_folder` is {form.is_folder}"
    return ""


class _Counted:
    """Rows that note whether they have been iterated to their end, and the error that kept them from it."""

    def __init__(self, rows: Iterable[bytes]) -> None:
        self._rows = rows
        self.were_read = False
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._rows
        except Exception as error:
            self.error = error
            raise
        self.were_read = True


@contextmanager
def _blaming(cls: type[Format], doing: str) -> Iterator[None]:
    try:
        yield
    except (SeedbedError, OSError):
        # What is wrong with the file, or with the disk.
        raise
    except Exception as error:
        fact, advice = _said(error)
        raise broken_class(cls, f"{doing} raised {fact}", *advice) from error


def _unfit(form: Format, what: str, error: Exception) -> DatasetError:
    fact, advice = _said(error)
    return _of_place(f"{owner_of(type(form))} {what}: {fact}", *advice)


def _said(error: Exception) -> tuple[str, tuple[str, ...]]:
    """Return an author's error in one line, and where it was raised."""
    fact, advice = told(error)
    place = where(error)
    return fact, (*((f"raised in {place}",) if place else ()), *advice)


def _of_place(fact: str, *advice: str) -> DatasetError:
    error = DatasetError(fact, *advice)
    error.is_of_place = True
    return error


def _is_built_in(form: Format) -> bool:
    # Seedbed's own have tests for all this, and no time to lose with each row.
    return type(form).__module__.startswith("seedbed.")


def _kind(value: object) -> str:
    return "None" if value is None else f"an object of type {type(value).__name__}"
