"""What plugin authors test with: contracts, doubles, fixtures, servers.

Everything public is importable from here, and loaded on first use. Contracts and fixtures need pytest:
`pip install 'seedbed[testing]'`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed.testing.contract import Contract as Contract
    from seedbed.testing.contract import departs as departs
    from seedbed.testing.contract import fact as fact
    from seedbed.testing.package_contract import PackageContract as PackageContract
    from seedbed.testing.plausible import plausible_answer as plausible_answer
    from seedbed.testing.task_contract import TaskContract as TaskContract

_HOMES = {
    "contract": "Contract departs fact",
    "package_contract": "PackageContract",
    "plausible": "plausible_answer",
    "task_contract": "TaskContract",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'seedbed.testing' has no attribute {name!r}")
    value = getattr(_home_of(name), name)
    globals()[name] = value
    return value


def _home_of(name: str) -> Any:
    from seedbed.errors import UsageError

    try:
        return import_module(f"seedbed.testing.{_HOME[name]}")
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        raise UsageError(f"'{name}' needs the package 'pytest'", "pip install 'seedbed[testing]'") from error


def __dir__() -> list[str]:
    return [*globals(), *__all__]
