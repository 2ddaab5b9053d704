"""A template does no more work, and makes no larger value, than a prompt can need."""

from __future__ import annotations

import resource

import pytest

from seedbed import InvalidRowError
from seedbed.pipeline.routing import Expression
from seedbed.tasks.templates.render_bounds import MAX_SIZE
from seedbed.tasks.templates.template import check_template, render

NUMBERS = (
    "10 ** (10 ** 9)",
    "7 ** (7 ** (7 ** 7))",
    "(1).to_bytes(10 ** 9, 'big')",
    "1.5 | round(10 ** 9, 'ceil')",
)
TEXTS = (
    "'x' * 10 ** 10",
    "10 ** 10 * 'x'",
    "[1] * 10 ** 10",
    "'%1000000000d' % 1",
    "'%*d' % (10 ** 9, 1)",
    "'%.1000000000f' % 1",
    "'%(a)1000000000s' % {'a': 1}",
    "'%1000000000d' is odd",
    "'%1000000000d' is even",
    "'%1000000000d' is divisibleby 3",
    "'%1000000000d' is divisibleby(num=3)",
    "['%1000000000d'] | select('odd') | list",
    "[{'a': '%1000000000d'}] | rejectattr('a', 'divisibleby', 7) | list",
    "('%(a)s' * 100000) % {'a': 'x' * 100000}",
    "'%1000000000s' | format(word)",
    "'{:1000000000}'.format(word)",
    "'{:{}}'.format(word, 10 ** 9)",
    "'{a:1000000000}'.format_map({'a': 1})",
    "('{0}' * 100000).format('x' * 100000)",
    "'{} {:1000000000}'['format'](1, 2)",
    "word | center(10 ** 9)",
    "word | center(1000000000)",
    "[word] | map('center', 10 ** 9) | list",
    "word | indent(10 ** 9, true)",
    "rows | tojson(indent=10 ** 9)",
    "[1] | batch(10 ** 9, 'x') | list",
    "('x' * 100000) | replace('x', 'y' * 100000)",
    "('x' * 100000).replace('x', 'y' * 100000)",
    "('x' * 100000).translate({120: 'y' * 100000})",
    "('x' * 10000) | join('y' * 100000)",
    "('y' * 100000).join('x' * 10000)",
    "word.center(10 ** 9)",
    "word['ljust'](10 ** 9)",
    "word.rjust(10 ** 9)",
    "word.zfill(10 ** 9)",
    "'\t'.expandtabs(10 ** 9)",
    "('x' * 10000000) ~ ('x' * 10000000)",
    "('x' * 10000000) + ('x' * 10000000)",
)
WORK = (
    "range(10 ** 12) | list",
    "range(200000) | list | pprint",
    "range(10 ** 18, 0, -1) | sum",
    "([[0]] * 100000) | sum(start=[])",
    "('x' * 1000000) | wordwrap(1)",
    "('<!-- -->' * 500000) | striptags",
)


@pytest.mark.slow
@pytest.mark.parametrize("expression", [*NUMBERS, *TEXTS, *WORK])
def test_what_is_too_large_is_not_begun(expression):
    row = {"word": "word", "rows": [{"a": 1}]}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InvalidRowError):
        render("{{ " + expression + " }}", row)
    with pytest.raises(InvalidRowError):
        Expression(f"({expression}) == 1").holds(row)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


@pytest.mark.parametrize("test", ["odd", "even", "divisibleby(3)"])
def test_a_text_of_a_row_is_not_filled_in_to_see_whether_it_is_a_number(test):
    with pytest.raises(InvalidRowError, match="does too much"):
        Expression(f"text is {test}").value({"text": "%1000000000d"})


def test_tests_of_numbers_are_those_of_jinja():
    numbers = "[1, 2, 3, 4]"
    for test, found in (("odd", [1, 3]), ("even", [2, 4]), ("divisibleby", [3])):
        by = ", 3" if test == "divisibleby" else ""
        assert Expression(f"{numbers} | select('{test}'{by}) | list").value({}) == found


def test_a_loop_ends_after_two_million_turns():
    source = "{% for a in range(999) %}{% for b in range(TURNS) %}{% endfor %}{% endfor %}"
    for _ in range(2):
        render(source.replace("TURNS", "990"), {})
    source = "{% for c in range(3) %}" + source + "{% endfor %}"
    with pytest.raises(InvalidRowError, match="2,000,000 steps"):
        render(source.replace("TURNS", "990"), {})


@pytest.fixture
def lower_bounds(monkeypatch):
    """A twentieth of the steps and a 64th of the size, so that reaching them takes no time."""
    monkeypatch.setattr("seedbed.tasks.templates.render_bounds.MAX_STEPS", 100_000)
    monkeypatch.setattr("seedbed.tasks.templates.render_bounds.MAX_SIZE", 2**18)


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(100000) %}{% for b in range(100000) if false %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for row in rows recursive %}{{ loop(rows) }}{% endfor %}",
        "{{ [1] | slice(10 ** 9) | list }}",
        "{% filter center(1000000000) %}x{% endfilter %}",
        "{% set text = 'x' * 1000000 %}{% for i in range(1000000) %}{{ text }}{% endfor %}",
    ],
)
def test_loops_end(source, lower_bounds):
    with pytest.raises(InvalidRowError):
        render(source, {"rows": [1, 2]})


