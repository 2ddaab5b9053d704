"""Pages of reports: what a model wrote stays text, plots can be read, and a policy forbids all else."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seedbed_report import Report, html_page, markdown_page, summary_lines
from seedbed_report.plots import svg
from seedbed_report.shapes import Bar, Plot

EVIL = (
    "</pre><script>alert(1)</script><img src=x onerror=alert(2)> "
    "\u202egnp \x1b[2J [x](javascript:alert(3)) |`"
)
SAFE_TAGS = (
    "html head meta title style body header h1 h2 h3 p bdi main section figure figcaption div details "
    "summary table caption thead tbody tr th td pre svg g path line text tspan rect desc"
)


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture
def evil(report: Any) -> Report:
    rows = [
        {
            "text": f"{EVIL} {place} {'word ' * place}",
            EVIL: place,
            "label": [EVIL[:60], "plain"][place % 2],
            "verdicts": [
                {"judge": EVIL, "criterion": EVIL, "score": 1},
                {"judge": "b", "criterion": EVIL, "score": 2},
            ],
        }
        for place in range(12)
    ]
    found: Report = report(rows)
    return found


def test_what_a_model_wrote_is_text_in_the_page(evil: Report) -> None:
    page = html_page(evil)
    found = Tags()
    found.feed(page)
    assert found.tags <= set(SAFE_TAGS.split())
    assert not {
        name for name in found.attributes if name.startswith("on") or name in ("src", "href", "style")
    }
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not {"\u202e", "\x1b"} & set(page)


def test_the_policy_allows_the_style_sheet_and_nothing_else(evil: Report) -> None:
    page = html_page(evil)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/", "")


def test_markdown_keeps_what_a_model_wrote_out_of_its_markup(evil: Report) -> None:
    page = markdown_page(evil)
    outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", page, flags=re.S | re.M)
    assert "<script>" not in outside
    assert not re.search(r"(?<!\\)[\[<]", outside)
    lines = [line for line in outside.splitlines() if line.startswith("| text | text ")]
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines] == [7]


def test_a_plot_has_a_title_a_description_and_labelled_marks() -> None:
    plot = Plot("Rows <by> verdict", "rows", [Bar("good & fine", 3), Bar("bad", 1)])
    drawn = ElementTree.fromstring(svg(plot, 7))
    names = {child.tag.rpartition("}")[2]: child for child in drawn[:2]}
    assert drawn.get("role") == "img"
    assert drawn.get("aria-labelledby") == f"{names['title'].get('id')} {names['desc'].get('id')}"
    assert names["title"].text == "Rows <by> verdict"
    assert "largest is good & fine" in str(names["desc"].text)
    shown = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"good & fine", "bad"} <= set(shown)


def test_bars_are_as_long_as_their_values() -> None:
    drawn = svg(Plot("t", "rows", [Bar("a", 30), Bar("b", 15)]), 1)
    paths = re.findall(r'aria-roledescription="bar" d="M[\d.]+,[\d.]+h([\d.]+)', drawn)
    assert float(paths[0]) == pytest.approx(2 * float(paths[1]))


def test_a_plot_of_declared_shares_marks_them() -> None:
    drawn = svg(
        Plot("t", "% of rows", [Bar("a", 30, 50), Bar("b", 70, 50)], is_share=True, mark="declared"), 1
    )
    assert drawn.count("var(--mark)") == 2


def test_the_summary_has_a_line_for_each_figure(evil: Report) -> None:
    lines = dict(summary_lines(evil))
    assert lines["Rows"] == "12"
    assert lines["Near duplicates"].endswith("%)")
    assert lines["Category label"].endswith("plain 50 %")


LETTERS = st.text(max_size=60) | st.text(st.characters(min_codepoint=0x10000), max_size=60)


def test_equal_labels_have_bars_of_their_own_in_their_order() -> None:
    bars = [Bar("b", 3), Bar("a" * 50, 2), Bar("a" * 60, 1), Bar("if", 4), Bar("datum.value", 5)]
    drawn = svg(Plot("t", "rows", bars), 1)
    lengths = re.findall(r'aria-roledescription="bar" d="M[\d.]+,[\d.]+h([\d.]+)', drawn)
    shortest = float(lengths[2])
    assert [round(float(length) / shortest) for length in lengths] == [3, 2, 1, 4, 5]


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@example(
    ["if", "__proto__", "constructor", "null", "undefined", "NaN", "\\", "'", '"', "${x}", "</svg>", "]]>"]
)
@given(st.lists(LETTERS, min_size=20, max_size=40))
def test_any_text_can_be_drawn(labels: list[str]) -> None:
    bars = [Bar(label, place % 3) for place, label in enumerate(labels)]
    ElementTree.fromstring(svg(Plot(labels[0], "rows", bars), 1))
