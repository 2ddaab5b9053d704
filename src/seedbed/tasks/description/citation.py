"""What to cite for a method: a paper, as BibTeX and in a few words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from seedbed.errors import UsageError

_ARXIV = re.compile(r"\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}")
_ADDRESS = re.compile(r"https?://[^\s{}]+")
# What LaTeX reads as markup; a backslash or a brace of a title has to go, as it may unbalance the entry.
_MARKUP = re.compile(r"[&%$#_]")
_SMALL_WORDS = frozenset({"a", "an", "the", "on", "of", "in", "for", "to", "towards", "is", "are"})
_OTHERS = "others"


@dataclass(frozen=True)
class Citation:
    """A paper or page that a task follows, for the dataset's card and the task's page.

        citation = Citation(
            "Self-Instruct: Aligning Language Models with Self-Generated Instructions",
            authors=("Yizhong Wang", "Yeganeh Kordi", "others"),
            year=2022,
            arxiv="2212.10560",
        )

    `authors` are full names in their usual order; "others" as the last one means that there are more. `arxiv`
    is the number alone; for what isn't on arXiv, give its `url`. `venue` is the conference or journal.
    Raises UsageError for a citation that can't be found by its address.
    """

    title: str
    authors: tuple[str, ...]
    year: int
    arxiv: str = ""
    url: str = ""
    venue: str = ""

    def __post_init__(self) -> None:
        """Check the values: nobody reads a citation until a dataset is published."""
        if isinstance(self.authors, str) or not all(isinstance(name, str) and name for name in self.authors):
            raise UsageError(
                f"the authors {self.authors!r} of a citation aren't a tuple of names",
                'write authors=("Ada Lovelace", "Alan Turing")',
            )
        if not self.title.strip() or not self.authors:
            raise UsageError(f"the citation {self.title!r} needs a title and at least one author")
        if self.arxiv and not _ARXIV.fullmatch(self.arxiv):
            raise UsageError(
                f"the arXiv number {self.arxiv!r} isn't one",
                "write it as in arxiv='2212.10560', without a URL",
            )
        if not self.arxiv and not _ADDRESS.fullmatch(self.url):
            raise UsageError(
                f"the citation {self.title!r} has no address", "give arxiv='2212.10560' or url='https://...'"
            )

    @property
    def address(self) -> str:
        """Where to read it: `url`, or its page on arXiv."""
        return self.url or f"https://arxiv.org/abs/{self.arxiv}"

    @property
    def short(self) -> str:
        """The citation in a few words, such as "Wang et al., 2022"."""
        names = [_surname(name) for name in self.authors if name != _OTHERS]
        if len(self.authors) > 2:
            return f"{names[0]} et al., {self.year}"
        return f"{' and '.join(names)}{' et al.' if _OTHERS in self.authors else ''}, {self.year}"

    @property
    def key(self) -> str:
        """The key of the BibTeX entry, such as "wang2022selfinstruct"."""
        words = (_plain(word) for word in self.title.split())
        first = next((word for word in words if word and word not in _SMALL_WORDS), "")
        return f"{_plain(_surname(self.authors[0]))}{self.year}{first}"

    def bibtex(self) -> str:
        """Return the BibTeX entry."""
        fields = {
            # Double braces keep the title's capitals.
            "title": f"{{{_escaped(self.title)}}}",
            "author": " and ".join(map(_escaped, self.authors)),
            "year": str(self.year),
            "booktitle": _escaped(self.venue),
            **({"eprint": self.arxiv, "archivePrefix": "arXiv"} if self.arxiv else {}),
            "url": self.address,
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@{'inproceedings' if self.venue else 'misc'}{{{self.key},", *lines, "}"])


def _surname(name: str) -> str:
    return name.split()[-1]


def _plain(word: str) -> str:
    """Return the lower-case letters and digits of a word, without accents: BibTeX keys are ASCII."""
    parts = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in parts.lower() if letter.isascii() and letter.isalnum())


def _escaped(text: str) -> str:
    bare = re.sub(r"[\\{}]", "", " ".join(text.split()))
    return _MARKUP.sub(r"\\\g<0>", bare)
