"""Prompts are templates in a sandbox, and a mistake in one is shown with what would be right."""

from __future__ import annotations

import pytest
from tests.support.scripted_llm import prompt, scripted

from seedbed import Expression, InvalidRowError, ParameterError, Task, UsageError
from seedbed.tasks.templates.template import check_template, render, template_variables


class Answer(Task):
    tone: str = "kind"
    template: str = "{{ tone }}: {{ question }}"


def test_single_braces_and_markup_are_only_text():
    source = 'Write {"a": {b}} as <b>{{ x }}</b> & keep {x} and {# not this #}the end.\n'
    assert render(source, {"x": "'1' & <2>"}) == (
        "Write {\"a\": {b}} as <b>'1' & <2></b> & keep {x} and the end.\n"
    )


def test_the_variables_are_columns_and_fields():
    assert template_variables("{{ a.b }} {% for x in rows %}{{ x }}{% endfor %}") == {"a", "rows"}
    task = Answer(llm=scripted(prompt))
    assert task.inputs == ["question"]
    assert task.process({"question": "Why?"})[0]["generation"] == "kind: Why?"
    assert task.process({"question": "Why?", "tone": "rude"})[0]["generation"] == "rude: Why?"


def test_the_prompt_is_overridden_without_a_subclass():
    task = Answer(llm=scripted(), template="{{ problem | upper }}", system_prompt="Be {{ tone }}.")
    task.process({"problem": "x"})
    (sent,) = task.llm.requests
    assert [message["content"] for message in sent.messages] == ["Be kind.", "X"]


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ x.__init__.__globals__ }}",
        "{{ render.__code__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% set _ = rows.append(1) %}",
        "{{ '{0.__class__}'.format(x) }}",
    ],
)
def test_the_sandbox_holds(source):
    with pytest.raises(UsageError, match=r"the template cannot be (rendered|filled in)"):
        render(source, {"x": "text", "rows": [], "render": render})


def test_a_missing_variable_has_a_suggestion():
    with pytest.raises(UsageError, match="'qestion' is undefined") as caught:
        render("{{ qestion }}", {"question": "x", "tone": "y"})
    assert "did you mean 'question'?" in str(caught.value)
    assert "variables here: question, tone" in str(caught.value)


@pytest.mark.parametrize(
    ("called", "instead"),
    [
        ("len(answer) > 3", "length"),
        ("length(answer) > 3", "length"),
        ("lower (answer) == 'x'", "lower"),
        ("answer == str(3)", "string"),
    ],
)
def test_a_filter_that_is_called_as_a_function_is_told_to_be_a_filter(called, instead):
    with pytest.raises(UsageError) as prompt_error:
        render(f"{{{{ {called} }}}}", {"answer": "x"})
    with pytest.raises(InvalidRowError) as row_error:
        Expression(called).holds({"answer": "x"})

    for error in (prompt_error.value, row_error.value):
        assert error.advice[0] == f"in place of a function of Python, write a filter: VALUE | {instead}"


def test_a_missing_column_with_the_name_of_a_filter_is_a_column():
    with pytest.raises(InvalidRowError) as caught:
        Expression("title == 'x'").holds({"titel": "x"})

    assert caught.value.advice == ("did you mean 'titel'?", "columns here: titel")


def test_a_row_without_the_column_is_that_rows_error():
    with pytest.raises(InvalidRowError, match="needs a column 'question'") as caught:
        Answer(llm=scripted()).process({"questoin": "x"})
    assert "did you mean 'questoin'?" in str(caught.value)


def test_a_column_named_like_a_field_of_every_task_is_a_column():
    task = Answer(llm=scripted(prompt), template="{{ name }}", name="greeter")
    assert task.inputs == ["name"]
    assert task.process({"name": "Ada"})[0]["generation"] == "Ada"
    with pytest.raises(InvalidRowError, match="needs a column 'name'"):
        task.process({})


def test_a_part_that_one_row_lacks_is_that_rows_error():
    task = Answer(llm=scripted(), template="{{ meta.title }}")
    with pytest.raises(InvalidRowError, match="has no attribute 'title'"):
        task.process({"meta": {}})


def test_a_syntax_error_names_its_line():
    with pytest.raises(ParameterError, match="line 2 of the template: "):
        Answer(template="fine\n{{ broken")
    with pytest.raises(ValueError, match=r"line 3 of the template: .*endfor"):
        check_template("\n\n{% for x in y %}")
    assert check_template("fine") == "fine"


@pytest.mark.parametrize("name", ["items", "keys", "values", "get", "copy", "pop", "update"])
def test_a_field_named_like_a_method_is_the_field(name):
    row = {"order": {name: [1, 2], "x": {name: "deep"}}}

    assert render(f"{{{{ order.{name} }}}} {{{{ order.x.{name} }}}}", row) == "[1, 2] deep"
    assert Expression(f"order.{name} | length").value(row) == 2
    assert Expression(f"order.x.{name} == 'deep'").value(row) is True


def test_methods_are_called_and_never_shown():
    row = {"order": {"items": 1, "x": 2}, "other": {"x": 3}, "text": "a b"}

    assert render("{% for k, v in order.items() %}{{ k }}={{ v }} {% endfor %}", row) == "items=1 x=2 "
    assert render("{{ other.get('x') }} {{ text.title() }}", row) == "3 A B"
    for source in ("{{ other.items }}", "{{ text.title }}"):
        with pytest.raises(InvalidRowError, match="it shows the method"):
            render(source, row)
