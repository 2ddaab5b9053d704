"""What a server answers becomes the error that it means: which may be helped, and which ends a run."""

from __future__ import annotations

import email.utils
import json
import time

import pytest
from tests.support.processor_time import processor_seconds

from seedbed import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ContextOverflowError,
    HTTPAnswer,
    InvalidResponseError,
    LLMError,
    RateLimitedError,
    ServerError,
    TimedOutError,
    UnknownModelError,
    http_error,
    parse_body,
)
from seedbed.llm.http.http_errors import note_once
from seedbed.llm.limits.retry_after import retry_after


def answer(status, body, **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    return HTTPAnswer(status, {k.replace("_", "-"): v for k, v in headers.items()}, text.encode())


def openai(message, code=None, kind="invalid_request_error"):
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def anthropic(message, kind="invalid_request_error"):
    return {"type": "error", "error": {"type": kind, "message": message}}


KINDS = [
    (400, openai("'temperature' must be at most 2"), BadRequestError),
    (400, openai("Unsupported parameter: 'max_tokens' is not supported with this model."), BadRequestError),
    (400, openai("Invalid value for 'content': this model does not see images"), BadRequestError),
    (400, anthropic("max_tokens: 99999 > 8192, the most output tokens of this model"), BadRequestError),
    (
        400,
        openai("maximum context length is 8192 tokens", "context_length_exceeded"),
        ContextOverflowError,
    ),
    (400, anthropic("prompt is too long: 210000 tokens > 200000 maximum"), ContextOverflowError),
    (
        400,
        {"error": {"message": "no", "type": "exceed_context_size_error"}},
        ContextOverflowError,
    ),
    (400, openai("The response was filtered", "content_filter"), ContentFilteredError),
    (400, {"message": "Invalid model: mistral-huge", "type": "invalid_model"}, UnknownModelError),
    (400, openai("gpt-9 is not a valid model ID"), UnknownModelError),
    (400, {"error": {"message": "Model Not Exist", "type": "invalid_request_error"}}, UnknownModelError),
    (400, anthropic("Your credit balance is too low to access the API"), AuthenticationError),
    (401, openai("Incorrect API key provided", "invalid_api_key"), AuthenticationError),
    (402, {"error": {"message": "Insufficient Balance"}}, AuthenticationError),
    (403, openai("Project has no access"), AuthenticationError),
    (404, openai("The model `gpt-9` does not exist", "model_not_found"), UnknownModelError),
    (404, anthropic("model: claude-0", "not_found_error"), UnknownModelError),
    (404, "404 page not found", UnknownModelError),
    (408, "", TimedOutError),
    (409, "", ServerError),
    (413, anthropic("Request exceeds the maximum size", "request_too_large"), BadRequestError),
    (422, {"detail": [{"loc": ["body", "n"], "msg": "too many"}]}, BadRequestError),
    (429, openai("Rate limit reached", "rate_limit_exceeded", "requests"), RateLimitedError),
    (500, "oops", ServerError),
    (502, "<html><title>Bad gateway</title></html>", ServerError),
    (503, {"error": "model is loading"}, ServerError),
    (504, "", TimedOutError),
    (529, anthropic("Overloaded", "overloaded_error"), RateLimitedError),
    (307, "", BadRequestError),
    (304, "", ServerError),
]


FATAL = {"Unsupported parameter", "too many", "base_url is redirected", "max_tokens: "}
"""Words in bodies of `KINDS` that blame a parameter, with which every row would be refused."""


@pytest.mark.parametrize(("status", "body", "kind"), KINDS)
def test_each_answer_has_its_error(status, body, kind):
    error = http_error(answer(status, body), "Acme")
    assert type(error) is kind
    assert error.status == status
    assert f"Acme answered {status}: " in str(error)
    assert error.retryable is kind.retryable
    assert error.fatal is (kind.fatal or any(words in str(error) for words in FATAL))


def gemini(message, status, reason, code=400):
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]
    return [{"error": {"code": code, "message": message, "status": status, "details": details}}]


