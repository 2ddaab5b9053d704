"""The distribution keeps the contract of all packages with plugins."""

from __future__ import annotations

from seedbed.testing import PackageContract


class TestPackage(PackageContract):
    distribution = "seedbed-data"
    most_modules = 1
