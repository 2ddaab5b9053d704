"""Observers are resolved by name or given as objects; what does not fit is an error beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed import hookimpl
from seedbed.engine.observing.named import NamedObservers, configured_observers, observer_named, observers_of
from seedbed.engine.observing.observer import Observer
from seedbed.errors import (
    AmbiguousPluginError,
    BrokenPluginError,
    DisabledPluginError,
    IncompatiblePluginError,
    UnknownPluginError,
    UsageError,
)
from seedbed.llm.llm import LLM
from seedbed.plugins.policy.policy import Policy
from seedbed.plugins.registry import Registry

WATCH = """
    from seedbed.hookspecs import hookimpl

    heard = []

    @hookimpl
    def seedbed_row_finished(row):
        heard.append(row)
"""

BROKEN = {
    "raises at import": ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
    "misspelt hook": (
        WATCH.replace("row_finished", "row_finish"),
        "'seedbed_row_finish', which is not a hook",
    ),
    "bad signature": (WATCH.replace("(row)", "(line)"), "it may take run, row"),
    "unmarked hook": (
        WATCH.replace("@hookimpl", ""),
        "seedbed_row_finished in 'mod_watch' is not marked as a hook",
    ),
    "one of two unmarked": (
        WATCH + "    def seedbed_run_started(run): ...\n",
        "seedbed_run_started in 'mod_watch' is not marked as a hook",
    ),
    "no hook": ("", "has none of the hooks of an observer"),
    "generator": (WATCH.replace("heard.app", "yield heard.app"), "seedbed_row_finished yields"),
    "asynchronous generator": (
        WATCH.replace("heard.app", "yield heard.app").replace("def seedbed", "async def seedbed"),
        "seedbed_row_finished yields",
    ),
    "coroutine": (WATCH.replace("def seedbed", "async def seedbed"), "is a coroutine function"),
}


@pytest.fixture
def watch(site):
    """Installs an observer `watch` of a distribution `dist-watch`."""

    def install(source=WATCH, distribution="dist-watch", module="mod_watch", **options):
        site.install(distribution, {"seedbed.observers": {"watch": module}}, {module: source}, **options)
        return site

    return install


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_observer_is_named(watch, case):
    source, expected = BROKEN[case]
    with pytest.raises(BrokenPluginError) as caught:
        observer_named("watch", watch(source).registry())
    assert "the observer 'watch' of dist-watch 1.0 is broken" in str(caught.value)
    assert expected in str(caught.value)


def test_a_class_of_a_file_that_needs_arguments_is_given_as_an_object(site, monkeypatch):
    monkeypatch.chdir(site.folder)
    Path("own.py").write_text("class Own:\n    def __init__(self, url): ...\n")
    with pytest.raises(BrokenPluginError, match=r"Own\(\) raised TypeError: .*'url'") as caught:
        observers_of(["own.py:Own"])
    assert "observers=[Own(...)] in Python" in str(caught.value)


def test_a_file_without_its_class_is_no_observer():
    with pytest.raises(UnknownPluginError, match=r"name the class in the file: \./own.py:CLASS"):
        observers_of(["./own.py"])


def test_a_misspelt_hook_gets_a_suggestion(watch):
    with pytest.raises(BrokenPluginError, match="did you mean 'seedbed_row_finished'"):
        observer_named("watch", watch(BROKEN["misspelt hook"][0]).registry())


def test_an_observer_hears_what_it_has_a_hook_for(watch):
    observer = observer_named("watch", watch().registry())
    observer.tell("seedbed_run_started", run=1)
    observer.tell("seedbed_row_finished", run=1, row=2)

    assert observer.hooks == ("seedbed_row_finished",)
    assert observer.plugin.heard == [2]


def test_two_observers_of_one_registry_hear_each_their_own(watch, site):
    watch()
    site.install("other", {"seedbed.observers": {"listen": "mod_listen"}}, {"mod_listen": WATCH})
    registry = site.registry()
    watching, listening = observer_named("watch", registry), observer_named("listen", registry)
    watching.tell("seedbed_row_finished", run=1, row=2)

    assert (watching.plugin.heard, listening.plugin.heard) == ([2], [])


def test_a_module_may_be_a_backend_and_an_observer(site):
    points = {"seedbed.llms": {"both": "mod_both"}, "seedbed.observers": {"both": "mod_both"}}
    site.install("dist-both", points, {"mod_both": f"{site.llm_module}\n" + WATCH.replace("\n    ", "\n")})
    registry = site.registry()

    assert observer_named("both", registry).hooks == ("seedbed_row_finished",)
    assert issubclass(registry.llm("both"), LLM)


def test_a_name_of_nobody_is_answered_with_those_that_are_there(watch):
    with pytest.raises(UnknownPluginError, match="no observer named 'wach'") as caught:
        observer_named("wach", watch().registry())
    assert "did you mean 'watch'?" in caught.value.advice
    assert "installed observers: watch" in caught.value.advice


def test_a_name_of_another_kind_says_so(site):
    site.install_llm("fake")
    site.install("dist-watch", {"seedbed.observers": {"watch": "mod_watch"}}, {"mod_watch": WATCH})
    with pytest.raises(UnknownPluginError, match="'fake' is an LLM backend"):
        observer_named("fake", site.registry())
    with pytest.raises(UnknownPluginError, match="'watch' is an observer: --plugin watch"):
        site.registry().task("watch")


def test_a_name_of_two_distributions_is_ambiguous_until_one_is_preferred(watch, site):
    watch()
    watch(distribution="other", module="mod_other")
    with pytest.raises(
        AmbiguousPluginError, match=r"by dist-watch 1\.0 and by other 1\.0|by other 1\.0 and by dist-watch"
    ):
        observer_named("watch", site.registry())
    assert observer_named("watch", site.registry(Policy(prefer=("other",)))).claim.distribution == "other"


def test_one_that_is_denied_or_does_not_fit_this_version_is_not_imported(watch):
    site = watch("raise AssertionError", requires=["seedbed<0.0.1"])
    with pytest.raises(IncompatiblePluginError, match="does not fit this Seedbed"):
        observer_named("watch", site.registry())
    with pytest.raises(DisabledPluginError, match="'dist-watch' is denied"):
        observer_named("watch", site.registry(Policy(deny=("dist-watch",))))


class Watch:
    @hookimpl
    def seedbed_row_finished(self, row):
        pass

    @property
    def explosive(self):
        raise AssertionError("somebody looked")


def test_an_object_is_an_observer_and_its_properties_are_left_alone():
    observer = Observer.of(Watch())

    assert str(observer) == "the observer 'Watch' of this process"
    assert Observer.of(observer) is observer


def test_a_class_in_place_of_an_object_is_refused():
    with pytest.raises(UsageError, match=r"pass an instance: Watch\(\)"):
        Observer.of(Watch)


class Unmarked:
    def seedbed_row_finished(self, row):
        pass


class Misspelt:
    @hookimpl
    def seedbed_row_finised(self, row):
        pass


def test_a_misspelt_argument_is_named_with_those_that_there_are():
    class Hopeful:
        @hookimpl
        def seedbed_row_finished(self, rows):
            raise AssertionError(rows)

    with pytest.raises(BrokenPluginError) as caught:
        Observer.of(Hopeful())

    assert caught.value.fact == (
        "the observer 'Hopeful' of this process is broken: "
        "the hook 'seedbed_row_finished' takes 'rows', which is not one of its arguments"
    )
    assert caught.value.advice == ("did you mean 'row'?", "it may take run, row")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Unmarked(), "is not marked as a hook"),
        (Misspelt(), "did you mean 'seedbed_row_finished'"),
        (print, "has none of the hooks of an observer"),
    ],
)
def test_an_object_without_right_hooks_is_refused(given, said):
    with pytest.raises(BrokenPluginError, match=said):
        Observer.of(given)


def test_names_objects_and_settings_add_up_and_each_comes_once(watch):
    given = Watch()
    observers = observers_of(
        ["watch", given, given], registry=watch().registry(), named=NamedObservers(("watch",), "the settings")
    )

    assert [observer.claim.name for observer in observers] == ["watch", "Watch"]


def test_one_name_in_place_of_a_list_is_refused():
    with pytest.raises(UsageError, match=r"observers=\['watch'\]"):
        observers_of("watch", named=NamedObservers())


def test_a_class_in_a_file_is_an_observer(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(
        "from seedbed import hookimpl\n"
        "class Own:\n    @hookimpl\n    def seedbed_row_finished(self, row): ...\n"
        "class Needy(Own):\n    def __init__(self, what): ...\n"
    )
    (observer,) = observers_of([f"{path}:Own"], named=NamedObservers())
    assert observer.claim.name == "Own"
    with pytest.raises(BrokenPluginError, match=r"Needy\(\) raised TypeError"):
        observers_of([f"{path}:Needy"], named=NamedObservers())


def test_the_strongest_place_that_names_observers_counts(tmp_path):
    inner = tmp_path / "a"
    inner.mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.seedbed]\nobservers = ["one"]\n')
    (inner / "pyproject.toml").write_text("[tool.seedbed.plugins]\ndeny = []\n")
    assert configured_observers(folder=inner, environ={}).names == ("one",)
    (tmp_path / "seedbed.toml").write_text('observers = ["two", "three"]\n\n[plugins]\nallow = []\n')
    named = configured_observers(folder=inner, environ={})
    assert named == NamedObservers(("two", "three"), f"'observers' in {tmp_path / 'seedbed.toml'}")
    named = configured_observers(folder=inner, environ={"SEEDBED_OBSERVERS": "four, five"})
    assert named == NamedObservers(("four", "five"), "the environment variable SEEDBED_OBSERVERS")
    assert configured_observers(folder=inner, environ={"SEEDBED_OBSERVERS": ""}).names == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('observers = "one"', "isn't a list"),
        ("observers = [1]", "has 1, which isn't the name of an observer"),
        ('observers = ["own.py:Own"]', "name code in a file only on the command line"),
    ],
)
def test_a_setting_that_is_no_list_of_names_is_refused(tmp_path, text, said):
    (tmp_path / "seedbed.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        configured_observers(folder=tmp_path, environ={})


def test_an_error_says_which_setting_names_the_observer(watch):
    with pytest.raises(UnknownPluginError) as caught:
        observers_of(
            registry=watch().registry(), named=NamedObservers(("wach",), "'observers' in seedbed.toml")
        )
    assert "it's named by 'observers' in seedbed.toml" in caught.value.advice


@pytest.mark.parametrize("name", ["my_pkg.watch:Log", "watch:Log"])
def test_a_class_in_a_module_is_told_how_to_be_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src" / "my_pkg").mkdir(parents=True)
    (tmp_path / "src" / "my_pkg" / "watch.py").touch()

    with pytest.raises(UnknownPluginError) as caught:
        observers_of([name], registry=Registry([]), named=NamedObservers())

    file = "src/my_pkg/watch.py" if "my_pkg" in name else "PATH.py"
    assert f"named by its file: {file}:Log" in caught.value.advice[0]
    assert "observers=[Log()]" in caught.value.advice[1]