REFUSALS = {
    "key": (
        AuthenticationError,
        [
            (
                400,
                gemini(
                    "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT", "API_KEY_INVALID"
                ),
            ),
            (400, {"error": "Invalid API key"}),
            (400, {"error": {"message": "no", "code": "invalid_api_key"}}),
            (401, "nope"),
            (403, {"message": "Missing Authentication header"}),
            (404, {"error": {"message": "Incorrect API key provided: sk-..."}}),
            (422, {"detail": "The access token expired"}),
            (500 - 100, {"error": {"type": "authentication_error", "message": "invalid x-api-key"}}),
        ],
    ),
    "money": (
        AuthenticationError,
        [
            (402, "Payment Required"),
            (400, anthropic("Your credit balance is too low to access the Anthropic API.")),
            (403, {"error": {"message": "Insufficient balance"}}),
            (400, {"error": {"message": "This request requires more credits, or fewer max_tokens."}}),
            (403, {"error": {"message": "Your monthly usage limit has been reached"}}),
            (
                400,
                {
                    "error": {
                        "message": "Budget has been exceeded! Current cost: 10",
                        "type": "budget_exceeded",
                    }
                },
            ),
            (403, {"error": "Your team doesn't have any credits yet."}),
        ],
    ),
    "model": (
        UnknownModelError,
        [
            (404, {"error": {"message": "model 'qwen' not found", "type": "api_error"}}),
            (400, {"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError"}),
            (403, openai("Project does not have access to model `gpt-9`", "model_not_found")),
            (422, {"detail": "Unknown model: m"}),
            (400, {"error": "model not loaded"}),
            (400, {"error": {"message": "The requested model 'm' is not supported by any provider."}}),
            (400, [{"error": {"code": 400, "message": "Invalid model: x", "status": "INVALID_ARGUMENT"}}]),
        ],
    ),
}


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [(kind, status, body) for kind, cases in REFUSALS.values() for status, body in cases],
)
def test_a_refusal_that_every_row_would_meet_is_known_by_its_words(kind, status, body):
    error = http_error(answer(status, body), "Acme")
    assert type(error) is kind
    assert (error.retryable, error.fatal) == (False, True)


PARAMETERS = [
    openai("Unsupported parameter: 'stop' is not supported with this model.", "unsupported_parameter") | {},
    {"error": {"message": "bad", "type": "invalid_request_error", "param": "temperature", "code": None}},
    {"detail": [{"type": "less_than", "loc": ["body", "top_p"], "msg": "Input should be less than 1"}]},
    {
        "detail": [
            {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}
        ]
    },
    {"error": {"message": "Invalid schema for response_format 'answer': 'oneOf' is not permitted"}},
    {"message": "Unrecognized request argument supplied: logprobs"},
    {"error": "registry.example/library/m does not support tools"},
    anthropic("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"),
    anthropic("temperature: range: 0..1"),
    {
        "object": "error",
        "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "not permitted"}]},
    },
]


@pytest.mark.parametrize("body", PARAMETERS)
@pytest.mark.parametrize("status", [400, 422])
def test_a_parameter_that_is_refused_is_refused_for_every_row(status, body):
    error = http_error(answer(status, body), "Acme")
    assert (type(error), error.retryable, error.fatal) == (BadRequestError, False, True)


ROWS_OWN = [
    {"error": {"message": "bad", "type": "invalid_request_error", "param": "messages.[0].content"}},
    {"error": {"message": "Invalid image", "param": "input[0].content"}},
    {"detail": [{"loc": ["body", "messages", 0, "content"], "msg": "field required"}]},
    {"error": "could not decode image"},
    anthropic("messages.0.content.0.text: cache_control cannot be set for empty text"),
    "bad",
]


@pytest.mark.parametrize("body", ROWS_OWN)
def test_what_is_wrong_with_one_row_concerns_no_other(body):
    error = http_error(answer(400, body), "Acme")
    assert (type(error), error.retryable, error.fatal) == (BadRequestError, False, False)


def test_a_moderator_refuses_one_row():
    body = {
        "error": {"code": 403, "message": "Input was flagged by moderation", "metadata": {"reasons": ["x"]}}
    }
    error = http_error(answer(403, body), "Acme")
    assert (type(error), error.fatal) == (ContentFilteredError, False)


def test_a_firewalls_page_may_be_one_rows():
    for page in ("<html><title>Attention Required!</title></html>", "error code: 1020", ""):
        error = http_error(answer(403, page), "Acme")
        assert (type(error), error.retryable, error.fatal) == (AuthenticationError, False, False)
    assert http_error(answer(401, "<html><title>Log in</title></html>"), "Acme").fatal


def test_an_answer_that_the_server_itself_could_not_use_is_asked_for_again():
    body = openai("Failed to generate JSON. Please adjust your prompt.", "json_validate_failed")
    error = http_error(answer(400, body), "Acme")
    assert (type(error), error.retryable, error.fatal) == (InvalidResponseError, True, False)


def test_the_time_to_wait_may_stand_in_the_body():
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37.5s"}
    body = [{"error": {"code": 429, "message": "Quota exceeded", "details": [info]}}]
    assert http_error(answer(429, body), "Acme").retry_after == 37.5
    assert http_error(answer(429, body, retry_after="2"), "Acme").retry_after == 2
    info["retryDelay"] = "soon"
    assert http_error(answer(429, body), "Acme").retry_after is None


