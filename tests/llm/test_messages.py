"""Messages are checked before anything is sent, and the error says which one is wrong."""

from __future__ import annotations

import pytest

from seedbed import UsageError, image_part, parts
from seedbed.llm.messages import check_messages, has_images, text_length

TEXT = {"type": "text", "text": "What is this?"}
PIXEL = image_part(b"\x89PNG", "image/png")

WRONG = {
    "a text": ("hello", "must be a list, not str"),
    "one message": ({"role": "user", "content": "x"}, "must be a list, not dict"),
    "nothing": ([], "an empty list"),
    "a text inside": (["hello"], r"messages\[0\] must be a dictionary, not str"),
    "second has no role": ([{"role": "user", "content": "x"}, {"content": "y"}], r"messages\[1\].*None"),
    "misspelt role": ([{"role": "asistant", "content": "x"}], "did you mean 'assistant'"),
    "no content": ([{"role": "user"}], "content of type NoneType"),
    "number": ([{"role": "user", "content": 5}], "content of type int"),
    "unknown part": (
        [{"role": "user", "content": [TEXT, {"type": "video"}]}],
        r"messages\[0\]\.content\[1\] isn't a content part",
    ),
    "part without its field": ([{"role": "user", "content": [{"type": "text"}]}], "isn't a content part"),
    "part with a list as type": ([{"role": "user", "content": [{"type": []}]}], "isn't a content part"),
}


@pytest.mark.parametrize("case", WRONG)
def test_the_first_wrong_message_is_named(case):
    messages, expected = WRONG[case]
    with pytest.raises(UsageError, match=expected):
        check_messages(messages)


def test_an_assistant_may_call_tools_without_text():
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    answer = {"role": "tool", "tool_call_id": "1", "content": "4"}
    assert check_messages([call, answer]) == (call, answer)


def test_text_and_images_are_parts_of_one_message():
    message = {"role": "user", "content": [TEXT, PIXEL]}
    assert has_images(check_messages([message]))
    assert not has_images([{"role": "user", "content": "plain"}])
    assert [part["type"] for part in parts(message)] == ["text", "image_url"]
    assert list(parts({"role": "user", "content": "plain"})) == [{"type": "text", "text": "plain"}]
    assert text_length([message]) == len(TEXT["text"])


def test_an_image_is_a_url_a_file_or_bytes(tmp_path):
    file = tmp_path / "a.JPG"
    file.write_bytes(b"abc")
    assert image_part("https://x/y.png")["image_url"] == {"url": "https://x/y.png"}
    assert image_part(file)["image_url"] == {"url": "data:image/jpeg;base64,YWJj"}
    assert image_part(b"abc", "image/webp")["image_url"] == {"url": "data:image/webp;base64,YWJj"}
    with pytest.raises(UsageError, match=r"known endings: \.gif"):
        image_part(tmp_path / "a.svg")
