"""A step that finds personal data."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Literal, NamedTuple, get_args

from pydantic import Field

from seedbed import Example, UsageError
from seedbed_data.scrubbing import Found, Scrubbing

Kind = Literal["email", "phone", "iban", "credit-card", "ip", "ssn", "nir", "dni", "cpf", "codice-fiscale"]

# Letters of scripts with spaces between words, up to those of India: without Thai, Chinese or Japanese, whose
# words stand right before and after a number or an address.
_LETTERS = r"A-Za-z\u00c0-\u0dff"
_WORD = rf"{_LETTERS}0-9_"
# At both ends of what's found: neither a longer number nor a word goes on there.
_START, _END = rf"(?<![{_WORD}.+-])", rf"(?!-?[{_WORD}])"

# As web pages and PDF files write them: with spaces that don't break, with other hyphens, and as wide as
# Chinese characters. Each stands for one character, so that places stay the same.
_PLAIN = {
    **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000"), " "),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-"),
    **{wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)},
}


class Pii(Scrubbing):
    """Finds personal data: masks it, rejects its row, or lists it.

    Pii(by=["question", "answer"], action="mask")

    Mail addresses, phone numbers and public IP addresses are found by their form. IBAN, cards (Luhn), and
    numbers of persons in the United States (ssn), France (nir), Spain (dni), Brazil (cpf) and Italy
    (codice-fiscale) count only if their check digits are right; the package python-stdnum knows these. Names
    and places need a model: `finder: presidio` uses Microsoft's Presidio, with a spaCy model that you
    install. A mask is the kind in brackets: `[EMAIL]`.
    """

    goals = ("cleaning",)
    keywords = ("personal data", "privacy", "anonymisation", "masking", "email", "phone")
    example = Example(rows=[{"text": "Write to ada@example.com on Monday."}])

    kinds: list[Kind] = Field(
        default_factory=lambda: list(get_args(Kind)), min_length=1, description="What is looked for."
    )
    finder: Literal["patterns", "presidio"] = Field(default="patterns", description="What finds it.")
    language: str = Field(default="en", description="Language of the texts, for Presidio.")
    model: str = Field(default="en_core_web_lg", description="The spaCy model, for Presidio.")
    entities: list[str] = Field(
        default=["PERSON", "LOCATION", "EMAIL_ADDRESS", "PHONE_NUMBER"],
        min_length=1,
        description="What Presidio looks for.",
    )

    @property
    def needed_packages(self) -> dict[str, str]:
        """Presidio, if it's the finder."""
        return {"presidio_analyzer": "seedbed-data[presidio]"} if self.finder == "presidio" else {}

    def load(self) -> None:
        """Make sure that what finds it is there."""
        if self.finder == "presidio":
            _presidio(self.model, self.language)

    def found_in(self, text: str) -> Iterable[Found]:
        """Return the personal data in a text."""
        if self.finder == "presidio":
            analyzer = _presidio(self.model, self.language)
            results = analyzer.analyze(text=text, language=self.language, entities=self.entities)
            return [Found(one.entity_type.lower(), one.start, one.end) for one in results]
        plain = text if text.isascii() else text.translate(_PLAIN)
        return [found for kind in self.kinds for found in _matches(kind, plain)]


_DATE = re.compile(r"\b\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}-\d\d")
# In North America: area, exchange, line.
_DIALLED = re.compile(r"\(?[2-9]\d\d\)?[ .-]{1,2}[2-9]\d\d[ .-]\d{4}")


class _Form(NamedTuple):
    pattern: re.Pattern[str]
    is_right: Callable[[str], bool]


def _matches(kind: str, text: str) -> Iterator[Found]:
    form = _FORMS[kind]
    for match in form.pattern.finditer(text):
        found = match[0]
        while kind == "iban" and " " in found and not form.is_right(found):
            # Words in capitals that follow look like groups of it.
            found = found[: found.rindex(" ")]
        if form.is_right(found):
            yield Found(kind, match.start(), match.start() + len(found))


def _form(pattern: str, is_right: Callable[[str], bool] = lambda text: True) -> _Form:
    return _Form(re.compile(_START + pattern + _END), is_right)


def _by_stdnum(name: str) -> Callable[[str], bool]:
    def is_right(text: str) -> bool:
        # Imported when the first candidate comes: most texts have none.
        return bool(import_module(f"stdnum.{name}").is_valid(text))

    return is_right


def _is_phone(text: str) -> bool:
    """Whether a number is written as one that is dialled: +49 30 123456, 030 / 12 34 56, (555) 213-9999.

    Other digits in groups are dates, quantities and ids far more often than numbers to dial.
    """
    digits = re.sub(r"\D", "", text)
    if text.startswith(("+", "(+")) or re.match(r"00 ?[1-9]", text):
        return 8 <= len(digits) <= 15
    if re.match(r"\(?0[1-9]", text):
        return 9 <= len(digits) <= 11 and not text.isdigit() and not _DATE.search(text)
    return _DIALLED.fullmatch(text) is not None


def _is_public_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_global
    # What's handed out begins with 2 or 3. Anything else, such as `a::b`, is code.
    return address.is_global and int(address) >> 125 == 1


def _is_iban(text: str) -> bool:
    # Without the rules of each country: they know the banks of the day on which the package was made.
    return bool(import_module("stdnum.iban").is_valid(text, check_country=False))


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and _by_stdnum("luhn")(digits)


_FORMS: Mapping[str, _Form] = {
    "email": _form(
        rf"[{_WORD}.+%-]{{1,64}}@[{_LETTERS}0-9-]{{1,63}}(?:\.[{_LETTERS}0-9-]{{1,63}}){{0,8}}"
        rf"\.[{_LETTERS}]{{2,24}}"
    ),
    "phone": _form(r"(?<!\d[ ./-])(?:\(?\+|\()?\d(?:[ ./()-]{0,3}\d){7,14}(?![ ./-]?\d)", _is_phone),
    "iban": _form(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?", _is_iban),
    "credit-card": _form(r"[2-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}|3\d{3}[ -]?\d{6}[ -]?\d{5}", _is_card),
    "ip": _form(
        r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:\.\d{1,3}){3})?)",
        _is_public_address,
    ),
    "ssn": _form(r"\d{3}-\d{2}-\d{4}", _by_stdnum("us.ssn")),
    "nir": _form(r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", _by_stdnum("fr.nir")),
    "dni": _form(r"\d{8}-?[A-Z]", _by_stdnum("es.dni")),
    "cpf": _form(r"\d{3}\.\d{3}\.\d{3}-\d{2}", _by_stdnum("br.cpf")),
    "codice-fiscale": _form(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", _by_stdnum("it.codicefiscale")),
}


@cache
def _presidio(model: str, language: str) -> Any:
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    except ImportError as error:
        raise UsageError(
            "`finder: presidio` needs the package presidio-analyzer", "pip install 'seedbed-data[presidio]'"
        ) from error
    # Presidio would download a missing model, 400 MB, in the middle of a run.
    if not spacy.util.is_package(model):
        raise UsageError(
            f"Presidio needs the spaCy model '{model}', which isn't installed",
            f"python -m spacy download {model}",
        )
    models = {"nlp_engine_name": "spacy", "models": [{"lang_code": language, "model_name": model}]}
    engine = NlpEngineProvider(nlp_configuration=models).create_engine()
    return AnalyzerEngine(nlp_engine=engine, supported_languages=[language])
