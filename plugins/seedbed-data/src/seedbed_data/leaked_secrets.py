"""A step that finds keys, tokens and passwords."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from pydantic import Field

from seedbed import UsageError, did_you_mean
from seedbed_data.scrubbing import Found, Scrubbing

# Kinds of keys that are younger than detect-secrets 1.5 (May 2024).
_OWN: dict[str, str] = {
    "openai-key": r"\bsk-(?:(?:proj|svcacct|admin)-[\w-]{20,200}|[A-Za-z0-9]{32,64}\b)",
    "anthropic-key": r"\bsk-ant-[\w-]{20,200}",
    "hugging-face-token": r"\bhf_[A-Za-z0-9]{30,60}\b",
    "google-api-key": r"\bAIza[\w-]{35}",
    "github-token": r"\bgithub_pat_\w{20,100}",
    "npm-token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "groq-key": r"\bgsk_[A-Za-z0-9]{40,60}\b",
    "replicate-token": r"\br8_[A-Za-z0-9]{37}\b",
    "digitalocean-token": r"\bdo[opr]_v1_[a-f0-9]{64}\b",
    "google-oauth-token": r"\bya29\.[\w-]{20,400}",
    "slack-token": r"\bxapp-\d-[A-Z0-9]{5,20}-\d{5,20}-[a-z0-9]{20,100}\b",
    "aws-secret-key": (
        r"(?i)aws_?secret_?(?:access_?)?key[\"']?\s{0,9}[=:]\s{0,9}[\"']?([A-Z0-9/+]{40})(?![A-Z0-9/+])"
    ),
}

# In place of the package's, which find the first line of a private key, and a token without its signature; or
# take minutes for a line of a million characters, since each place in it is tried up to the line's end.
_WHOLE: dict[str, str] = {
    "private-key": (
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?!-----END)[\s\S])*(?:-----END[A-Z ]+-----)?"
    ),
    "json-web-token": r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?",
    "npm-tokens": r"//[^\s/]{1,253}(?:/[^\s/:]{1,100}){0,4}/:_authToken=\s{0,9}(?:npm_\S+|[A-Fa-f0-9-]{36})",
    # Up to the last @, as people leave one in a password; without a name, as addresses of Redis are.
    "basic-auth-credentials": r"://[^\s:/?#@\"'<>]{0,100}:([^\s/?#\"'<>]{1,200})@",
    "openai-token": r"(?<![\w-])sk-[\w-]{0,200}T3BlbkFJ[A-Za-z0-9]{20}",
}

# Kinds whose pattern has what stands before the secret.
_NAMED = frozenset({"basic-auth-credentials", "aws-secret-key"})

# Guesses by entropy or by the word `password`: of ordinary prose and code they find far too much. Addresses
# are the step `pii`'s.
_GUESSES = ("HighEntropyString", "KeywordDetector", "IPPublicDetector")


class Secrets(Scrubbing):
    """Finds keys, tokens and passwords: masks them, rejects their row, or lists them.

    Secrets(by=["code"], action="reject")

    The patterns are those of the package detect-secrets (cloud keys, tokens of GitHub, GitLab, Slack, npm,
    PyPI and others, passwords in addresses, JSON Web Tokens) and some of newer kinds. Nothing is sent
    anywhere to find out if a key is valid. A mask is the kind in brackets: `[GITHUB-TOKEN]`.
    """

    goals = ("cleaning",)
    keywords = ("API keys", "passwords", "tokens", "credentials")

    without: list[str] = Field(default_factory=list, description="Kinds that aren't looked for.")

    @property
    def needed_packages(self) -> dict[str, str]:
        """What knows the forms of keys."""
        return {"detect_secrets": "seedbed-data[secrets]"}

    def load(self) -> None:
        """Read the patterns, and check the names of the kinds."""
        for kind in self.without:
            if kind not in _patterns():
                raise UsageError(f"there is no kind of secret '{kind}'", *did_you_mean(kind, _patterns()))

    def found_in(self, text: str) -> Iterable[Found]:
        """Return the secrets in a text."""
        for kind, patterns in _patterns().items():
            if kind not in self.without:
                for pattern in patterns:
                    yield from _matches(kind, pattern, text)


def _matches(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Found]:
    for match in pattern.finditer(text):
        # Other groups are parts of a key, such as its prefix.
        group = 1 if kind in _NAMED else 0
        yield Found(kind, match.start(group), match.end(group))


@cache
def _patterns() -> dict[str, list[re.Pattern[str]]]:
    """Return the patterns of each kind of secret."""
    found: dict[str, list[re.Pattern[str]]] = {
        kind: [re.compile(text)] for kind, text in (_OWN | _WHOLE).items()
    }
    for detector in _detectors():
        kind = re.sub(r"[^a-z0-9]+", "-", detector.secret_type.lower()).strip("-")
        if kind not in _WHOLE:
            found.setdefault(kind, []).extend(detector.denylist)
    return dict(sorted(found.items()))


def _detectors() -> list[Any]:
    # 0.3 s to import, and `requests` with it.
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
        from detect_secrets.plugins.base import RegexBasedDetector
    except ImportError as error:
        raise UsageError(
            "the step `secrets` needs the package detect-secrets", "pip install 'seedbed-data[secrets]'"
        ) from error
    classes: Iterable[Any] = get_mapping_from_secret_type_to_class().values()
    return [
        cls()
        for cls in classes
        if issubclass(cls, RegexBasedDetector) and not cls.__name__.endswith(_GUESSES)
    ]
