"""The rows of a run as tables in memory: the same values and types as in its Parquet file."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.scripted_llm import scripted

from seedbed import Step, Task, UsageError, run

ROWS = [{"n": 2**40, "tags": ["a", "b"], "price": 1.5}, {"n": 1, "tags": [], "price": None}]


class Same(Step):
    def process(self, row):
        return row


class Say(Task):
    template: str = "Say {{ n }}"


def test_a_table_has_the_values_and_types_of_the_parquet_file(tmp_path):
    done = run(Same(), input=ROWS, out=tmp_path / "rows.parquet")

    assert done.to_arrow().equals(pq.read_table(tmp_path / "rows.parquet"))


def test_columns_of_an_arrow_input_keep_their_type():
    given = pa.table({"at": pa.array([1, 2], pa.timestamp("s")), "n": pa.array([1, 2], pa.int8())})

    assert run(Same(), input=given).to_arrow().schema.types == given.schema.types


@pytest.mark.slow
@pytest.mark.parametrize("name", [None, "kept"])
def test_the_libraries_get_the_same_rows(name):
    # Imported here, since it takes two seconds and each worker of pytest collects all tests.
    import datasets
    import pandas as pd
    import polars as pl

    done = run(Say(llm=scripted("yes")), input=ROWS, name=name)
    rows = [*done.rows()]

    pandas, polars, dataset = done.to_pandas(), done.to_polars(), done.to_dataset()

    assert (type(pandas), type(polars), type(dataset)) == (pd.DataFrame, pl.DataFrame, datasets.Dataset)
    assert polars.to_dicts() == rows
    assert dataset.to_list() == rows
    assert pandas["generation"].tolist() == ["yes", "yes"]
    assert [list(tags) for tags in pandas["tags"]] == [["a", "b"], []]


def test_a_step_that_the_pipeline_also_ends_in_is_named():
    same, say = Same(name="same"), Say(name="say", llm=scripted("yes"))
    done = run(Same(name="first") >> [same, say], input=ROWS, leaf="same")

    assert done.to_arrow().column_names == ["n", "tags", "price"]
    assert "generation" in done.to_arrow("say").column_names


def test_a_run_without_rows_is_an_empty_table():
    class Nothing(Step):
        def process(self, row):
            return None

    assert run(Nothing(), input=ROWS).to_arrow().num_rows == 0


@pytest.mark.slow
def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it():
    program = """
import sys
sys.modules.update(polars=None, pyarrow=None)
from seedbed import Step, UsageError, run
class Same(Step):
    def process(self, row): return row
done = run(Same(), input=[{"n": 1}])
for made in (done.to_arrow, done.to_polars):
    try: made()
    except UsageError as error: print(*error.advice, sep="; ")
"""
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert printed.stdout.split("\n")[:2] == ["pip install 'seedbed[parquet]'", "pip install polars"]


def test_a_run_that_keeps_nothing_says_so():
    from seedbed import Run

    with pytest.raises(UsageError, match="the run 'empty' has made nothing"):
        Run("empty", 1).to_arrow()


@pytest.mark.parametrize("name", [None, "kept"])
def test_a_run_is_its_rows(name):
    done = run(Same(), input=ROWS, name=name)
    assert [*done] == [*done.rows()] == ROWS
    assert len(done) == 2
    assert ROWS[0] in done
    # Fed to another run, it's rows like any.
    assert [*run(Same(), input=done)] == ROWS
    assert not run(Same(), input=[])
