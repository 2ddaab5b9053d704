"""The contract of packages, over a few plugins of each kind."""

from __future__ import annotations

import pytest

from seedbed.testing import PackageContract
from seedbed.testing.packages.installed_package import InstalledPackage

# Each plugin is imported in a process of its own, which takes five seconds for all of a large package.
FEW = 3


class FewOfPackage(PackageContract):
    """A few plugins of each kind: those of a kind are in one module, which is what most tests look at."""

    @pytest.fixture
    def package(self) -> InstalledPackage:
        package = InstalledPackage(self.distribution)
        kinds = {claim.kind for claim in package.claims}
        package.claims = [
            claim for kind in kinds for claim in [one for one in package.claims if one.kind == kind][:FEW]
        ]
        return package