def test_the_servers_own_words_are_shown_in_one_short_line():
    assert http_error(answer(400, openai("too\n  hot")), "Acme").fact == "Acme answered 400: too hot"
    assert "an HTML page (Bad gateway)" in str(
        http_error(answer(502, "<html><title>Bad gateway</title></html>"), "Acme")
    )
    assert http_error(answer(500, ""), "Acme").fact == "Acme answered 500: nothing"
    assert http_error(answer(500, {"error": {}}), "Acme").fact.startswith("Acme answered 500: ")
    assert len(str(http_error(answer(500, "x" * 10**6), "Acme"))) < 500


def test_an_empty_account_ends_the_run_and_a_rate_limit_does_not():
    empty = http_error(answer(429, openai("You exceeded your quota", "insufficient_quota")), "Acme")
    assert (type(empty), empty.retryable, empty.fatal) == (RateLimitedError, False, True)
    for text in (
        "Rate limit reached: 3 / min. Visit https://platform/account/billing to add a payment method.",
        "You exceeded your current quota, please check your plan and billing details. Retry in 20 s.",
    ):
        limited = http_error(answer(429, openai(text, "rate_limit_exceeded")), "Acme")
        assert (limited.retryable, limited.fatal) == (True, False)


def test_the_time_to_wait_is_read_in_all_its_forms():
    soon = email.utils.formatdate(time.time() + 3000, usegmt=True)
    past = email.utils.formatdate(time.time() - 30, usegmt=True)
    assert http_error(answer(429, "", retry_after="7"), "Acme").retry_after == 7
    assert retry_after({"retry-after": "1.5"}) == 1.5
    assert retry_after({"retry-after": "20", "retry-after-ms": "250"}) == 0.25
    assert 2000 < retry_after({"retry-after": soon}) <= 3000
    assert retry_after({"retry-after": past}) == 0
    for junk in ("soon", "-1", "nan", "inf", ""):
        assert retry_after({"retry-after": junk}) is None
    assert retry_after({}) is None


def test_a_good_body_is_returned():
    assert parse_body(answer(200, {"choices": [], "error": None}), "Acme") == {"choices": [], "error": None}


NO_BODIES = [
    ("<!doctype html><html><title>Log in</title></html>", r"an HTML page \(Log in\) where JSON was expected"),
    ('{"choices": [', "text .* where JSON was expected"),
    ("", "nothing where JSON was expected"),
    ([1, 2], "a JSON list where an object was expected"),
]


@pytest.mark.parametrize(("body", "text"), NO_BODIES)
def test_a_success_that_is_none_is_an_invalid_response(body, text):
    with pytest.raises(InvalidResponseError, match=text) as caught:
        parse_body(answer(200, body), "Acme")
    assert caught.value.retryable


