"""The distribution keeps the contract of all packages with plugins."""

from __future__ import annotations

import pytest
from tests.support.few_of_package import FewOfPackage

from seedbed.testing import PackageContract


class TestPackage(FewOfPackage):
    distribution = "seedbed-tasks"
    most_modules = 1


@pytest.mark.slow
class TestAllOfPackage(PackageContract):
    distribution = "seedbed-tasks"
    most_modules = 1
