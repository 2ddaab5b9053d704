"""Uploads datasets to the Hugging Face Hub, through huggingface_hub."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedbed import DatasetError, Format, UsageError
from seedbed_hub.address import HubAddress


class Hub(Format):
    """Uploads to `hf://USER/NAME`, or `hf://USER/NAME@BRANCH`.

        seedbed runs push jokes hf://ada/jokes --private

    The dataset is made if it's missing, and so is the branch. The token is HF_TOKEN, or that of
    `hf auth login`; HF_ENDPOINT names another Hub than huggingface.co.
    """

    def check(self, place: str) -> None:
        """Raise `UsageError` if the address is wrong, there's no token, or the Hub doesn't accept it."""
        address = HubAddress.parse(place)
        # Imported late: the address of a run that isn't pushed yet needs no network.
        from seedbed_hub.failures import TOKENS, no_token, page, trouble_with
        from seedbed_hub.repository import Repository, token_of_user

        token = token_of_user()
        if token is None:
            trouble = no_token()
            raise UsageError(trouble.fact, *trouble.advice)
        try:
            role = Repository(address, token).role()
        except Exception as error:  # noqa: BLE001 - of huggingface_hub and its HTTP client
            trouble = trouble_with(error, place, token, is_begun=False)
            # Not `from error`: its text may hold the request's headers.
            raise UsageError(trouble.fact, *trouble.advice) from None
        if role == "read":
            raise UsageError(f"the token may only read, not push to '{place}'", TOKENS.format(page()))

    def upload(self, folder: Path, address: str, options: Mapping[str, Any]) -> None:
        """Make the files in `folder` the dataset at `address`, in one commit.

        Files that the Hub has already, committed or not, aren't sent again. Raises `DatasetError`.
        """
        place = HubAddress.parse(address)
        from seedbed_hub.failures import trouble_with
        from seedbed_hub.repository import Repository, quiet, token_of_user

        token = token_of_user()
        try:
            with quiet():
                repository = Repository(place, token)
                repository.make(options.get("private"))
                repository.commit(
                    folder, str(options.get("message") or "Upload"), complete=bool(options.get("complete"))
                )
        except DatasetError:
            raise
        except Exception as error:  # noqa: BLE001 - as in `check`
            trouble = trouble_with(error, address, token)
            raise DatasetError(trouble.fact, *trouble.advice) from None
