"""The contract of a format that uploads datasets: what is at an address afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seedbed.errors import DatasetError
from seedbed.store.format import Format
from seedbed.store.formats import Parquet
from seedbed.testing.differences import first_difference
from seedbed.testing.format_facts import FormatFacts, content, encoded
from seedbed.testing.process_watch import files_below, left_alone

_CARD = "README.md"
_SPLITS = {"train": ["one", "two"], "test": ["three"]}


class FormatUploadContract(FormatFacts):
    """An upload makes the files of a folder the dataset at an address: all of them, and no others.

    Uploads go to a real address, so `uploaded` has to say what is there; without it they aren't tested.
    """

    def uploaded(self, address: str) -> Mapping[str, bytes]:
        """Return the files at an address by their paths; override this to have uploads tested.

            def uploaded(self, address):
                return {one.path: one.read() for one in my_test_server.files(address)}

        The address is `place`, on a server of the test's own: the contract uploads to it.
        """
        raise NotImplementedError

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder with a dataset of two splits and its card, as a run uploads it."""
        self._skip_unless_uploaded()
        pytest.importorskip("pyarrow", reason="a dataset to upload is written with the package pyarrow")
        folder = tmp_path / "dataset"
        folder.mkdir()
        for split, texts in _SPLITS.items():
            rows = encoded([{"text": text} for text in texts])
            Parquet().write(rows, folder / f"{split}-00000.parquet")
        (folder / _CARD).write_text("# Texts\n\n<!-- written by seedbed -->\n", encoding="utf-8")
        return folder

    def test_an_upload_is_whole(self, made: Format, folder: Path) -> None:
        """After `upload`, all Parquet files are at the address under their names, and a README.md.

        A run says then that its dataset is there, and people delete their own copy.
        """
        wanted = _tables(_content(folder))
        found = self._after(made, folder)
        assert found.keys() & {_CARD}, f"there's no {_CARD} at the address: upload all files of `folder`"
        difference = first_difference(sorted(wanted), sorted(_tables(found)))
        assert not difference, f"the address has other Parquet files than the folder: {difference}"
        changed = [name for name, data in _tables(found).items() if data != wanted[name]]
        assert not changed, f"{changed[0]} has other bytes at the address"

    def test_what_the_dataset_lacks_goes_if_it_is_complete(self, made: Format, folder: Path) -> None:
        """With `complete`, Parquet files of an earlier dataset go; without, they stay, for more is to come.

        If they stayed, their rows would be in the dataset twice, or for ever.
        """
        self._after(made, folder)
        (folder / "test-00000.parquet").rename(folder / "more-00000.parquet")
        kept = {*_tables(self._after(made, folder, complete=False))}
        assert len(kept) == 3, (
            "without `complete`, the files at the address that aren't in `folder` stay: it has "
            f"{sorted(kept)}"
        )
        left = {*_tables(self._after(made, folder))}
        assert left == {*_tables(_content(folder))}, (
            "with `complete`, Parquet files that aren't in `folder` go from the address: it has "
            f"{sorted(left)}"
        )

    def test_an_upload_changes_nothing_here(
        self, made: Format, folder: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """`upload` leaves the folder and the process as they are, and prints nothing to standard output."""
        before = _content(folder)
        capfd.readouterr()
        with left_alone():
            self._after(made, folder)
        written = capfd.readouterr().out
        assert not written, f"standard output has {written!r}: print to sys.stderr"
        assert _content(folder) == before, "`upload` changes the files of `folder`: copy what you change"
        assert not files_below(folder), "`upload` leaves a file of `folder` open: use `with`"

    def test_a_dataset_that_cannot_be_sent_is_an_error(self, made: Format, folder: Path) -> None:
        """If a file can't be read, `upload` raises `DatasetError` or `OSError`, and the old dataset stays.

        An upload that ends without an error counts as done.
        """
        before = _tables(self._after(made, folder))
        (folder / "train-00000.parquet").unlink()
        (folder / "train-00000.parquet").symlink_to(folder / "gone")
        try:
            made.upload(folder, self.place, _options())
        except (DatasetError, OSError):
            assert _tables(self.uploaded(self.place)) == before, (
                "`upload` failed, and the dataset at the address isn't the old one: send all files first, "
                "and change the dataset in one go"
            )
        else:
            pytest.fail("a file of `folder` couldn't be read, and `upload` raised nothing")

    def _after(self, made: Format, folder: Path, *, complete: bool = True) -> Mapping[str, bytes]:
        """Upload a folder, and return what is at the address."""
        answer: object = made.upload(folder, self.place, _options(complete=complete))  # type: ignore[func-returns-value]
        assert answer is None, f"`upload` returned {answer!r}: it isn't awaited, and returns when all is sent"
        return dict(self.uploaded(self.place))

    def _skip_unless_uploaded(self) -> None:
        self._needs("upload")
        if type(self).uploaded is FormatUploadContract.uploaded:
            pytest.skip("nobody says what is at the address: override `uploaded`")


def _options(*, complete: bool = True) -> Mapping[str, Any]:
    return {"private": None, "complete": complete, "message": "Test"}


def _content(folder: Path) -> dict[str, bytes]:
    return {name.partition("/")[2]: data for name, data in content(folder).items()}


def _tables(files: Mapping[str, bytes]) -> dict[str, bytes]:
    # By their names: in which folder they are is up to the server.
    return {path.rpartition("/")[2]: data for path, data in files.items() if path.endswith(".parquet")}
