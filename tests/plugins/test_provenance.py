"""A class is traced to the plugins that it comes from, by its name or by its package."""

from __future__ import annotations

from importlib import import_module

from seedbed import Step
from seedbed.plugins.provenance import claims_behind


class Local(Step):
    def process(self, row):
        return row


def test_a_class_that_was_resolved_comes_from_the_name_that_was_asked_for(site):
    points = {"seedbed.tasks": {"one": "mod_task", "two": "mod_task"}}
    site.install("dist-task", points, {"mod_task": site.task_module})
    registry = site.registry()
    cls = registry.task("one")

    assert [claim.name for claim in claims_behind(cls, registry)] == ["one"]


def test_a_class_that_a_hook_took_from_elsewhere_comes_from_the_hook_s_owner(site):
    source = """
        from seedbed.hookspecs import hookimpl

        @hookimpl
        def seedbed_task(name):
            from mod_task import FakeTask
            return FakeTask
    """
    site.install("front", {"seedbed.tasks": {"one": "mod_front"}}, {"mod_front": source})
    site.install("dist-task", {}, {"mod_task": site.task_module})
    registry = site.registry()

    assert [claim.distribution for claim in claims_behind(registry.task("one"), registry)] == ["front"]


def test_a_class_that_was_imported_comes_from_the_plugins_of_its_package(site):
    points = {"seedbed.tasks": {"one": "pack.task"}, "seedbed.steps": {"two": "pack:hooks"}}
    site.install("dist-task", points, {"pack.__init__": "", "pack.task": site.task_module})
    site.install_llm("other")
    registry = site.registry()

    behind = claims_behind(import_module("pack.task").FakeTask, registry)

    assert [claim.name for claim in behind] == ["two", "one"]


def test_a_class_of_the_program_comes_from_no_plugin(site):
    registry = site.registry()
    registry.add(Local)

    assert claims_behind(registry.step("local"), registry) == ()
