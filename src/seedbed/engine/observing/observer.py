"""An observer: the hooks of one plugin, or of an object that the caller gives."""

from __future__ import annotations

import inspect
import logging
from types import ModuleType

from seedbed.engine.observing.observer_kind import OBSERVERS
from seedbed.errors import UsageError
from seedbed.plugins.discovery.scan import HERE, Installed
from seedbed.plugins.failures import broken_by
from seedbed.plugins.hooks import Hooks

logger = logging.getLogger(__name__)


class Observer:
    """The hooks of `plugin`, separate from those of other plugins.

    `claim` says whose they are. Raises `BrokenPluginError` if a hook is misspelt, doesn't fit its
    specification or isn't marked as one, or if there are none.
    """

    # Each has a hook manager of its own: with a shared one, a hook that raises would keep those after it from
    # being called.

    def __init__(self, claim: Installed, plugin: object) -> None:
        self.claim = claim
        self.plugin = plugin
        self._hooks = Hooks().implemented(claim, plugin)
        self._has_failed = False

    def __str__(self) -> str:
        return f"the {self.claim.kind.noun} {self.claim.name!r} of {self.claim.owner}"

    @classmethod
    def of(cls, given: object) -> Observer:
        """Return the observer for an object or module of the caller; raise UsageError for a class."""
        if isinstance(given, Observer):
            return given
        if inspect.isclass(given):
            raise UsageError(
                f"the observer {given.__name__!r} is a class", f"pass an instance: {given.__name__}()"
            )
        named = given if isinstance(given, ModuleType) else type(given)
        return cls(Installed(OBSERVERS, named.__name__, named.__name__, HERE, ""), given)

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks that it implements."""
        return tuple(hook for hook in self.claim.kind.hook_names if hook in self._hooks)

    def tell(self, hook: str, **values: object) -> None:
        """Call a hook, if the observer has it; log its first exception, and never raise."""
        call = self._hooks.get(hook)
        if call is None:
            return
        try:
            call(**values)
        except BaseException as error:  # noqa: BLE001 - no observer may harm the run
            self._report(hook, error)

    def _report(self, hook: str, error: BaseException) -> None:
        # A tracker that is down fails for every row: one warning says it.
        if self._has_failed:
            logger.debug("%s: %s raised again", self, hook, exc_info=error)
            return
        self._has_failed = True
        advice = "the run continues; further errors of this observer aren't shown"
        logger.warning("%s", broken_by(self.claim, hook, error, [advice]))
