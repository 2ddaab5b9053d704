"""Tasks over images: the forms of an image, and that it's in the request."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from seedbed import Capabilities, UnsupportedError, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_tasks.image_caption import EXAMPLE_IMAGE

SEES = Capabilities(images=True, structured_output=True)
ENCODED = EXAMPLE_IMAGE.partition(",")[2]
PNG = base64.b64decode(ENCODED)


def captioned(value: Any, **parameters: Any) -> tuple[Any, ScriptedLLM]:
    llm = ScriptedLLM(lambda request: "A red square.", offers=SEES)
    return run(get_task("image-caption", **parameters), input=[{"image": value}], llm=llm), llm


def sent(llm: ScriptedLLM) -> str:
    image, text = llm.requests[0].messages[-1]["content"]
    assert text["type"] == "text"
    return str(image["image_url"]["url"])


@pytest.mark.parametrize(
    "value",
    [EXAMPLE_IMAGE, ENCODED, PNG, {"bytes": PNG, "path": "a.png"}, {"bytes": None, "url": EXAMPLE_IMAGE}],
    ids=["data URL", "base64", "bytes", "datasets", "url"],
)
def test_the_image_is_in_the_request(value: Any) -> None:
    made, llm = captioned(value)

    assert [row["caption"] for row in made.rows()] == ["A red square."]
    assert sent(llm) == EXAMPLE_IMAGE


def test_a_url_is_sent_as_it_is() -> None:
    assert sent(captioned("https://example.com/a.png")[1]) == "https://example.com/a.png"


def test_a_file_is_read_from_its_folder_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(PNG)

    assert sent(captioned("photo", folder=str(tmp_path))[1]) == EXAMPLE_IMAGE
    assert sent(captioned(str(tmp_path / "photo"))[1]) == EXAMPLE_IMAGE


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "is empty"),
        ("", "is empty"),
        ("nowhere.png", "can't be read"),
        (7, "not an image"),
        (["a.png"], "not an image"),
        ("a" * 40_000, "can't be read"),
        ("bad\0name", "can't be read"),
        (".", "can't be read"),
        ("/dev/zero", "can't be read"),
    ],
)
def test_what_is_no_image_costs_no_call(value: Any, why: str) -> None:
    made, llm = captioned(value)

    assert (made.accepted, llm.requests) == (0, [])
    assert why in str([*made.rejections, *made.failures])


def test_a_file_that_is_no_image_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "key.png").write_text("a secret")
    made, llm = captioned("key.png", folder=str(tmp_path))

    assert (made.accepted, llm.requests) == (0, [])
    assert "is no PNG" in str(made.failures)


@pytest.mark.parametrize("name", ["image-caption", "image-questions"])
def test_a_model_without_images_is_refused_before_a_run(name: str) -> None:
    llm = ScriptedLLM("A red square.")

    with pytest.raises(UnsupportedError, match="takes no images"):
        run(get_task(name), input=[{"image": EXAMPLE_IMAGE}], llm=llm)
    assert not llm.requests


def test_each_question_about_an_image_is_a_row() -> None:
    pairs = [
        ("What colour?", "Red."),
        ("what COLOUR", "Red."),
        ("How many?", " "),
        ("Where?", "In the middle."),
    ]
    asked = {"questions": [{"question": question, "answer": answer} for question, answer in pairs]}
    llm = ScriptedLLM(json.dumps(asked), offers=SEES)
    made = run(get_task("image-questions", questions=4), input=[{"image": EXAMPLE_IMAGE}], llm=llm)

    assert [row["question"] for row in made.rows()] == ["What colour?", "Where?"]
    assert "Write 4 different questions" in str(llm.requests[0].messages[-1]["content"][1])
    assert sent(llm) == EXAMPLE_IMAGE
