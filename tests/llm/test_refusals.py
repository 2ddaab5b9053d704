"""What a refusal means where its words point to more than one cause."""

from __future__ import annotations

import pytest

from seedbed import AuthenticationError, BadRequestError, ContentFilteredError
from seedbed.llm.http.refused_requests import parameter_of, refusal


@pytest.mark.parametrize(
    ("status", "kind"), [(400, ContentFilteredError), (403, ContentFilteredError), (401, AuthenticationError)]
)
def test_a_moderator_is_no_wrong_key_unless_the_status_says_so(status, kind):
    assert refusal(status, "flagged by moderation", None).kind is kind


@pytest.mark.parametrize(
    ("parameter", "fatal"), [(None, True), ("temperature", True), ("messages", None), ("input.0", None)]
)
def test_only_what_comes_with_the_row_is_that_rows_own_fault(parameter, fatal):
    found = refusal(400, "unsupported value", parameter)
    assert (found.kind, found.fatal) == (BadRequestError, fatal)


@pytest.mark.parametrize("error", [{"param": 3}, {"loc": ["body"]}, {"loc": []}, {"param": ""}])
def test_what_is_no_name_of_a_parameter_is_not_blamed(error):
    assert parameter_of({"error": error}) is None
