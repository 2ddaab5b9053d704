"""LLMs as a command's options choose and change them, including those of a pipeline file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seedbed.cli.failures import blaming
from seedbed.cli.run.settings import Setting, Settings, fields_of
from seedbed.errors import ParameterError, UsageError
from seedbed.llm.keys.file_origin import chosen_by_user
from seedbed.llm.keys.url_secrets import url_secrets
from seedbed.llm.llm import LLM, get_llm, llm_class
from seedbed.suggestions import did_you_mean

if TYPE_CHECKING:
    from seedbed.pipeline.entries import LLMEntry
    from seedbed.plugins.registry import Registry

_KEY_LENGTH = 8


def made_llm(
    reference: str,
    settings: Sequence[Setting],
    registry: Registry,
    *,
    fields: Mapping[str, Any] | None = None,
    prefix: str = "llm",
) -> LLM:
    """Return the LLM of a reference with `fields`, overridden by `settings`.

    `prefix` is what users write before a field's name: `llm`, or `STEP.llm` for the LLM of one step.
    """
    what = f"the LLM {reference!r}"
    cls, _ = llm_class(reference, registry=registry)
    # Any of them may be a key, and an error of the backend's own code may quote it.
    texts = [setting.text for setting in settings if len(setting.text) >= _KEY_LENGTH]
    texts += [secret for setting in settings for secret in url_secrets(setting.text)]
    with blaming(what, texts), chosen_by_user(one.text for one in settings if not one.kept):
        given = {**(fields or {}), **fields_of(cls, settings, what)}
        try:
            return get_llm(reference, registry=registry, **given)
        except ParameterError as error:
            lacking = [name for name, field in cls.model_fields.items() if field.is_required()]
            name = next((name for name in lacking if name not in {"model", *given}), "NAME")
            unfit = ParameterError(
                error.fact,
                *error.advice,
                f"set them with --set {prefix}.{name}=VALUE; "
                f"`seedbed run --llm {reference} --help` shows them",
            )
            unfit.problems = error.problems
            raise unfit from error


class PipelineLLMs:
    """The LLMs of a pipeline file's steps, with the settings of a command.

    `--llm` replaces the file's own `llm:`, and `llm.NAME` sets a field of that LLM, or of every step's LLM
    if the file has no `llm:`. `STEP.llm=REF` and `STEP.llm.NAME` are for the LLM of one step.
    """

    def __init__(self, llm: str | None, settings: Settings, registry: Registry) -> None:
        self._chosen = llm
        self._shared = settings.llm
        self._registry = registry
        self._shared_is_used = False
        self._made: set[str] = set()
        self._of_step: dict[str, list[Setting]] = {}
        self.others: list[Setting] = []
        for setting in settings.own:
            if len(setting.path) > 1 and setting.path[1] == "llm":
                self._of_step.setdefault(setting.path[0], []).append(setting)
            else:
                self.others.append(setting)

    def make(self, step: str, own: LLMEntry | None, default: LLMEntry | None) -> LLM | None:
        """Return the LLM of a step; None if nothing names one."""
        from seedbed.pipeline.entries import LLMEntry

        if self._chosen is not None:
            default = LLMEntry(use=self._chosen)
        of_step = self._of_step.get(step, ())
        replaced = next((one.text for one in reversed(of_step) if len(one.path) == 2), None)
        entry = LLMEntry(use=replaced) if replaced else own or default
        if entry is None:
            return None
        self._made.add(step)
        settings = [one._replace(path=one.path[2:]) for one in of_step if len(one.path) > 2]
        if entry is default or default is None:
            self._shared_is_used = True
            settings = [*self._shared, *settings]
        fields = entry.given()
        return entry.placed(
            made_llm(entry.use, settings, self._registry, fields=fields, prefix=f"{step}.llm")
        )

    def check(self, file: str) -> None:
        """Raise UsageError if no step has used `--llm` or a setting."""
        given = [f"--llm {self._chosen}"] if self._chosen else []
        given += [f"--set llm.{setting.key}" for setting in self._shared]
        if given and not self._shared_is_used:
            raise UsageError(
                f"no step of '{file}' would use {given[0]}",
                "each task has its own LLM: write --set STEP.llm=BACKEND/MODEL, or STEP.llm.NAME=VALUE"
                if self._made
                else "leave it out, or add --llm BACKEND/MODEL if a task has no LLM",
            )
        for step, settings in self._of_step.items():
            if step not in self._made:
                raise UsageError(
                    f"--set {settings[0].key} is for a step without an LLM",
                    *did_you_mean(step, self._made),
                    f"steps with an LLM: {', '.join(sorted(self._made)) or 'none'}",
                )
