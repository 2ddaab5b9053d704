"""An observer, whose hooks name the arguments that they need."""

import json
import os
from pathlib import Path

from seedbed import hookimpl


def note(**facts):
    with Path(os.environ["FROZEN_NOTES"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")


@hookimpl
def seedbed_run_started(run):
    note(hook="started", run=run.name, task=run.task, wanted=run.wanted, seed=run.seed, models=run.models)


@hookimpl
def seedbed_call_finished(call):
    note(hook="call", step=call.step, row=call.row, tokens=call.usage.total_tokens, text=call.response.choices[0].text)


@hookimpl
def seedbed_row_finished(run, row):
    note(hook="row", run=run.name, seq=row.seq, verdict=row.verdict, columns=row.columns)


@hookimpl
def seedbed_run_finished(outcome):
    note(hook="finished", outcome=outcome.outcome, accepted=outcome.accepted, rejected=outcome.rejected)
