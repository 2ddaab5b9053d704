"""Names resolve to classes, and each failure is an error of its own that leaves the other plugins alone."""

from __future__ import annotations

import sys
import textwrap
import threading

import pytest

from seedbed.errors import (
    AmbiguousPluginError,
    BrokenPluginError,
    DisabledPluginError,
    IncompatiblePluginError,
    UnknownPluginError,
    UsageError,
)
from seedbed.llm.llm import LLM
from seedbed.plugins.policy.eligibility import Status
from seedbed.plugins.policy.policy import Policy
from seedbed.plugins.registry import Registry, default_registry
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.steps import Step
from seedbed.tasks.task_kinds import STEPS

HOOK = """
    from seedbed.hookspecs import hookimpl
    from seedbed.llm.llm import LLM

    @hookimpl
    def seedbed_llm(name):
        {body}
"""

BROKEN = {
    "raises at import": ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
    "exits at import": ("import sys; sys.exit('bye')", "SystemExit: bye"),
    "syntax": ("def oops(:\n  pass", "SyntaxError"),
    "misspelt hook": (HOOK.format(body="pass").replace("seedbed_llm", "seedbed_lm"), "'seedbed_lm'"),
    "bad signature": (
        HOOK.format(body="pass").replace("(name)", "(nom)"),
        "takes 'nom', which is not one",
    ),
    "no hook": ("", "has no hook seedbed_llm"),
    "unmarked hook": (HOOK.format(body="pass").replace("@hookimpl", ""), "is not marked as a hook"),
    "returns None": (HOOK.format(body="return None"), "returned None"),
    "returns an instance": (HOOK.format(body="return 'sk-secret'"), "an object of type str"),
    "returns an instance of the class": (
        HOOK.format(body="from seedbed.testing import EchoLLM; return EchoLLM()"),
        "return the class itself: EchoLLM, not EchoLLM(...)",
    ),
    "is a coroutine": (
        HOOK.format(body="return LLM").replace("def seedbed", "async def seedbed"),
        "write `def seedbed_llm(name):`, without `async`",
    ),
    "yields": (HOOK.format(body="yield LLM"), "have seedbed_llm return the class, and not yield it"),
    "returns another class": (HOOK.format(body="return dict"), "the class dict"),
    "returns an abstract class": (
        HOOK.format(body="return LLM"),
        "lacks respond\n  define respond in it, or",
    ),
    "hook raises": (HOOK.format(body="raise KeyError('x')"), "KeyError"),
    "hook exits": (HOOK.format(body="raise SystemExit(3)"), "SystemExit"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_named_and_the_others_go_on(site, case):
    source, expected = BROKEN[case]
    site.install_llm("bad", source)
    site.install_llm("good")
    registry = site.registry()
    for _ in range(2):
        with pytest.raises(BrokenPluginError) as caught:
            registry.llm("bad")
        assert "'bad' of dist-bad 1.0" in str(caught.value)
        assert expected in str(caught.value)
        assert "sk-secret" not in str(caught.value)
        assert issubclass(registry.llm("good"), LLM)


@pytest.mark.parametrize(("named", "noun"), [("FakeTask", "class"), ("seedbed_task", "function")])
def test_an_entry_point_names_a_module(site, named, noun):
    site.install("dist-odd", {"seedbed.tasks": {"odd": f"mod_odd:{named}"}}, {"mod_odd": site.task_module})

    with pytest.raises(BrokenPluginError) as caught:
        site.registry().task("odd")

    assert f"its entry point names the {noun} '{named}', where a module is expected" in caught.value.fact
    assert caught.value.advice == (
        'write odd = "mod_odd", and have seedbed_task(name) return the class in that module',
    )


def test_the_error_of_a_broken_import_is_chained_with_its_line(site):
    site.install_llm("bad", "x = 1\nraise RuntimeError('no luck')\n")
    with pytest.raises(BrokenPluginError, match=r"mod_bad\.py, line 2") as caught:
        site.registry().llm("bad")
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_ctrl_c_during_an_import_is_not_a_broken_plugin(site):
    site.install_llm("bad", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        site.registry().llm("bad")


def test_a_misspelt_hook_gets_a_suggestion(site):
    site.install_llm("bad", BROKEN["misspelt hook"][0])
    with pytest.raises(BrokenPluginError, match="did you mean 'seedbed_llm'"):
        site.registry().llm("bad")


@pytest.mark.parametrize(
    ("module", "requirement", "command"),
    [
        ("nowhere_hub", "nowhere-hub>=1; extra == 'hub'", "pip install 'dist-bad[hub]'"),
        ("nowhere_hub.sub", "nowhere-hub", "pip install nowhere-hub"),
        ("nowhere_hub", "something-else", "the module 'nowhere_hub' is not installed"),
    ],
)
def test_a_missing_module_is_looked_up_in_the_metadata_of_the_plugin(site, module, requirement, command):
    site.install_llm("bad", HOOK.format(body=f"import {module}"), requires=[requirement])
    with pytest.raises(BrokenPluginError) as caught:
        site.registry().llm("bad")
    assert command in caught.value.advice


def test_an_entry_point_whose_own_module_is_missing_says_so(site):
    site.install("ghost", {"seedbed.llms": {"ghost": "mod_ghost"}})
    with pytest.raises(BrokenPluginError, match="pip install --force-reinstall ghost"):
        site.registry().llm("ghost")


def test_a_lazily_exporting_package_is_not_made_to_import_everything(site):
    lazy = """
        def __getattr__(name):
            raise AssertionError(f"{name} was looked at")

        def __dir__():
            return [*globals(), "HeavyLLM"]
    """
    site.install_llm("lazy", site.llm_module + textwrap.dedent(lazy))
    assert issubclass(site.registry().llm("lazy"), LLM)


def test_a_class_is_remembered_and_asked_for_once(site):
    site.install_llm("once")
    registry = site.registry()
    first = registry.llm("once")
    del sys.modules["mod_once"]
    assert registry.llm("once") is first
    assert "mod_once" not in sys.modules


def test_a_module_behind_several_names_is_registered_once_and_told_which_name(site):
    source = """
        from seedbed.hookspecs import hookimpl
        from seedbed.llm.llm import LLM

        class One(LLM):
            async def respond(self, request): ...

        class Two(One): ...

        @hookimpl
        def seedbed_llm(name):
            return {"one": One, "two": Two}[name]
    """
    site.install("both", {"seedbed.llms": {"one": "mod_both", "two": "mod_both"}}, {"mod_both": source})
    registry = site.registry()
    assert [registry.llm(name).__name__ for name in ("one", "two")] == ["One", "Two"]


def test_only_the_owner_of_a_name_is_asked(site):
    nosy = HOOK.format(body="raise AssertionError('asked for ' + name)")
    site.install_llm("nosy", nosy)
    site.install_llm("good")
    registry = site.registry()
    with pytest.raises(BrokenPluginError, match="asked for nosy"):
        registry.llm("nosy")
    assert issubclass(registry.llm("good"), LLM)


def test_many_threads_may_resolve_at_once(site):
    names = {f"fake-{number}": "mod_shared" for number in range(16)}
    site.install("shared", {"seedbed.llms": names}, {"mod_shared": site.llm_module})
    registry = site.registry()
    start = threading.Barrier(len(names))
    found: list[type] = []

    def resolve(name):
        start.wait()
        found.append(registry.llm(name))

    threads = [threading.Thread(target=resolve, args=(name,)) for name in names]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(found) == len(names)
    assert len(set(found)) == 1


def test_two_registries_share_nothing(site):
    site.install_llm("one")
    one, other = site.registry(), site.registry(Policy(deny=("dist-one",)))
    one.add(Mine)
    assert issubclass(one.llm("one"), LLM)
    with pytest.raises(DisabledPluginError):
        other.llm("one")
    with pytest.raises(UnknownPluginError):
        other.llm("mine")


def test_the_default_registry_is_made_once():
    assert default_registry() is default_registry()


# Claims: who owns a name


def install_rivals(site):
    site.install("rival-a", {"seedbed.llms": {"same": "mod_a"}}, {"mod_a": site.llm_module}, version="1.1")
    site.install("rival-b", {"seedbed.llms": {"same": "mod_b"}}, {"mod_b": site.llm_module}, version="2.2")
    site.install_llm("good")


def test_a_doubled_name_is_never_decided_silently(site):
    install_rivals(site)
    registry = site.registry()
    with pytest.raises(AmbiguousPluginError) as caught:
        registry.llm("same")
    for part in ("rival-a 1.1", "rival-b 2.2", 'prefer = ["NAME"]', "SEEDBED_PLUGINS_PREFER=NAME"):
        assert part in str(caught.value)
    # Neither is recommended: one of them may be a stranger's, under a name of Seedbed's own.
    assert "decide for one command with --prefer rival-a or --prefer rival-b" in caught.value.advice
    assert not {"mod_a", "mod_b"} & set(sys.modules)
    assert issubclass(registry.llm("good"), LLM)


def test_prefer_decides_a_doubled_name(site):
    install_rivals(site)
    registry = site.registry(Policy(prefer=("other", "Rival_B")))
    assert registry.llm("same").__module__ == "mod_b"
    assert {entry.installed.distribution: entry.status for entry in registry.entries()} == {
        "rival-a": Status.DISABLED,
        "rival-b": Status.OK,
        "dist-good": Status.OK,
    }


def test_denying_one_of_two_decides_a_doubled_name(site):
    install_rivals(site)
    assert site.registry(Policy(deny=("rival-b",))).llm("same").__module__ == "mod_a"


def test_an_incompatible_rival_does_not_decide_a_doubled_name(site):
    site.install("rival-a", {"seedbed.llms": {"same": "mod_a"}}, requires=["seedbed<0.0.1"])
    site.install_llm("same")
    with pytest.raises(AmbiguousPluginError):
        site.registry().llm("same")


def test_a_task_and_a_step_of_two_distributions_share_one_namespace(site):
    site.install("tasky", {"seedbed.tasks": {"same": "mod_t"}}, {"mod_t": site.task_module})
    site.install("steppy", {"seedbed.steps": {"same": "mod_s"}}, {"mod_s": site.task_module})
    registry = site.registry()
    for resolve in (registry.task, registry.step):
        with pytest.raises(AmbiguousPluginError, match="the name 'same' is claimed by") as caught:
            resolve("same")
        assert "task 'same' of tasky 1.0" in str(caught.value)
        assert "step 'same' of steppy 1.0" in str(caught.value)


@pytest.mark.parametrize("noun", ["task", "step"])
def test_a_doubled_name_is_called_what_its_claims_are_whoever_asks(site, noun):
    for owner in ("one", "two"):
        site.install(
            owner, {f"seedbed.{noun}s": {"same": f"mod_{owner}"}}, {f"mod_{owner}": site.task_module}
        )
    registry = site.registry()
    for resolve in (registry.task, registry.step):
        with pytest.raises(AmbiguousPluginError, match=f"the {noun} 'same' is claimed by one 1.0 and by two"):
            resolve("same")


def test_a_name_registered_twice_by_one_distribution_is_ambiguous(site):
    site.install(
        "double", {"seedbed.llms": {"same": "mod_a"}}, {"mod_a": site.llm_module, "mod_b": site.llm_module}
    )
    with (site.folder / "double-1.0.dist-info" / "entry_points.txt").open("a") as file:
        file.write("same = mod_b\n")
    with pytest.raises(AmbiguousPluginError, match=r"registered twice by double 1\.0"):
        site.registry().llm("same")


def test_an_incompatible_plugin_is_refused_before_import(site):
    site.install_llm("old", requires=["seedbed<0.0.1"])
    site.install_llm("good")
    registry = site.registry()
    with pytest.raises(IncompatiblePluginError, match=r"requires seedbed <0\.0\.1, and \d\S* is running"):
        registry.llm("old")
    assert "mod_old" not in sys.modules
    assert issubclass(registry.llm("good"), LLM)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (Policy(deny=("Dist_Bad",), origins={"deny": "'deny' in x.toml"}), "denied by 'deny' in x.toml"),
        (Policy(allow=("dist-good",)), "not among those allowed by the argument 'allow'"),
    ],
)
def test_policy_refuses_before_import_and_says_where_it_was_set(site, policy, said):
    site.install_llm("bad")
    site.install_llm("good")
    registry = site.registry(policy)
    with pytest.raises(DisabledPluginError, match=said):
        registry.llm("bad")
    assert "mod_bad" not in sys.modules
    assert issubclass(registry.llm("good"), LLM)


def test_an_invalid_name_is_listed_and_refused(site):
    site.install_llm("Bad_Name")
    site.install_llm("good")
    registry = site.registry()
    assert {e.installed.name: e.status for e in registry.entries()}["Bad_Name"] is Status.INVALID_NAME
    with pytest.raises(BrokenPluginError, match="must rename it"):
        registry.llm("Bad_Name")
    assert issubclass(registry.llm("good"), LLM)


# Unknown names


def test_where_no_backend_is_installed_the_first_party_ones_are_named():
    with pytest.raises(UnknownPluginError) as caught:
        Registry((), Policy()).llm("anything")

    owners = "seedbed-openai or seedbed-anthropic or seedbed-llamacpp"
    assert caught.value.advice[-1] == f"Seedbed's own: pip install {owners}"


def test_an_unknown_name_gets_a_suggestion_and_what_is_installed(site):
    site.install("tasks", {"seedbed.tasks": {"haiku": "mod_t"}, "seedbed.steps": {"keep": "mod_t"}})
    with pytest.raises(UnknownPluginError) as caught:
        site.registry().task("haikku")
    assert caught.value.fact == "no task named 'haikku' is installed"
    assert caught.value.advice == ("did you mean 'haiku'?", "installed tasks and steps: haiku, keep")


def test_nothing_installed_names_the_interpreter(site):
    with pytest.raises(UnknownPluginError, match="installed for") as caught:
        site.registry().llm("openai")
    assert sys.executable in str(caught.value)
    assert "pip install seedbed-openai" in caught.value.advice


def test_no_stranger_is_ever_recommended_for_installation(site):
    with pytest.raises(UnknownPluginError) as caught:
        site.registry().task("haiku")
    assert "pip" not in str(caught.value)


def test_a_name_of_another_kind_says_so(site):
    site.install("kinds", {"seedbed.tasks": {"haiku": "mod_t"}, "seedbed.llms": {"openai": "mod_t"}})
    with pytest.raises(UnknownPluginError, match="'openai' is an LLM backend"):
        site.registry().task("openai")
    with pytest.raises(UnknownPluginError, match="'haiku' is a task"):
        site.registry().llm("haiku")


# Tasks and steps


def test_tasks_and_steps_resolve_by_kind(site):
    groups = {"seedbed.tasks": {"haiku": "mod_t"}, "seedbed.steps": {"keep": "mod_t"}}
    site.install("both", groups, {"mod_t": site.task_module})
    registry = site.registry()
    assert issubclass(registry.task("haiku"), GeneratorTask)
    assert registry.step("haiku") is registry.task("haiku")
    assert issubclass(registry.step("keep"), Step)
    with pytest.raises(UnknownPluginError, match=r"'keep' of both 1\.0 is a step, not a task"):
        registry.task("keep")


def test_a_name_that_one_distribution_gives_to_a_task_and_a_step_is_resolved_by_what_is_asked(site):
    groups = {"seedbed.tasks": {"same": "mod_t"}, "seedbed.steps": {"same": "mod_t"}}
    site.install("both", groups, {"mod_t": site.task_module})
    registry = site.registry()
    assert registry.task("same").__name__ == "FakeTask"
    assert registry.step("same").__name__ == "FakeStep"


def test_a_task_hook_must_answer_with_a_task(site):
    source = site.task_module.replace("return FakeTask", "return FakeStep")
    site.install("wrong", {"seedbed.tasks": {"haiku": "mod_t"}}, {"mod_t": source})
    with pytest.raises(BrokenPluginError, match="it must return a Task or GeneratorTask class"):
        site.registry().task("haiku")


# Classes of this process


class Mine(LLM):
    async def respond(self, request):
        raise NotImplementedError


class Shout(Step):
    def process(self, row):
        return row


def test_a_class_of_this_process_is_registered_under_its_name(site):
    registry = site.registry()
    assert registry.add(Shout) is Shout
    assert registry.step("shout") is Shout
    registry.add(Shout, name="loud")
    assert registry.names(STEPS) == ("loud", "shout")
    assert [entry.status for entry in registry.entries()] == [Status.OK, Status.OK]


def test_policy_is_over_distributions_and_leaves_classes_of_this_process_alone(site):
    registry = site.registry(Policy(allow=("nobody",)))
    registry.add(Shout)
    assert registry.step("shout") is Shout


def test_a_cell_may_run_again_and_replace_its_class(site):
    registry = site.registry()
    registry.add(Shout)
    again = type("Shout", (Step,), {"process": Shout.process, "__module__": __name__})
    assert registry.add(again) is again
    assert registry.step("shout") is again


def test_adding_a_class_never_shadows_another(site):
    site.install("kinds", {"seedbed.tasks": {"shout": "mod_t"}})
    registry = site.registry()
    with pytest.raises(UsageError, match=r"'shout' is taken by kinds 1\.0"):
        registry.add(Shout)
    registry.add(Shout, name="loud")
    with pytest.raises(UsageError, match="'loud' is taken by this process"):
        registry.add(type("Other", (Shout,), {}), name="loud")


@pytest.mark.parametrize("name", ["Loud", "", "a_b"])
def test_an_added_name_must_be_valid(site, name):
    with pytest.raises(UsageError, match="not of the form"):
        site.registry().add(Shout, name=name)


def test_only_classes_of_a_kind_can_be_added(site):
    with pytest.raises(
        UsageError, match="not a class of a task, a step, an LLM, an embedder, an engine or a format"
    ):
        site.registry().add(dict)


def test_a_backend_is_added_without_the_ending_of_its_class(site):
    registry = site.registry()

    @registry.add
    class ParrotLLM(LLM):
        async def respond(self, request): ...

    assert registry.llm("parrot") is ParrotLLM


def test_a_cell_may_make_another_kind_of_step_of_its_class(site):
    registry = site.registry()
    registry.add(Shout)
    source = type("Shout", (GeneratorTask,), {"__module__": __name__, "__qualname__": "Shout"})
    assert registry.add(source) is source
    assert registry.task("shout") is source


def test_a_class_that_is_abstract_is_not_added():
    with pytest.raises(UsageError, match="the class 'LLM' lacks respond\n  add a class derived from it"):
        Registry((), Policy()).add(LLM)