INSIDE = [
    ({"object": "error", "message": "died", "code": 50001}, ServerError),
    ({"type": "error", "code": "rate_limit_exceeded", "message": "x"}, RateLimitedError),
    ({"choices": [{"finish_reason": "ERROR", "message": {"content": "half an ans"}}]}, ServerError),
    ({"error": {"message": "upstream lost"}}, ServerError),
    ({"error": "overloaded"}, ServerError),
    ({"error": {"message": "x", "code": 502}}, ServerError),
    ({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, RateLimitedError),
    ({"error": {"code": "rate_limit_exceeded", "message": "x"}, "status": "failed"}, RateLimitedError),
    ({"error": {"code": "server_error", "message": "x"}, "status": "failed", "output": []}, ServerError),
    ({"error": {"message": "Incorrect API key provided"}}, AuthenticationError),
    ({"error": {"message": "maximum context length is 8"}}, ContextOverflowError),
    ({"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "lost"}}]}, ServerError),
    ({"choices": [{"finish_reason": "error", "message": {"content": "half an ans"}}]}, ServerError),
    ({"choices": [{"finish_reason": "stop"}, {"error": {"code": 429, "message": "x"}}]}, RateLimitedError),
    ({"choices": [{"finish_reason": "abort", "message": {"content": "half"}}]}, ServerError),
]


@pytest.mark.parametrize(("body", "kind"), INSIDE)
def test_an_answer_that_says_it_failed_is_the_error_that_it_tells_of(body, kind):
    with pytest.raises(LLMError) as caught:
        parse_body(answer(200, body), "Acme")
    assert type(caught.value) is kind


def test_an_answer_that_is_not_quite_json_is_read_and_noted_once(caplog):
    note_once.cache_clear()
    body = HTTPAnswer(200, {}, b'\xef\xbb\xbf{"a": NaN}')
    for _ in range(3):
        assert parse_body(body, "Acme") == {"a": None}
    assert [record.message for record in caplog.records if "Acme" in record.message] == [
        "Acme sends answers with a byte order mark; NaN; they are read anyway"
    ]


def test_an_object_alone_in_a_list_or_in_one_event_is_the_answer():
    assert parse_body(answer(200, [{"a": 1}]), "Acme") == {"a": 1}
    assert parse_body(answer(200, 'data: {"a": 1}\n\ndata: [DONE]\n\n'), "Acme") == {"a": 1}


def test_events_are_assembled_where_that_can_be_done_and_an_error_among_them_is_raised():
    events = 'data: {"a": 1}\n\ndata: {"a": 2}\n\n'
    body = parse_body(answer(200, events), "Acme", assemble=lambda found: {"all": found})
    assert body == {"all": [{"a": 1}, {"a": 2}]}
    with pytest.raises(InvalidResponseError):
        parse_body(answer(200, events), "Acme")
    failed = events + 'data: {"error": {"code": 429, "message": "slow"}}\n\n'
    with pytest.raises(RateLimitedError):
        parse_body(answer(200, failed), "Acme", assemble=lambda found: {"all": found})


@pytest.mark.parametrize("body", ["<html></html>", "", '{"choices": ['])
def test_only_where_a_page_came_is_base_url_to_be_looked_at(body):
    with pytest.raises(InvalidResponseError) as caught:
        parse_body(answer(200, body), "Acme")
    assert ("base_url" in str(caught.value)) is (not body.startswith("{"))


@pytest.mark.parametrize("code", [429, "429"])
def test_an_error_in_disguise_that_tells_its_status_is_that_error(code):
    with pytest.raises(RateLimitedError, match="slow down") as caught:
        parse_body(answer(200, {"error": {"message": "slow down", "code": code}}, retry_after="3"), "Acme")
    assert caught.value.retry_after == 3
    assert caught.value.status == 429


def test_a_refusal_is_raised_from_the_body_too():
    with pytest.raises(AuthenticationError, match="check the API key"):
        parse_body(answer(401, openai("no")), "Acme")


def test_a_wait_that_headers_ask_for_counts_with_an_error_inside_a_good_status():
    with pytest.raises(ServerError) as raised:
        parse_body(answer(200, {"error": "the engine is gone"}, retry_after="7"), "Acme")
    assert raised.value.retry_after == 7


@pytest.mark.parametrize("number", [1, 2])
def test_a_stream_is_assembled_however_short_it_is(number):
    body = 'data: {"text": "a"}\n\n' * number + "data: [DONE]\n\n"

    def assemble(events):
        return {"text": "".join(event["text"] for event in events), "is": "whole"}

    assert parse_body(answer(200, body), "Acme", assemble=assemble) == {"text": "a" * number, "is": "whole"}


@pytest.mark.parametrize(
    ("body", "said"),
    [([], "[]"), ([{"error": {"message": "first"}}], "first"), ([{"a": 1}, 2], '[{"a":1},2]')],
)
def test_of_a_list_the_words_of_its_only_error_are_shown_and_else_all_of_it(body, said):
    assert http_error(answer(500, body), "Acme").fact.endswith(f": {said}")


def test_a_reader_of_errors_is_given_no_object_where_a_list_is_empty():
    bodies = []
    with pytest.raises(ServerError):
        parse_body(answer(500, []), "Acme", read_error=lambda _, body: bodies.append(body))
    assert bodies == [{}]


def nested(depth, inside='"m"'):
    return '{"error": ' * depth + inside + "}" * depth


@pytest.mark.slow
@pytest.mark.parametrize("status", [200, 400, 429, 500])
@pytest.mark.parametrize(
    "body",
    [
        '{"error": ' + "[" * 600 + "]" * 600 + "}",
        '{"error": {"message": ' + "[" * 600 + "]" * 600 + "}}",
        nested(300),
        nested(1000),
        '{"error": {"code": ' + "9" * 400 + "}}",
        '{"error": {"code": "' + "model " * 20_000 + '"}}',
        '{"error": {"details": [' + ",".join(['{"code": "model model"}'] * 20_000) + "]}}",
        "<html>" + "<title>" * 50_000,
    ],
)
def test_an_error_of_any_shape_is_typed_at_once(status, body):

    def parse() -> None:
        with pytest.raises(LLMError):
            parse_body(answer(status, body), "Acme")

    # 0.01 s; a search that begins again at each place takes minutes.
    assert processor_seconds(parse) < 2
