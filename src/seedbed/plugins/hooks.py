"""Calls the hook of a single plugin to get its class, and finds the hooks of an observer."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from types import ModuleType

import pluggy

from seedbed.hookspecs import PROJECT, hookspec
from seedbed.plugins.discovery.loading import repair_advice
from seedbed.plugins.discovery.scan import Installed
from seedbed.plugins.failures import broken, broken_by
from seedbed.plugins.kinds import kinds
from seedbed.suggestions import did_you_mean


class _Manager(pluggy.PluginManager):
    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        # A package that exports lazily lists its classes in dir(); getattr would import all of them.
        if isinstance(plugin, ModuleType) and name not in vars(plugin):
            return None
        # Reading an object's properties may run any code.
        if not isinstance(plugin, ModuleType) and not _is_marked(plugin, name):
            return None
        return super().parse_hookimpl_opts(plugin, name)

    def parse_hookspec_opts(
        self, module_or_class: ModuleType | type, name: str
    ) -> pluggy.HookspecOpts | None:
        # Each observer has a manager. Looking up what any class has, one takes 1.9 ms to make, not 0.8.
        if name not in vars(module_or_class) or name.startswith("__"):
            return None
        return super().parse_hookspec_opts(module_or_class, name)


class Hooks:
    """A separate pluggy manager, to which plugins are added when their hooks are called."""

    def __init__(self) -> None:
        self._manager = _Manager(PROJECT)
        for kind in kinds():
            # For a class, the first answer counts; observers are all called.
            specs = {hook.__name__: hookspec(hook, firstresult=bool(kind.base)) for hook in kind.hooks}
            self._manager.add_hookspecs(type(kind.word, (), specs))
        self._lock = threading.Lock()

    def ask(self, claim: Installed, plugin: object) -> object:
        """Return the answer of the hook of `plugin` for the name of `claim`; raises `BrokenPluginError`."""
        with self._lock:
            self._register(claim, plugin)
            others = [other for other in self._manager.get_plugins() if other is not plugin]
        hook = self._manager.subset_hook_caller(claim.kind.hook, others)
        try:
            return self._call(hook, claim)
        except (Exception, SystemExit) as error:
            doing = f"{claim.kind.hook}({claim.name!r})"
            raise broken_by(claim, doing, error, repair_advice(claim, error)) from error

    def _call(self, hook: pluggy.HookCaller, claim: Installed) -> object:
        """Call the hook; pluggy passes to each implementation the arguments that it takes."""
        return hook(name=claim.name)

    def implemented(self, claim: Installed, plugin: object) -> dict[str, Callable[..., object]]:
        """Return callables for an observer's hooks, by name; no other plugin shares these hooks.

        Raises `BrokenPluginError` if one of them couldn't be called.
        """
        self._register(claim, plugin)
        for unmarked in _unmarked(claim, plugin, self._names(plugin)):
            raise broken(claim, *_not_marked(claim, unmarked))
        callers = [caller for caller in self._manager.get_hookcallers(plugin) or [] if caller.has_spec()]
        for caller in callers:
            for impl in caller.get_hookimpls():
                if inspect.iscoroutinefunction(impl.function):
                    raise broken(claim, f"{caller.name} is a coroutine function", "make it a plain one")
                is_wrapper = impl.wrapper or impl.hookwrapper
                if inspect.isasyncgenfunction(impl.function) or (
                    inspect.isgeneratorfunction(impl.function) and not is_wrapper
                ):
                    # Calling a generator function runs none of its code.
                    raise broken(claim, f"{caller.name} yields", "make it a plain function, without `yield`")
        return {caller.name: caller for caller in callers}

    def _names(self, plugin: object) -> set[str]:
        return {caller.name for caller in self._manager.get_hookcallers(plugin) or []}

    def _register(self, claim: Installed, plugin: object) -> None:
        if not self._manager.is_registered(plugin):
            try:
                self._manager.register(plugin)
                self._refuse_unknown_hooks(claim, plugin)
            except pluggy.PluginValidationError as error:
                self._forget(plugin)
                raise broken(claim, *_misfit(plugin, error)) from error
        if self._names(plugin).isdisjoint(claim.kind.hook_names):
            raise broken(claim, *_lacks_hook(claim, plugin))

    def _refuse_unknown_hooks(self, claim: Installed, plugin: object) -> None:
        for caller in self._manager.get_hookcallers(plugin) or []:
            own = [impl for impl in caller.get_hookimpls() if impl.plugin is plugin]
            if not caller.has_spec() and not all(impl.optionalhook for impl in own):
                self._forget(plugin)
                advice = did_you_mean(caller.name, _specs()) or (f"its hooks are {', '.join(_specs())}",)
                raise broken(claim, f"it implements {caller.name!r}, which is not a hook of Seedbed", *advice)

    def _forget(self, plugin: object) -> None:
        if self._manager.is_registered(plugin):
            self._manager.unregister(plugin)


def _specs() -> dict[str, Callable[..., object]]:
    return {hook.__name__: hook for kind in kinds() for hook in kind.hooks}


def _misfit(plugin: object, error: Exception) -> tuple[str, ...]:
    """Return which hook of `plugin` pluggy refuses with `error`, and why."""
    for hook, spec in _specs().items():
        if not _is_marked(plugin, hook):
            continue
        known = list(inspect.signature(spec).parameters)
        for name in _required(getattr(plugin, hook, None)):
            if name not in known:
                return (
                    f"the hook {hook!r} takes {name!r}, which is not one of its arguments",
                    *did_you_mean(name, known),
                    f"it may take {', '.join(known)}",
                )
    return (f"a hook does not fit its specification: {str(error).splitlines()[-1]}",)


def _required(function: object) -> Iterator[str]:
    for name, parameter in inspect.signature(function).parameters.items() if callable(function) else ():
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is parameter.empty:
            yield name


def _is_marked(plugin: object, name: str) -> bool:
    return hasattr(inspect.getattr_static(plugin, name, None), f"{PROJECT}_impl")


def _unmarked(claim: Installed, plugin: object, marked: set[str]) -> Iterator[str]:
    """Yield the hooks that a plugin defines but doesn't mark with `@hookimpl`."""
    places = (plugin,) if isinstance(plugin, ModuleType) else (plugin, *type(plugin).__mro__)
    defined = {name for place in places for name in getattr(place, "__dict__", {})}
    return (hook for hook in claim.kind.hook_names if hook in defined - marked)


