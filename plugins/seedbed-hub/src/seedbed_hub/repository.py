"""One dataset on the Hub: made if it's missing, and changed by one commit at a time."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, errors, get_token
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from seedbed import DatasetError
from seedbed_hub.address import HubAddress
from seedbed_hub.card import LONGEST, merged_card, text_of, too_long
from seedbed_hub.failures import endpoint

_README = "README.md"
# What Seedbed names the files of a dataset; others there are somebody else's, and stay.
_SHARD = re.compile(r"[\w.]+-\d{5}(-of-\d{5})?\.parquet", re.ASCII)
_KIND = "dataset"


def token_of_user() -> str | None:
    """Return HF_TOKEN, or the token that `hf auth login` stored; None if there's neither."""
    return get_token()


class Repository:
    """A dataset on the Hub that is written to.

        repository = Repository(HubAddress.parse("hf://ada/jokes"), token)
        repository.make(private=True)
        repository.commit(Path("dataset"), "1,000 rows", complete=True)

    Raises what huggingface_hub and its HTTP client raise.
    """

    def __init__(self, address: HubAddress, token: str | None) -> None:
        self._address = address
        self._api = HfApi(endpoint=endpoint(), token=token, library_name="seedbed-hub")

    def role(self) -> str:
        """Return what the token may do: `read`, `write` or `fineGrained`; empty if the Hub doesn't say."""
        told: Any = self._api.whoami()
        return str(((told.get("auth") or {}).get("accessToken") or {}).get("role") or "")

    def make(self, private: bool | None) -> None:
        """Make the dataset, and its branch, if they're missing.

        Raises `DatasetError` if it's public although `private` is True.
        """
        name, revision = self._address
        self._api.create_repo(name, repo_type=_KIND, private=private, exist_ok=True)
        info = self._api.dataset_info(name)
        if private and info.private is False:
            raise DatasetError(
                f"'{self._address}' is public, and you asked for a private one",
                "make it private in its settings on the Hub, or leave out --private (private=True in Python)",
            )
        if revision is not None:
            try:
                self._api.dataset_info(name, revision=revision)
            except errors.RevisionNotFoundError:
                self._api.create_branch(name, repo_type=_KIND, branch=revision, exist_ok=True)

    def commit(self, folder: Path, message: str, *, complete: bool) -> None:
        """Make the files of a folder those of the dataset; if `complete`, the shards that it lacks go."""
        name, revision = self._address
        head = self._api.dataset_info(name, revision=revision).sha
        listed = self._api.list_repo_tree(name, repo_type=_KIND, revision=head)
        there = {entry.path: entry for entry in listed}
        files = {file.name: file for file in sorted(folder.iterdir())}
        operations: list[Any] = [
            CommitOperationAdd(path, str(file))
            for path, file in files.items()
            if path != _README and not _is_same(file, there.get(path))
        ]
        if _README in files:
            card = self._card(files[_README].read_text(encoding="utf-8"), head, there.get(_README))
            operations.append(CommitOperationAdd(_README, card.encode()))
        if complete:
            gone = sorted(path for path in there.keys() - files.keys() if _SHARD.fullmatch(path))
            operations += [CommitOperationDelete(path) for path in gone]
        # The parent makes sure that nobody else's commit since is undone.
        self._api.create_commit(
            name, operations, commit_message=message, repo_type=_KIND, revision=revision, parent_commit=head
        )

    def _card(self, new: str, head: str | None, there: Any) -> str:
        if there is None:
            return new
        name, _ = self._address
        if (getattr(there, "size", None) or 0) > LONGEST:
            # Before it's fetched.
            raise too_long(there.size, str(self._address))
        with TemporaryDirectory(prefix="seedbed-") as cache:
            path = self._api.hf_hub_download(name, _README, repo_type=_KIND, revision=head, cache_dir=cache)
            old = text_of(Path(path).read_bytes(), str(self._address))
        return merged_card(new, old, str(self._address))


def _is_same(file: Path, entry: Any) -> bool:
    """Whether the Hub has a file already; huggingface_hub would cut it up and hash it before it finds out."""
    large = getattr(entry, "lfs", None)
    if large is None or large.size != file.stat().st_size:
        return False
    with file.open("rb") as content:
        return bool(hashlib.file_digest(content, "sha256").hexdigest() == large.sha256)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep huggingface_hub's bars and notes off the terminal, which shows the run."""
    logger, was_off = logging.getLogger("huggingface_hub"), are_progress_bars_disabled()
    level = logger.level
    try:
        logger.setLevel(logging.ERROR)
        if not was_off:
            disable_progress_bars()
        yield
    finally:
        logger.setLevel(level)
        if not was_off:
            enable_progress_bars()
