"""Personal data and secrets: what is found, what isn't, and what a mask leaves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed import Row, UsageError, run
from seedbed_data import Pii, Secrets

PERSONAL = {
    "email": ["jane.doe+news@mail.example.co.uk", "x_1@example.com"],
    "phone": [
        "+49 30 901820",
        "+1 (415) 555-2671",
        "(415) 555-2671",
        "415-555-2671",
        "030 / 90 18 20",
        "0044 20 7946 0958",
    ],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "NO9386011117947"],
    "credit-card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"],
    "ip": ["8.8.8.8", "2606:4700:4700::1111"],
    "ssn": ["536-90-4399"],
    "nir": ["2 95 10 99 126 111 93"],
    "dni": ["54362315K", "54362315-K"],
    "cpf": ["390.533.447-05"],
    "codice-fiscale": ["RCCMNL83S18D969H"],
}
HARMLESS = [
    "at 10:30 on 15.01.2024, 2024-01-15 or 01/15/2024",
    "version 1.2.3 of 192.168.0.1 and 127.0.0.1, ::1, 10.0.0.1",
    "4111 1111 1111 1112 is no card, DE89 3704 0044 0532 0130 01 no account",
    "000-12-3456 and 666-12-3456 are no numbers of persons, 54362315A neither",
    "ISBN 978-3-16-148410-0, order 100 200 300 400, pi is 3.14159265358979",
    "a@b is no address, @name neither; std::vector<int>, 1,000,000 rows",
    "uuid 123e4567-e89b-12d3-a456-426614174000 and 0000 0000 0000 0000",
    "id 1234567890123456789012345, 1999-2005, 2000 2001 2002 2003",
]


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in PERSONAL.items() for text in texts]
)
def test_personal_data_is_masked_by_its_kind(kind: str, text: str) -> None:
    (row,) = run(Pii(), input=[{"text": f"See {text}, or not."}]).rows()

    assert row == {"text": f"See [{kind.upper()}], or not."}


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert [*run(Pii(), input=[{"text": text}]).rows()] == [{"text": text}]


def test_rows_with_personal_data_are_rejected_by_kind() -> None:
    rows = [{"a": "write to x@example.com", "b": "+49 30 901820"}, {"a": "nothing", "b": "here"}]
    done = run(Pii(by=["a", "b"], action="reject"), input=rows)

    assert [*done.rows()] == rows[1:]
    assert dict(done.rejections) == {"there is this in it: email, phone": 1}


def test_what_is_found_is_listed_with_its_place_and_without_itself() -> None:
    (row,) = run(Pii(action="find", kinds=["email"]), input=[{"text": "to x@example.com"}]).rows()

    assert row["found"] == [{"kind": "email", "column": "text", "start": 3, "end": 16}]
    assert row["text"] == "to x@example.com"


def test_messages_are_masked_at_any_depth() -> None:
    messages = [{"role": "user", "content": "I'm x@example.com"}, {"role": "assistant", "content": None}]
    (row,) = run(Pii(by=["messages"]), input=[{"messages": messages}]).rows()

    assert row["messages"] == [
        {"role": "user", "content": "I'm [EMAIL]"},
        {"role": "assistant", "content": None},
    ]


@settings(deadline=None, max_examples=settings().max_examples * 2)
@given(st.text(alphabet="a1@.+-: ()[]/AB09%\n", max_size=200))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    step = Pii()
    once: Row = step.process({"text": text})

    assert step.process(once) == once


# Joined here, so that no scanner of this repository takes them for real ones.
KEYS = {
    "aws-access-key": "AKIA" + "QYLPMN5HFIQR7XYA",
    "github-token": "ghp_" + "a1B2" * 9,
    "gitlab-token": "glpat-" + "x1Y2z3" * 4,
    "openai-key": "sk-proj-" + "Ab3" * 20,
    "anthropic-key": "sk-ant-api03-" + "Ab3" * 20,
    "hugging-face-token": "hf_" + "aBcD" * 9,
    "google-api-key": "AIza" + "Sy_1x" * 7,
    "stripe-access-key": "sk_live_" + "a1" * 12,
    "npm-token": "npm_" + "a1B2" * 9,
    "groq-key": "gsk_" + "a1B2" * 13,
    "replicate-token": "r8_" + "a1B2" * 9 + "a",
    "digitalocean-token": "dop_v1_" + "a1b2" * 16,
    "google-oauth-token": "ya29." + "a1B2" * 20,
    "slack-token": "xapp-1-A0123456789-1234567890123-" + "a1b2" * 16,
    "json-web-token": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIB\nOgIB\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("kind", KEYS)
def test_secrets_are_masked_whole(kind: str) -> None:
    (row,) = run(Secrets(), input=[{"text": f"key = {KEYS[kind]}\nnext"}]).rows()

    assert row == {"text": f"key = [{kind.upper()}]\nnext"}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgres://me:hunter22@host/db", "postgres://me:[BASIC-AUTH-CREDENTIALS]@host/db"),
        ("postgres://me:p@$s!@host/db", "postgres://me:[BASIC-AUTH-CREDENTIALS]@host/db"),
        ("redis://:hunter22@host:6379", "redis://:[BASIC-AUTH-CREDENTIALS]@host:6379"),
        (
            "http://a:b1@c.d, http://e:f1@g.h",
            "http://a:[BASIC-AUTH-CREDENTIALS]@c.d, http://e:[BASIC-AUTH-CREDENTIALS]@g.h",
        ),
        ("https://host:8080/a?b=c@d", "https://host:8080/a?b=c@d"),
        ("aws_secret_access_key = " + "wJ/r" * 10, "aws_secret_access_key = [AWS-SECRET-KEY]"),
    ],
)
def test_of_what_names_a_secret_only_the_secret_is_masked(text: str, masked: str) -> None:
    (row,) = run(Secrets(), input=[{"text": text}]).rows()

    assert row == {"text": masked}


def test_ordinary_code_and_prose_have_no_secrets() -> None:
    texts = [
        "password = input('password: ')",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "the task-based sk- prefix, sha256 hashes and uuid 123e4567-e89b-12d3-a456-426614174000",
        "Visit https://example.com:8080/path?key=value#part",
    ]

    assert [row["text"] for row in run(Secrets(), input=[{"text": text} for text in texts]).rows()] == texts


def test_rows_with_secrets_are_rejected_and_kinds_can_be_left_out() -> None:
    rows = [{"text": KEYS["github-token"]}, {"text": KEYS["google-api-key"]}]
    done = run(Secrets(action="reject", without=["google-api-key"]), input=rows)

    assert [*done.rows()] == rows[1:]
    assert dict(done.rejections) == {"there is this in it: github-token": 1}
    with pytest.raises(UsageError, match=r"no kind of secret 'github-tokn'\n.*github-token"):
        run(Secrets(without=["github-tokn"]), input=rows)
