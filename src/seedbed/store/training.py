"""Rows in the forms that trainers read.

    chat               {"messages": [{"role": "user", "content": ...}, ...]}
    sharegpt           {"conversations": [{"from": "human", "value": ...}, ...]}
    sharegpt-preference  the same with the prompt alone, and {"chosen": {"from": "gpt", ...}, "rejected": ...}
    sharegpt-kto       {"conversations": [...], "kto_tag": true or false}
    alpaca             {"instruction": ..., "input": ..., "output": ...}, and "system" if the row has it
    prompt-completion  {"prompt": [messages], "completion": [message]}
    preference         {"prompt": [messages], "chosen": [...], "rejected": [...]}; without "prompt" if rows
                       have none
    kto                {"prompt": [messages], "completion": [message], "label": true or false}
    reward             {"chosen": [prompt and answer], "rejected": [...]}, and "margin" if the row has it
    text               {"text": ...}, from a column or from a conversation and a chat template

The parts come from columns: a part is taken from the column of its name or from another usual one
(`USUAL_COLUMNS`), unless the caller names the column. "tools" and "images" of a row are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import orjson

from seedbed.errors import DatasetError, UsageError
from seedbed.store.training_forms import FORMS, MEANT, Template
from seedbed.store.training_parts import USUAL_COLUMNS, Parts, can_be, find_columns, listed
from seedbed.suggestions import did_you_mean
from seedbed.tasks.rows import Row


def check_form(form: str, columns: Iterable[str] = (), template: str | Path | None = None) -> None:
    """Raise UsageError if there's no such form or part, or if the chat template can't be used."""
    _known("form", form, FORMS)
    for part in columns:
        _known("part", part, USUAL_COLUMNS)
    _template(form, template)


def check_columns_of_form(form: str, columns: Iterable[str], given: Mapping[str, str]) -> None:
    """Raise UsageError if rows with no other columns than these can't have a form.

    Rows needn't have all of these columns, so two that could be the same part are no mistake yet. A column
    for a part that the form doesn't need may come in a later row.
    """
    check_form(form, given)
    there = dict.fromkeys(columns)
    alternatives = FORMS[form].alternatives
    needed = {part for way in alternatives for part in way}
    given = {part: name for part, name in given.items() if part in needed}
    if not set(given.values()) <= there.keys() or not any(can_be(way, there, given) for way in alternatives):
        find_columns(there, given, alternatives)


class RowTrial:
    """Tries rows for a form as they come, before a dataset is written.

        trial = RowTrial("chat", {"prompt": "title"})
        trial.check(b'{"title": "Tides"}')

    The columns of all rows so far decide which are used, as those of all rows do in the end. Raises
    UsageError if there's no such form, part or chat template.
    """

    def __init__(
        self, form: str, columns: Mapping[str, str] | None = None, template: str | Path | None = None
    ) -> None:
        self._name, self._given = form, dict(columns or {})
        check_form(form, self._given)
        self._form = FORMS[form]
        self._template = _template(form, template)
        self._needed = {part for way in self._form.alternatives for part in way}
        self._names: dict[str, None] = {}
        self._columns: Mapping[str, str] = {}
        self._rows = 0

    def check(self, row: bytes) -> None:
        """Raise UsageError or DatasetError, with the number of the row, if no dataset with it has the form.

        Later rows can't mend what's missing here. Only a column for a part that the form doesn't need may
        come later.
        """
        self._rows += 1
        here: Row = orjson.loads(row)
        try:
            if not here.keys() <= self._names.keys():
                self._names |= dict.fromkeys(here)
                self._columns = self._find()
            self._form.convert(Parts(here, self._columns), self._template)
        except (UsageError, DatasetError) as error:
            later = "or leave the form out of the run, and export the rows that can have it"
            said = f"row {self._rows:,} can't have the form {self._name!r}: {error.fact}"
            raise type(error)(said, *error.advice, later) from error

    def _find(self) -> Mapping[str, str]:
        given = {
            part: name for part, name in self._given.items() if name in self._names or part in self._needed
        }
        return find_columns(self._names, given, self._form.alternatives)


class TrainingRows:
    """Encoded rows in a trainer's form, such as "chat", converted as they are iterated.

        with RunReader.open(Path("runs/qa")) as run:
            export_rows(TrainingRows(run.rows("qa-pairs"), "chat"), Path("train.jsonl"))

    `columns` names the column of a part if it's not a usual one: `{"prompt": "title"}`. The columns of all
    rows together decide which are used. `template` is the file of a chat template, for the form "text".
    Raises `UsageError` if there's no such form, part or column, or if two columns could be the same part.
    Iterating raises `DatasetError`, with the number of the row, if a row can't be converted.
    """

    def __init__(
        self,
        rows: Iterable[bytes],
        form: str,
        columns: Mapping[str, str] | None = None,
        template: str | Path | None = None,
    ) -> None:
        self._rows = rows
        given = dict(columns or {})
        check_form(form, given)
        self._form = FORMS[form]
        self._template = _template(form, template)
        # One pass over the rows, and the first of them converted, so that errors come before a file is begun.
        names: Row = {name: None for row in map(orjson.loads, rows) for name in row}
        self._columns = find_columns(names, given, self._form.alternatives) if names else {}
        next(iter(self), None)

    def __iter__(self) -> Iterator[bytes]:
        for number, row in enumerate(map(orjson.loads, self._rows), start=1):
            try:
                yield orjson.dumps(self._form.convert(Parts(row, self._columns), self._template))
            except DatasetError as error:
                raise DatasetError(f"row {number}: {error.fact}", *error.advice) from error


def _template(form: str, template: str | Path | None) -> Template | None:
    if template is None:
        return None
    if form != "text":
        raise UsageError(
            f"the form {form!r} has no chat template", "leave --chat-template out (chat_template= in Python)"
        )
    # Jinja2 is imported for those who render a template.
    from seedbed.store.chat_template import ChatTemplate

    return ChatTemplate.from_file(Path(template)).render


def _known(what: str, name: str, known: Iterable[str]) -> str:
    if name not in known:
        meant = MEANT.get(name.lower()) if what == "form" else None
        advice = (f"did you mean {meant!r}?",) if meant else did_you_mean(name, known)
        raise UsageError(f"there is no {what} {name!r}", *advice, f"use {listed(known)}")
    return name
