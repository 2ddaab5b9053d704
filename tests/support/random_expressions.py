"""Random expressions and rows: any, and such as make sense together."""

from __future__ import annotations

from hypothesis import strategies as st

COLUMNS = ("a", "b", "text", "meta", "tags", "result", "range", "self", "n_0", "größe", "missing")
CONSTANTS = (
    "0", "1", "-2", "3", "2.5", "1e300", "1e999", "9223372036854775808", "true", "false", "none",
    "''", "'a'", "' '", "'%s'", "'12'", "'lang'", "\"'\\\\{}\\n\"", "[1, 'a']", "[]", "('a', 2.5)"
)  # fmt: skip
INFIX = (
    "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or", "+", "-", "*", "/", "//", "%", "**", "~"
)  # fmt: skip
SUFFIX = (
    ".lang", ".items", ".a.b", "['lang']", "['items']", "[0]", "[-1]", "[1:]", "[:2]", "[::-1]",
    ".split()", ".split('a')", ".strip()", ".upper()", ".lower()", ".title()", ".startswith('a')",
    ".count('a')", ".find('%')", ".get('lang')", ".items()", ".join(['a', 'b'])", ".center(9)",
    ".__class__", ".format(1)", ".splitlines(true)", ".rsplit(' ', 1)", ".index('a')",
    ".partition('a')", ".append(1)", " | length", " | count", " | lower", " | upper", " | trim",
    " | int", " | float", " | abs", " | first", " | last", " | default('x')", " | default(0, true)",
    " | default(true, false)", " | d", " | string", " | round", " | round(2)", " | round(-1)",
    " | round(1, 'ceil')", " | join", " | join('-')", " | capitalize", " | list", " | sort", " | sum",
    " | max", " | title", " | replace('a', 'b')", " | tojson", " | length(1)", " | nofilter",
    " is defined", " is undefined", " is none", " is string", " is number", " is integer", " is float",
    " is boolean", " is true", " is false", " is mapping", " is sequence", " is iterable", " is odd",
    " is even", " is divisibleby 2", " is upper", " is lower", " is eq 1", " is in ['a', 1]",
    " is not none", " is callable", " is escaped", " is sameas none", " is gt 0",
)  # fmt: skip
TEXT_SUFFIX = (
    ".strip()", ".upper()", ".lower()", ".title()", ".capitalize()", ".swapcase()", ".split()[0]", "[1:]",
    "[:2]", " | trim", " | lower", " | upper", " | capitalize", " | first", ".removeprefix('a')",
    ".split('a') | join('-')"
)  # fmt: skip
TEST_SUFFIX = (
    " is string", " is number", " is none", " is odd", " is even", " is integer", " is float", " is boolean",
    " is upper", " is in ['a', 1]", " is eq 1", ".startswith('a')", ".isdigit()", ".count('a') == 1"
)  # fmt: skip

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([2**31, 2**63 - 1, 2**63, 2**64, -(2**70), 10**400, 2**8191, 2**8192]),
    st.sampled_from([0.0, -0.0, 1.0, 2.5, 1e-3, 1e16, 1e308, float("nan"), float("inf"), float("-inf")]),
    st.text("a1 %-_.ß\nĿ", max_size=5),
    st.sampled_from(["12", "-1", "nan", "1e5", "lang", "a b a", "x" * 60_000, "x" * 100_001, "9" * 101, "ﬁ"]),
)
nested = st.recursive(
    values,
    lambda one: (
        st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(["lang", "items", "a", "b"]), one)
    ),
    max_leaves=5,
)
rows = st.dictionaries(st.sampled_from(COLUMNS[:-1]), nested)


def combined(one: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{} {} {}".format, one, st.sampled_from(INFIX), one),
        st.builds("({} {} {})".format, one, st.sampled_from(INFIX), one),
        st.builds("({}){}".format, one, st.sampled_from(SUFFIX)),
        st.builds("{}{}".format, one, st.sampled_from(SUFFIX)),
        st.builds("{}({})".format, st.sampled_from(["not ", "-", "+"]), one),
        st.builds("({} if {} else {})".format, one, one, one),
        st.builds("[{}, {}]".format, one, one),
        st.builds("({})[{}]".format, one, one),
        st.builds("({} | default({}))".format, one, one),
    )


expressions = st.recursive(st.sampled_from(COLUMNS * 3 + CONSTANTS), combined, max_leaves=8)


# Of the expressions above, few are evaluated directly; of these, most.
numbers = st.deferred(
    lambda: st.one_of(
        st.sampled_from(
            ["a", "b", "n_0", "meta.a", "meta['a']", "1", "-2", "2.5", "tags | length", "text | count"]
        ),
        st.builds(
            "({} {} {})".format, numbers, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), numbers
        ),
        st.builds("({}{})".format, numbers, st.sampled_from([" | abs", " | round(1)", " | int", " | float"])),
        st.builds("({} | length)".format, texts),
        st.builds("(-{})".format, numbers),
        st.builds("({} or {})".format, numbers, numbers),
    )
)
texts = st.deferred(
    lambda: st.one_of(
        st.sampled_from(
            ["text", "größe", "meta.lang", "tags[0]", "tags | last", "'a'", "' %s'", "missing | d('')"]
        ),
        st.builds("({} {} {})".format, texts, st.sampled_from(["+", "~"]), texts),
        st.builds("({} ~ {})".format, texts, numbers),
        st.builds("({}){}".format, texts, st.sampled_from(TEXT_SUFFIX)),
        st.builds("({} | string)".format, numbers),
        st.builds("({} if {} else {})".format, texts, conditions, texts),
    )
)
conditions = st.deferred(
    lambda: st.one_of(
        st.builds("({} {} {})".format, numbers, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers),
        st.builds("({} < {} <= {})".format, numbers, numbers, numbers),
        st.builds("({} {} {})".format, texts, st.sampled_from(["==", "<", ">=", "in", "not in"]), texts),
        st.builds("({} in {})".format, texts, st.sampled_from(["tags", "['a', 'b']", "('a',)", "meta"])),
        st.builds("({} {} {})".format, conditions, st.sampled_from(["and", "or"]), conditions),
        st.builds("(not {})".format, conditions),
        st.builds("({}){}".format, texts | numbers, st.sampled_from(TEST_SUFFIX)),
        st.sampled_from(["missing is defined", "meta.b is undefined", "a is defined", "a is none"]),
    )
)
plain_numbers = st.integers(-3, 12) | st.booleans() | st.floats(-10, 10) | st.integers()
plain_texts = st.text("ab1 %ßĿ\n", max_size=9)
plain_rows = st.fixed_dictionaries(
    {
        "a": plain_numbers,
        "b": plain_numbers,
        "n_0": plain_numbers,
        "text": plain_texts,
        "größe": plain_texts,
        "tags": st.lists(plain_texts, min_size=1, max_size=3),
        "meta": st.fixed_dictionaries({"a": plain_numbers, "lang": plain_texts}),
    }
)
