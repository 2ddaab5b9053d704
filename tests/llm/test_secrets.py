"""A key shows up nowhere: not in errors, their causes, logs, representations or files."""

from __future__ import annotations

import base64
import json
import logging
import traceback

import pytest
from tests.support.scripted_llm import IMPATIENT, ScriptedLLM, impatient, scripted, user

from seedbed import (
    GeneratorTask,
    HTTPAnswer,
    InvalidResponseError,
    LLMError,
    RateLimitedError,
    http_error,
    parse_body,
    run,
)
from seedbed.llm.http.transport import public_url
from seedbed.llm.keys.redaction import redact_message

KEY = "sk-abcdefghij0123456789"


class Once(GeneratorTask):
    template: str = "x"


def complain(kind):
    def answer(request):
        try:
            raise ValueError(f"bad header: Bearer {KEY}")
        except ValueError as error:
            raise kind(
                f"refused key {KEY}", *([f"is {KEY} right?"] if kind is not KeyError else [])
            ) from error

    return answer


@pytest.mark.parametrize("kind", [LLMError, RateLimitedError, KeyError])
def test_a_key_in_a_backends_error_is_replaced_down_to_the_traceback(kind, caplog):
    caplog.set_level(logging.DEBUG)
    # A gateway sends less after each rate limit, and so waits.
    retry = IMPATIENT._replace(tries=2, patience=1)
    with pytest.raises(LLMError) as caught:
        impatient(scripted(complain(kind), api_key=KEY), retry=retry).generate([user("a")])
    assert "[secret]" in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    assert KEY not in shown
    if kind is RateLimitedError:
        assert f"try {retry.tries - 1} failed" in caplog.text


def test_an_innocent_cause_stays():
    def answer(request):
        raise LLMError("no") from ValueError("why")

    with pytest.raises(LLMError) as caught:
        impatient(scripted(answer, api_key=KEY)).generate([user("a")])
    assert str(caught.value.__cause__) == "why"


def test_an_llm_never_shows_its_key():
    llm = scripted(api_key=KEY)
    for text in (
        repr(llm),
        str(llm),
        llm.model_dump_json(),
        str(llm.model_dump()),
        repr(llm.bound),
        llm.reference,
    ):
        assert KEY not in text
    assert llm.secrets() == (KEY,)


@pytest.mark.parametrize("stage", ["load", "check"])
@pytest.mark.parametrize("kind", [LLMError, RuntimeError])
def test_a_key_in_an_error_before_the_first_call_is_replaced(stage, kind):
    class Talkative(ScriptedLLM):
        def load(self):
            if stage == "load":
                raise kind(f"load with {KEY}")

        async def check(self):
            raise kind(f"check with {KEY}")

    with pytest.raises(Exception, match=r"with \[secret\]") as caught:
        run(Once(llm=Talkative(api_key=KEY)), 1)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_server_that_echoes_the_key_does_not_get_it_into_the_message():
    echo = f"invalid key {KEY}"
    cut = "x" * 390 + KEY
    for text in (echo, cut):
        for error in (
            http_error(HTTPAnswer(401, {}, text.encode()), "Acme", [KEY]),
            http_error(HTTPAnswer(400, {}, b'{"error": {"message": "%s"}}' % text.encode()), "Acme", [KEY]),
        ):
            assert KEY[:8] not in str(error)
        with pytest.raises(InvalidResponseError) as caught:
            parse_body(HTTPAnswer(200, {}, text.encode()), "Acme", [KEY])
        assert KEY[:8] not in str(caught.value)
        disguised = b'{"error": {"message": "%s"}}' % text.encode()
        with pytest.raises(LLMError) as caught:
            parse_body(HTTPAnswer(200, {}, disguised), "Acme", [KEY])
        assert KEY[:8] not in str(caught.value)


def test_a_url_is_shown_without_user_password_query_and_fragment():
    assert public_url("https://me:pass@h:8/v1?key=k#f") == "https://h:8/v1"


SPOKEN = {
    "reversed": KEY[::-1],
    "in capitals": KEY.upper(),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 after Bearer": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 after a user": base64.b64encode(f"me:{KEY}".encode()).decode(),
    "hexadecimal": KEY.encode().hex(),
    "cut off": KEY[:15] + "...",
    "its end": "..." + KEY[-12:],
    "on two lines": KEY[:11] + "\n" + KEY[11:],
}


@pytest.mark.parametrize("form", SPOKEN)
def test_a_server_that_says_the_key_in_another_form_gets_none_of_it_into_an_error(form):
    spoken = SPOKEN[form]

    def answer(request):
        raise http_error(HTTPAnswer(401, {}, json.dumps({"error": f"bad: {spoken}"}).encode()), "Acme", [KEY])

    with pytest.raises(LLMError) as caught:
        impatient(scripted(answer, api_key=KEY)).generate([user("a")])
    said = str(caught.value)
    assert "[secret]" in said
    # Letters of "Bearer " may stay, and the last one of base64.
    spoken = spoken[12:-3] if "base64" in form else spoken
    assert not pieces_of(spoken) & pieces_of(said)


def pieces_of(text):
    return {text[at : at + 10] for at in range(len(text) - 9)}


def test_what_a_provider_itself_shows_of_a_key_stays_readable():
    shown = f"wrong key {KEY[:8]}*****{KEY[-4:]}; see the page of your application/json"
    assert redact_message(shown, [KEY, "application/json"]).startswith(
        f"wrong key {KEY[:8]}*****{KEY[-4:]}; "
    )


def timed_out():
    raise TimeoutError(f"https://h/v1?key={KEY}")


def in_a_group():
    raise ExceptionGroup("several", [ExceptionGroup("inner", [with_cause(ValueError(KEY))])])


def with_cause(error):
    made = OSError("no")
    made.__cause__ = error
    return made


def with_a_note():
    error = ValueError("no")
    error.add_note(f"asked with {KEY}")
    raise error


def typed_with_a_note():
    error = LLMError("no")
    error.add_note(f"asked with {KEY}")
    raise error


def in_a_cycle():
    error = ValueError(KEY)
    error.__cause__ = OSError("a")
    error.__cause__.__cause__ = error
    raise error


@pytest.mark.parametrize("fault", [timed_out, in_a_group, with_a_note, typed_with_a_note, in_a_cycle])
def test_no_part_of_a_traceback_shows_a_key(fault):
    with pytest.raises(LLMError) as caught:
        impatient(scripted(lambda request: fault(), api_key=KEY)).generate([user("a")])
    assert KEY not in "".join(traceback.format_exception(caught.value))
