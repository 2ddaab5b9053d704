"""The distribution keeps the contract of all packages with plugins."""

from __future__ import annotations

import pytest

from seedbed.testing import PackageContract
from seedbed.testing.packages.installed_package import InstalledPackage

# Each plugin is imported in a process of its own, which takes five seconds for all of them.
FEW = 3


class TestPackage(PackageContract):
    """A few plugins of each kind: those of a kind are in one module, which is what most tests look at."""

    distribution = "seedbed-data"
    most_modules = 1

    @pytest.fixture
    def package(self) -> InstalledPackage:
        package = InstalledPackage(self.distribution)
        kinds = {claim.kind for claim in package.claims}
        package.claims = [
            claim for kind in kinds for claim in [one for one in package.claims if one.kind == kind][:FEW]
        ]
        return package


@pytest.mark.slow
class TestAllOfPackage(PackageContract):
    distribution = "seedbed-data"
    most_modules = 1
