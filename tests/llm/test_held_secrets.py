"""A key counts as secret wherever an LLM or a step holds it, whatever the type of the field says."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr
from tests.support.scripted_llm import ScriptedLLM, scripted

from seedbed import LLM, ParameterError, Pipeline, Step, UsageError, get_llm
from seedbed.engine.plan_making import make_plan
from seedbed.plugins.fields.build import build
from seedbed.plugins.fields.secret_fields import is_secret

KEY = "sk-abcdefghij0123456789"


class PlainLLM(ScriptedLLM):
    """Its author didn't think of SecretStr."""

    password: str = ""
    accessToken: str = ""  # noqa: N815 - as some write it
    options: dict[str, Any] = {}


def assigned(field: str, value: Any) -> LLM:
    llm = get_llm("openai/m", api_key="another-0123456789")
    setattr(llm, field, value)
    return llm


HOLDERS: dict[str, Callable[[], LLM]] = {
    "assigned": lambda: assigned("api_key", KEY),
    "assigned headers": lambda: assigned("default_headers", {"x-gate": KEY}),
    "copied": lambda: scripted(api_key="other").model_copy(update={"api_key": KEY}),
    "not checked": lambda: ScriptedLLM.model_construct(model="m", api_key=KEY),
    "a plain password": lambda: PlainLLM(password=KEY),
    "a name of two words": lambda: PlainLLM(accessToken=KEY),
    "a header": lambda: PlainLLM(options={"X-Api-Key": KEY}),
    "headers": lambda: PlainLLM(options={"headers": {"x-gate": f"Bearer {KEY}"}}),
    "in a list": lambda: PlainLLM(options={"servers": [{"passwd": KEY}]}),
    "extra": lambda: scripted(extra={"api_key": KEY}),
    "extra, in an address": lambda: scripted(extra={"callback": f"https://h/x?sig={KEY}"}),
    "headers of the openai backend": lambda: get_llm("openai/m", default_headers={"x-gate": KEY}),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_it_is_known_and_neither_shown_nor_pickled(holder: str) -> None:
    llm = HOLDERS[holder]()
    assert KEY in llm.secrets()
    shown = [
        repr(llm),
        str(llm),
        f"{llm}",
        repr(llm.bound),
    ]
    if holder != "not checked":
        # Of what it never checked, pydantic makes no JSON.
        shown += [llm.model_dump_json(), str(llm.model_dump(mode="json"))]
    shown += [repr(copy.copy(llm)), repr(copy.deepcopy(llm)), str([*llm.__rich_repr__()])]
    assert not [text for text in shown if KEY in text]
    with pytest.raises(pickle.PicklingError) as caught:
        pickle.dumps(llm)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("holder", ["assigned", "assigned headers", "copied"])
def test_what_is_assigned_is_sealed_as_its_type_says(holder: str) -> None:
    assert KEY not in str(vars(HOLDERS[holder]()))


@pytest.mark.parametrize("extra", [{"api_key": KEY}, {"callback": f"https://h/x?sig={KEY}"}])
def test_a_pipeline_that_holds_one_is_not_written_to_a_file(extra: dict[str, str]) -> None:
    from seedbed_tasks import TextGeneration

    pipeline = Pipeline([TextGeneration(llm=get_llm("openai/m", extra=extra))])
    with pytest.raises(UsageError, match="'extra' of the LLM of the step 'text-generation' holds a secret"):
        pipeline.to_yaml()


class Fetch(Step):
    token: str = ""
    key: str = "customer_id_of_2026"
    nested: dict[str, SecretStr] = {}

    def process(self, row):
        return row


def test_a_step_holds_secrets_too_and_names_of_columns_are_none() -> None:
    step = Fetch(token=KEY, nested={"a": "nested-0123456789"})
    assert KEY not in repr(step)
    secrets = make_plan(Pipeline([step]), input=[{"a": 1}]).secrets()
    assert {KEY, "nested-0123456789"} <= {*secrets}
    assert "key='customer_id" in repr(Fetch(key="customer_id"))


@pytest.mark.parametrize("model", ["m?api_key=%s", "m;token=%s", "https://me:%s@h/m", "https://h/m?sig=%s"])
def test_a_model_whose_name_holds_one_is_refused(model: str) -> None:
    """The name of the model is in every row."""
    with pytest.raises(ParameterError, match="no key") as caught:
        build(ScriptedLLM, {"model": model % KEY}, "the LLM")
    assert KEY not in str(caught.value)
    with pytest.raises(ParameterError):
        get_llm(f"openai/{model % KEY}")


@pytest.mark.parametrize(
    "model", ["a/b", "https://h/m", "m:latest", "ft:m:my-auth:x", "m?revision=2", "m@v2"]
)
def test_other_names_of_models_are_kept(model: str) -> None:
    assert get_llm(f"openai/{model}").model == model


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *(
            (name, True)
            for name in ("X-Api-Key", "accessToken", "apiKey", "PGPASSWORD", "cookie", "x.passwd", "DSN")
        ),
        *(
            (name, False)
            for name in ("maxTokens", "author", "keywords", "prompt_cache_key", "tokens", "RAY_AUTH_MODE")
        ),
    ],
)
def test_names_of_secrets(name: str, secret: bool) -> None:
    assert is_secret(name) is secret