@pytest.mark.parametrize(
    "doubled",
    [
        "kept.it ~ kept.it",
        "kept.it + kept.it",
        "[kept.it, kept.it]",
        "(kept.it, kept.it)",
        "{'a': kept.it, 'b': kept.it}",
        "dict(a=kept.it, b=kept.it)",
        "([kept.it] + [kept.it]) | batch(2) | list",
        "kept.it | replace('x', 'xx')",
        "'%s%s' % (kept.it, kept.it)",
        "'{0}{0}'.format(kept.it)",
    ],
)
def test_what_doubles_in_a_loop_ends(doubled, lower_bounds):
    start = "'x'" if "[" not in doubled else "['x']"
    source = (
        "{% set kept = namespace(it=START) %}{% for i in range(80) %}{% set kept.it = DOUBLED %}{% endfor %}"
        "{{ kept.it }}"
    )
    with pytest.raises(InvalidRowError):
        render(source.replace("START", start).replace("DOUBLED", doubled), {})


def test_a_block_that_doubles_in_a_loop_ends():
    with pytest.raises(InvalidRowError):
        render(
            "{% set kept = namespace(it='x') %}{% for i in range(80) %}"
            "{% set text %}{{ kept.it }}{{ kept.it }}{% endset %}{% set kept.it = text %}{% endfor %}",
            {},
        )


def test_namespaces_in_namespaces_are_shown_without_end_to_nobody():
    source = (
        "{% set kept = namespace(it=1) %}{% for i in range(80) %}"
        "{% set kept.it = namespace(a=kept.it, b=kept.it) %}{% endfor %}{{ kept.it }}"
    )
    assert len(render(source, {})) < 100


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{{ " + "[" * 5000 + "]" * 5000 + " }}",
        "{% for a in b %}" * 30 + "{% endfor %}" * 30,
        "{{ " + "9" * 6000 + " }}",
        "{{ " + "not " * 20_000 + "1 }}",
        "{{ x" + " | upper" * 3000 + " }}",
    ],
)
def test_a_template_that_python_cannot_compile_is_said_to_be_so(source):
    with pytest.raises(ValueError, match="line 1 of the template"):
        check_template(source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 'ab' * 3 }}{{ [1, 2] + [3] }}{{ (1,) }}", "ababab[1, 2, 3](1,)"),
        ("{{ '%5.2f|%s' % (3.14159, word) }}{{ '%(a)s' % {'a': 3} }}", " 3.14|word3"),
        ("{{ '{:>6}|{a}'.format(word, a=1) }}{{ '%s-%s' | format(1, 2) }}", "  word|11-2"),
        ("{{ 2 ** 10 }} {{ 2 ** -1 }} {{ -7 % 3 }} {{ 2.5 * 2 }} {{ 0 ** (10 ** 9) }}", "1024 0.5 2 5.0 0"),
        ("{{ word ~ 1 ~ 'x' }}{{ word | upper | center(8) }}", "word1x  WORD  "),
        ("{{ 'a,b'.split(',') | join('-') }}{{ '-'.join(['a', 'b']) }}", "a-ba-b"),
        ("{{ range(5) | batch(2, 0) | list }}", "[[0, 1], [2, 3], [4, 0]]"),
        ("{% for k, v in {'a': 1}.items() if v %}{{ k }}{% else %}none{% endfor %}", "a"),
        ("{% for x in [1, 2] %}{{ loop.index }}/{{ loop.length }} {% endfor %}", "1/2 2/2 "),
        ("{% for x in rows recursive %}{{ x.a }}{{ loop.depth }}{% endfor %}", "11"),
        ("{% set a, b = 1, 2 %}{{ a }}{{ b }}{{ rows | map(attribute='a') | sum }}", "121"),
        ("{% macro f(a) %}<{{ a }}{{ caller() }}>{% endmacro %}{% call f(1) %}in{% endcall %}", "<1in>"),
        ("{{ rows | tojson }}{{ 'a b' | wordwrap(1) }}{{ 1.234 | round(1) }}", '[{"a": 1}]a\nb1.2'),
    ],
)
def test_what_prompts_do_is_done(source, text):
    assert render(source, {"word": "word", "rows": [{"a": 1}]}) == text


def test_a_large_document_in_a_long_loop_is_rendered():
    document = "some words of a document " * 40_000
    source = "{{ document | trim }}{% for x in numbers %}{{ x }}{{ ', ' if not loop.last }}{% endfor %}"
    text = render(source, {"document": document, "numbers": list(range(20_000))})
    assert text.startswith("some words")
    assert text.endswith("19998, 19999")
    assert len(text) < MAX_SIZE


def test_an_error_of_a_template_in_one_row_is_the_rows_own():
    with pytest.raises(InvalidRowError, match="ZeroDivisionError"):
        render("{{ 1 / n }}", {"n": 0})
    assert render("{{ 1 / n }}", {"n": 2}) == "0.5"
