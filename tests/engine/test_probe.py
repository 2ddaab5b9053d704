"""A probe pays for the first rows of a run, and says what all of it will take."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any, ClassVar

import pytest

from seedbed import (
    GeneratorTask,
    GlobalStep,
    Reject,
    Response,
    RunReader,
    Task,
    Usage,
    UsageError,
    get_llm,
    list_runs,
    plan,
    run,
    run_folder,
    runs_folder,
)
from seedbed.engine.forecast.probe_figures import (
    Estimate,
    ProbedItem,
    acceptance,
    cost_of_items,
    cost_of_rows,
    items_needed,
)
from seedbed.testing import ChatCompletions, Received, Reply, ScriptedLLM, ScriptedServer

PRICES = {"price_input": 1.0, "price_output": 10.0}


class Poem(GeneratorTask):
    outputs: ClassVar[list[str]] = ["poem"]
    template: str = "A poem on {{ topic }}, number {{ index }}."

    def sample(self, index, rng):
        return {"topic": rng.choice(["moss", "rain", "mountains"]), "index": index}

    def format_output(self, output, input):
        if output.startswith("bad"):
            raise Reject("a bad one")
        return {"poem": output}


class Critique(Task):
    outputs: ClassVar[list[str]] = ["critique"]
    template: str = "Be strict: {{ poem }}"


def fine(request: Any) -> Response:
    return Response.of_text("fine", Usage(20, 10))


def varied(request: Any) -> Response:
    """Answer with more or fewer tokens; every fifth prompt, by its digest, with a bad one."""
    digest = hashlib.sha256(request.messages[-1]["content"].encode()).digest()
    text = "bad" if digest[0] < 51 else "good " * 5
    return Response.of_text(f"{text} {digest.hex()}", Usage(20 + digest[1] % 10, 10 + digest[2]))


def test_the_run_after_a_probe_buys_nothing_again():
    llm = ScriptedLLM(varied)
    forecast = plan(Poem() >> Critique(), n=30, llm=llm, name="poems", probe=10, **PRICES)
    assert forecast.probe is not None
    assert forecast.probe.accepted == 10
    assert forecast.probe.bought == len(llm.requests) == forecast.kept_calls
    made = run(Poem() >> Critique(), n=30, llm=llm, name="poems", **PRICES)
    sent = [str(request) for request in llm.requests]
    assert (made.accepted, len(sent)) == (30, len(set(sent)))


def test_it_buys_what_its_rows_take_and_no_more():
    llm = ScriptedLLM(fine)
    plan(Poem(), n=1000, llm=llm, name="poems", probe=7)
    assert len(llm.requests) == 7


def test_a_probe_that_is_repeated_buys_nothing():
    llm = ScriptedLLM(varied)
    first = plan(Poem(), n=50, llm=llm, name="poems", probe=10, **PRICES).probe
    bought = len(llm.requests)
    again = plan(Poem(), n=50, llm=llm, name="poems", probe=10, **PRICES).probe
    assert len(llm.requests) == bought
    assert first is not None
    assert again is not None
    assert (again.bought, again.cost, again.seconds) == (0, first.cost, None)


def test_a_run_that_has_more_rows_keeps_them():
    llm = ScriptedLLM(varied)
    run(Poem(), n=30, llm=llm, name="poems", **PRICES)
    probe = plan(Poem(), n=100, llm=llm, name="poems", probe=10, **PRICES).probe
    assert probe is not None
    assert (probe.accepted, probe.bought) == (30, 0)
    with RunReader.open(run_folder("poems")) as reader:
        assert reader.count_verdicts("poem")["accepted"] == 30


@pytest.mark.slow
def test_the_cost_of_the_whole_run_is_within_the_interval():
    forecast = plan(Poem() >> Critique(), n=100, llm=ScriptedLLM(varied), name="poems", probe=30, **PRICES)
    probe = forecast.probe
    assert probe is not None
    assert probe.cost is not None
    made = run(Poem() >> Critique(), n=100, llm=ScriptedLLM(varied), name="poems", **PRICES)
    whole = (probe.paid or 0.0) + (made.calls.cost or 0.0)
    assert probe.cost.low is not None
    assert probe.cost.high is not None
    assert probe.cost.low <= whole <= probe.cost.high
    assert probe.cost.high < 1.4 * probe.cost.value


def test_rows_that_fail_fill_places_and_are_not_accepted():
    class Failing(Poem):
        def format_output(self, output, input):
            if input["index"] % 4 == 0:
                raise ValueError("no")
            return {"poem": output}

    probe = plan(Failing(), n=40, llm=ScriptedLLM(fine), name="poems", probe=8).probe
    assert probe is not None
    assert (probe.items, probe.accepted, probe.failed) == (8, 6, 2)
    assert probe.acceptance.value == 0.75
    assert probe.items_needed is not None
    assert probe.items_needed.value == 40


def test_all_rows_of_an_input_are_counted():
    rows = [{"poem": f"number {number}"} for number in range(60)]
    llm = ScriptedLLM(varied)
    forecast = plan(Critique(), input=rows, llm=llm, name="critiques", probe=10, **PRICES)
    assert forecast.probe is not None
    assert forecast.probe.items_needed is None
    assert forecast.probe.cost is not None
    made = run(Critique(), input=rows, llm=llm, name="critiques", **PRICES)
    whole = (forecast.probe.paid or 0.0) + (made.calls.cost or 0.0)
    assert (forecast.probe.cost.low or 0) <= whole <= (forecast.probe.cost.high or 0)
    assert len(llm.requests) == 60


def test_a_shard_is_probed_for_its_own_rows():
    llm = ScriptedLLM(fine)
    probe = plan(Poem(), n=100, llm=llm, name="poems", shard="2/5", probe=4).probe
    assert probe is not None
    assert (probe.accepted, len(llm.requests)) == (4, 4)
    made = run(Poem(), n=100, llm=llm, name="poems", shard="2/5")
    assert (made.accepted, len(llm.requests)) == (20, 20)


def test_rows_are_those_of_the_whole_run_where_its_length_matters():
    class Spread(Poem):
        rows: int | None = None

        def plan_for(self, rows):
            self.rows = rows

        def sample(self, index, rng):
            return {"topic": f"{index} of {self.rows}", "index": index}

    llm = ScriptedLLM(fine)
    plan(Spread(), n=20, llm=llm, name="poems", probe=5)
    run(Spread(), n=20, llm=llm, name="poems")
    assert len(llm.requests) == 20


def test_a_step_over_all_rows_leaves_no_interval_of_the_cost():
    class Sorted(GlobalStep):
        def process(self, rows):
            return sorted(rows, key=lambda row: row["index"])

    graph = Poem() >> Sorted() >> Critique()
    probe = plan(graph, n=50, llm=ScriptedLLM(fine), name="poems", probe=5, **PRICES).probe
    assert probe is not None
    assert probe.cost is not None
    assert (probe.cost.low, probe.cost.high) == (None, None)


def test_without_a_price_the_cost_is_unknown_and_the_rest_is_told():
    probe = plan(Poem(), n=50, llm=ScriptedLLM(fine), name="poems", probe=5).probe
    assert probe is not None
    assert (probe.paid, probe.cost) == (None, None)
    assert probe.seconds is not None
    assert probe.acceptance.value == 1.0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"probe": 0}, "cannot probe 0 rows"),
        ({"probe": -3}, "cannot probe -3 rows"),
        ({"probe": 51}, "a probe of 51 rows is more than the 50 rows of the run"),
        ({"probe": 5, "name": None}, "this run has no name"),
        ({"probe": "many"}, "probe"),
        ({"probe": 2.5}, "probe"),
    ],
)
def test_a_probe_that_makes_no_sense_is_refused(options: dict[str, Any], said: str):
    llm = ScriptedLLM("never asked")
    with pytest.raises(UsageError, match=said):
        plan(Poem(), **{"n": 50, "llm": llm, "name": "poems", **options})
    assert llm.requests == []
    assert list_runs(runs_folder()) == []


def test_a_run_that_was_begun_with_another_prompt_is_not_mixed_up():
    llm = ScriptedLLM(fine)
    run(Poem(), n=5, llm=llm, name="poems")
    with pytest.raises(UsageError, match="begun with other settings of poem"):
        plan(Poem(template="Sing on {{ topic }}, {{ index }}."), n=50, llm=llm, name="poems", probe=10)
    assert len(llm.requests) == 5


def test_a_single_row_says_nothing_about_the_spread():
    item = ProbedItem(0.01, 1)
    assert cost_of_rows([item], 99) == Estimate(pytest.approx(0.99), 0.0, None)
    assert items_needed([ProbedItem(0.01, 0)], 10) is None
    assert items_needed([ProbedItem(0.01, 4)], 10) == Estimate(2.5, None, None)


def test_several_rows_of_an_item_are_needed_less_often():
    needed = items_needed([ProbedItem(0.01, 4), ProbedItem(0.01, 3), ProbedItem(0.01, 4)], 100)
    assert needed is not None
    assert needed.low is not None
    assert needed.high is not None
    assert needed.value == pytest.approx(300 / 11)
    assert needed.low < needed.value < needed.high


def simulated(rng: random.Random, count: int) -> list[ProbedItem]:
    return [ProbedItem(rng.lognormvariate(-4, 0.6), int(rng.random() < 0.8)) for _ in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("rows", [10, 180])
def test_the_interval_of_the_cost_holds_what_it_says(rows: int):
    rng, tries, held = random.Random(0), 400, 0
    for _ in range(tries):
        probed, made, spent = simulated(rng, 20), 0, 0.0
        while made < rows:
            (item,) = simulated(rng, 1)
            made, spent = made + item.filled, spent + item.cost
        cost = cost_of_rows(probed, rows)
        assert cost is not None
        held += (cost.low or 0) <= spent <= (cost.high or 0)
    assert 0.92 < held / tries < 0.99


def test_the_other_intervals_hold_what_they_say():
    rng, tries = random.Random(0), 400
    held = {"items": 0, "share": 0, "all": 0}
    for _ in range(tries):
        items, more = simulated(rng, 20), simulated(rng, 300)
        needed, whole, share = items_needed(items, 1000), cost_of_items(items, 300), acceptance(items)
        assert needed is not None
        assert whole is not None
        held["items"] += (needed.low or 0) <= 1250 <= (needed.high or 0)
        held["share"] += (share.low or 0) <= 0.8 <= (share.high or 0)
        held["all"] += (whole.low or 0) <= sum(item.cost for item in more) <= (whole.high or 0)
    assert all(count / tries > 0.92 for count in held.values()), held


WIRE = ChatCompletions()


def answered(received: Received) -> Any:
    """Answer as the model of a server: lengths and bad ones by the digest of the request."""
    digest = hashlib.sha256(received.body).digest()
    text = "bad" if digest[0] < 64 else "good"
    usage = Usage(20 + digest[1] % 10, 20 + digest[2] * digest[3] // 128)
    return WIRE.answer(Response.of_text(f"{text} {digest.hex()}", usage)).body


@pytest.mark.slow
def test_what_the_run_then_costs_is_within_the_interval_in_18_of_20_seeds(
    scripted_server: ScriptedServer, tmp_path: Path
):
    scripted_server.answer_with(Reply(body=answered))
    llm = get_llm("openai/any", base_url=f"{scripted_server.url}/v1", api_key="sk-none")
    held = 0
    for seed in range(20):
        options: dict[str, Any] = {"n": 120, "llm": llm, "name": f"poems-{seed}", "seed": seed, **PRICES}
        probe = plan(Poem() >> Critique(), probe=20, **options).probe
        assert probe is not None
        assert probe.cost is not None
        before = scripted_server.count
        made = run(Poem() >> Critique(), **options)
        assert made.accepted == 120
        assert scripted_server.count - before == made.calls.answered
        whole = (probe.paid or 0.0) + (made.calls.cost or 0.0)
        held += (probe.cost.low or 0.0) <= whole <= (probe.cost.high or 0.0)
    assert held >= 18
