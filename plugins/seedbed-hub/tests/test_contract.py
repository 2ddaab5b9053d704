"""The format of the scheme `hf` keeps the contract of all formats."""

from __future__ import annotations

from typing import ClassVar

import pytest

from seedbed.testing import FormatContract, PackageContract


@pytest.mark.usefixtures("hub")
class TestHub(FormatContract):
    format = "hf"
    place = "hf://ada/jokes"
    wrong_places: ClassVar[list[str]] = [
        "hf://jokes",
        "hf://models/ada/jokes",
        "hf://ada/jokes/train.parquet",
    ]


class TestPackage(PackageContract):
    distribution = "seedbed-hub"