def _not_marked(claim: Installed, hook: str) -> tuple[str, str]:
    return f"{hook} in {claim.value!r} is not marked as a hook", "put @hookimpl of seedbed above it"


def _lacks_hook(claim: Installed, plugin: object) -> tuple[str, str]:
    for hook in _unmarked(claim, plugin, set()):
        return _not_marked(claim, hook)
    if ":" in claim.value and (inspect.isclass(plugin) or inspect.isroutine(plugin)):
        return _names_no_module(claim, plugin)
    hooks = claim.kind.hook_names
    if len(hooks) > 1:
        return (
            f"{claim.value!r} has none of the hooks of an {claim.kind.noun}",
            f"define one of {', '.join(hooks)} there, with @hookimpl of seedbed above it",
        )
    return (
        f"{claim.value!r} has no hook {hooks[0]}",
        f"define {hooks[0]}(name) there, with @hookimpl of seedbed above it",
    )


def _names_no_module(claim: Installed, plugin: object) -> tuple[str, str]:
    module, _, attribute = claim.value.partition(":")
    noun = "class" if inspect.isclass(plugin) else "function"
    return (
        f"its entry point names the {noun} {attribute.strip()!r}, where a module is expected",
        f'write {claim.name} = "{module.strip()}", and have {_hooks_text(claim)} in that module',
    )


def _hooks_text(claim: Installed) -> str:
    return f"{claim.kind.hook}(name) return the class" if claim.kind.base else "the hooks"
