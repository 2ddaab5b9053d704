"""The format of the scheme `hf` keeps the contract of all formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest
from tests.support.hub_server import HubServer

from seedbed.testing import FormatContract, PackageContract


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
class TestHub(FormatContract):
    format = "hf"
    place = "hf://ada/jokes"
    wrong_places: ClassVar[list[str]] = [
        "hf://jokes",
        "hf://models/ada/jokes",
        "hf://ada/jokes/train.parquet",
    ]

    @pytest.fixture(autouse=True)
    def _hub(self, hub: HubServer) -> None:
        self.hub = hub

    def uploaded(self, address: str) -> Mapping[str, bytes]:
        return self.hub.files(address.removeprefix("hf://"))


class TestPackage(PackageContract):
    distribution = "seedbed-hub"
