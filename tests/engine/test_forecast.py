"""What a run would take, said before it starts: nothing is sent, and what is on disk isn't counted again."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, Field, PrivateAttr

from seedbed import (
    Embedder,
    GeneratorTask,
    GlobalStep,
    InvalidOutputError,
    Join,
    Pipeline,
    Response,
    SharedAnswers,
    Step,
    Task,
    Usage,
    UsageError,
    otherwise,
    plan,
    run,
    when,
)
from seedbed.engine.forecast.amounts import dollars
from seedbed.llm.pools.fallback import FallbackLLM
from seedbed.llm.pools.pool import PoolLLM
from seedbed.testing import ScriptedLLM

PRICES = {"price_input": 1.0, "price_output": 10.0}


class Poem(GeneratorTask):
    outputs: ClassVar[list[str]] = ["poem"]
    template: str = "A poem on {{ topic }}, number {{ index }}."

    def sample(self, index, rng):
        return {"topic": rng.choice(["moss", "rain", "mountains"]), "index": index}


class Critique(Task):
    outputs: ClassVar[list[str]] = ["critique"]
    template: str = "Be strict: {{ poem }}"


class Score(Task):
    class Output(BaseModel):
        score: int
        reason: str

    template: str = "Score {{ poem }}"


class Answer(Task):
    outputs: ClassVar[list[str]] = ["answer"]
    template: str = "Answer {{ text }}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_counted(request: Any) -> Response:
    """Answer with ten tokens, and take what the prompt was estimated at."""
    taken = sum(len(message["content"]) for message in request.messages) // 3
    return Response.of_text("w " * 10, Usage(taken, 10))


def counted(**fields: Any) -> ScriptedLLM:
    return ScriptedLLM(as_counted, **{"max_tokens": 10, **fields})


def test_calls_tokens_and_cost_are_those_of_the_run():
    llm = counted()
    forecast = plan(Poem(), n=40, llm=llm, **PRICES)
    assert llm.requests == []
    made = run(Poem(), n=40, llm=llm, **PRICES)
    assert (forecast.calls, forecast.output_tokens) == (40, made.calls.usage.output_tokens)
    assert forecast.input_tokens == pytest.approx(made.calls.usage.input_tokens, abs=1)
    assert forecast.cost == pytest.approx(made.calls.cost, rel=0.01)


def test_nothing_is_left_on_disk(folder: Path):
    plan(Poem() >> Critique(), n=5, llm=counted(), name="poems")
    assert [*folder.iterdir()] == []


def test_no_model_is_loaded_and_no_key_is_needed():
    class Heavy(ScriptedLLM):
        key_env_var: ClassVar[str] = "NOBODY_HAS_THIS_KEY"

        def load(self):
            raise AssertionError("it was loaded")

        async def check(self):
            raise AssertionError("it was checked")

    assert plan(Poem(), n=5, llm=Heavy(as_counted, max_tokens=10)).calls == 5


def test_answers_that_a_run_has_are_not_counted_again():
    llm = counted()
    run(Poem() >> Critique(), n=5, llm=llm, name="poems", **PRICES)
    forecast = plan(Poem() >> Critique(), n=12, llm=llm, name="poems", **PRICES)
    assert (forecast.earlier, forecast.kept_rows, forecast.kept_calls, forecast.calls) == ("poems", 5, 10, 14)
    before = len(llm.requests)
    made = run(Poem() >> Critique(), n=12, llm=llm, name="poems", **PRICES)
    assert len(llm.requests) - before == forecast.calls
    assert forecast.cost == pytest.approx(made.calls.cost, rel=0.1)


def test_a_finished_run_costs_nothing_more():
    llm = counted()
    run(Poem(), n=5, llm=llm, name="poems")
    forecast = plan(Poem(), n=5, llm=llm, name="poems")
    assert (forecast.calls, forecast.kept_calls, forecast.cost) == (0, 5, 0.0)
    assert "there is no call to make" in str(forecast)


def test_after_an_edit_only_the_changed_step_is_counted():
    llm = counted()
    run(Poem() >> Critique(), n=6, llm=llm, name="poems")
    edited = Poem() >> Critique(template="Be kind: {{ poem }}")
    first, second = plan(edited, n=6, llm=llm, name="poems").steps
    assert (first.calls, first.kept, second.calls, second.kept) == (0, 6, 6, 0)


def test_tokens_that_were_measured_replace_estimates():
    llm = ScriptedLLM(lambda request: Response.of_text("short", Usage(100, 3)), max_tokens=500)
    run(Poem(), n=4, llm=llm, name="poems")
    forecast = plan(Poem(), n=10, llm=llm, name="poems", **PRICES)
    (step,) = forecast.steps
    assert (step.input_tokens, step.output_tokens, step.output_from) == (600, 18, "measured")
    assert forecast.cost == pytest.approx(6 * (100 + 30) / 1e6)
    assert not forecast.is_bound


def test_rows_after_the_cut_of_a_smaller_n_count_as_accepted():
    for n in (40, 10):
        run(Poem(), n=n, llm=counted(), name="cut")
    (step,) = plan(Poem(template="Other {{ index }}"), n=20, llm=counted(), name="cut").steps
    assert step.calls == 20


def test_rows_that_were_rejected_before_are_expected_again():
    def odd_ones(request: Any) -> str:
        return "" if request.messages[-1]["content"][-2] in "13579" else "fine"

    run(Poem(max_reasks=0), n=5, llm=ScriptedLLM(odd_ones), name="poems")
    forecast = plan(Poem(max_reasks=0), n=20, llm=ScriptedLLM(odd_ones), name="poems")
    assert forecast.calls is not None
    assert 26 <= forecast.calls <= 32


class Shorten(Step):
    """Makes a number and a short text of an answer, as `map` and `select` do."""

    outputs: ClassVar[list[str]] = ["words", "begins"]
    repeatable: ClassVar[bool] = True

    def process(self, row):
        return {"words": len(row["poem"].split()), "begins": row["poem"][:1]}


class Judge(Task):
    template: str = "Judge {{ words }} words that begin with {{ begins }}"


def test_what_a_step_without_a_model_makes_of_an_answer_is_counted_by_what_it_makes():
    steps = Poem() >> Shorten() >> Judge()
    llm = counted()
    forecast = plan(steps, n=10, llm=llm)
    made = run(steps, n=10, llm=llm)
    assert forecast.input_tokens == pytest.approx(made.calls.usage.input_tokens, abs=20)
    assert forecast.steps[-1].waits_for == ()


def test_a_step_that_takes_no_placeholder_makes_texts_as_long_as_the_answers():
    class Numbered(Shorten):
        def process(self, row):
            raise ValueError(f"{row['poem']} is no poem")

    class Kept(Shorten):
        repeatable: ClassVar[bool] = False

    for step in (Numbered(), Kept()):
        judge = plan(Poem() >> step >> Judge(), n=10, llm=counted(max_tokens=300)).steps[-1]
        assert judge.input_tokens == pytest.approx(10 * (300 + 9), rel=0.02)
        assert judge.waits_for == (step.name,)


def test_a_prompt_that_waits_for_an_answer_counts_its_longest():
    llm = counted(max_tokens=50)
    first, second = plan(Poem() >> Critique(), n=10, llm=llm).steps
    assert (first.waits_for, second.waits_for) == ((), ("poem",))
    assert second.input_tokens == pytest.approx(10 * (50 + len("Be strict: ") / 3), abs=10)


def test_typed_answers_are_stood_in_for_by_values_of_their_type():
    class Sum(Task):
        template: str = "{{ score + 1 }}: {{ reason }}"

    forecast = plan(Poem() >> Score() >> Sum(), n=3, llm=counted())
    assert forecast.calls == 9
    assert forecast.prompts[2].call.request.messages[-1]["content"] == "2: ⟦score.reason⟧"


def test_prompts_of_the_first_rows_are_those_that_are_sent():
    llm = counted()
    forecast = plan(Poem(), n=9, llm=llm)
    run(Poem(), n=9, llm=llm)
    sent = [request.messages for request in llm.requests]
    assert [prompt.row for prompt in forecast.prompts] == ["0", "1"]
    assert all(prompt.call.request.messages in sent for prompt in forecast.prompts)


def test_a_step_without_a_model_works_on_the_first_rows():
    class Long(Step):
        keeps: ClassVar[bool] = True

        def process(self, row):
            return row if len(row["text"]) > 3 else None

    rows = [{"text": "long enough" if number % 2 else "no"} for number in range(300)]
    steps = plan(Long() >> Answer(), input=rows, llm=counted()).steps
    assert [(step.rows, step.calls) for step in steps] == [(300, 0), (150, 150)]


class First(Step):
    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True
    rows: int

    _seen: int = PrivateAttr(default=0)

    @property
    def rows_wanted(self):
        return max(0, self.rows - self._seen)

    def process(self, row):
        self._seen += 1
        return row if self._seen <= self.rows else None


@pytest.mark.parametrize("wanted", [0, 20, 250, 1000])
def test_only_rows_that_a_step_wants_are_counted(wanted: int):
    rows = [{"text": f"text {number}"} for number in range(300)]
    count = min(wanted, 300)
    for pipeline in (First(rows=wanted) >> Answer(), Answer() >> First(rows=wanted)):
        steps = plan(pipeline, input=rows, llm=counted()).steps
        assert (sum(step.calls for step in steps), steps[-1].rows) == (count, count)


def test_rows_that_were_dropped_before_a_step_had_enough_are_expected_again():
    class Even(Step):
        keeps: ClassVar[bool] = True

        def process(self, row):
            return row if row["text"].endswith("even") else None

    rows = [{"text": f"text {number} {'odd' if number % 2 else 'even'}"} for number in range(300)]
    llm = counted()

    def pipeline(count: int) -> Pipeline:
        return Answer() >> Even() >> First(rows=count)

    run(pipeline(10), input=rows, llm=llm, name="it")
    before = len(llm.requests)
    for count in (6, 10, 40):
        planned = plan(pipeline(count), input=rows, llm=llm, name="it")
        assert planned.calls == pytest.approx(max(0, 2 * count - before), abs=5)


def test_a_task_without_an_end_needs_no_number_where_a_step_ends_it():
    made = plan(Poem() >> First(rows=7), llm=counted())
    assert made.calls == 7
    assert plan(Poem() >> First(rows=7), 5, llm=counted()).calls == 5


def test_rows_that_a_step_drops_are_dropped_as_often_in_the_rest():
    class Long(Step):
        keeps: ClassVar[bool] = True

        def process(self, row):
            return row if len(row["text"]) > 3 else None

    rows = [{"text": f"long {number}" if number % 2 else "no"} for number in range(300)]
    llm = counted()
    run(Long() >> Answer(), n=20, input=rows, llm=llm, name="answers")
    steps = plan(Long() >> Answer(), input=rows, llm=llm, name="answers").steps
    assert steps[1].rows == pytest.approx(150, abs=5)
    assert steps[1].calls == pytest.approx(130, abs=5)


def test_rows_that_fail_before_a_model_is_asked_are_told():
    class Strict(Step):
        def process(self, row):
            raise ValueError(f"no {row['text']}")

    forecast = plan(Strict() >> Answer(), input=[{"text": "tea"}] * 3, llm=counted())
    assert (forecast.calls, forecast.failing) == (0, {"'strict': ValueError: no tea": 3})
    assert "3 rows of the first ones failed: 'strict': ValueError: no tea" in str(forecast)


def test_several_generations_of_a_row_are_as_many_rows():
    rows = [{"text": f"{number}"} for number in range(50)]
    forecast = plan(Answer(num_generations=4), n=20, input=rows, llm=counted())
    assert forecast.calls == 20


@pytest.mark.slow
def test_rows_that_steps_multiplied_before_are_multiplied_again():
    graph = Poem(num_generations=3) >> Critique()
    run(graph, n=30, llm=counted(), name="poems")
    steps = plan(graph, n=60, llm=counted(), name="poems").steps
    assert [(step.rows, step.calls, step.kept) for step in steps] == [(20, 30, 30), (60, 30, 30)]
    assert run(graph, n=60, llm=counted(), name="poems").calls.answered == 60


def test_rows_that_a_step_over_all_rows_leaves_out_are_not_made_more_of():
    class Half(GlobalStep):
        def process(self, rows):
            return list(rows)[::2]

    run(Poem() >> Half() >> Critique(), n=40, llm=counted(), name="poems")
    first, *_ = plan(Poem() >> Half() >> Critique(), n=80, llm=counted(), name="poems").steps
    assert (first.rows, first.calls, first.kept) == (80, 40, 40)


def test_a_row_goes_every_way_where_an_answer_decides():
    graph = Poem() >> [when("'x' in poem", Critique()), otherwise(Score())] >> Answer(template="{{ poem }}")
    counts = {step.step: step.calls for step in plan(graph, n=7, llm=counted()).steps}
    assert counts == {"poem": 7, "critique": 7, "score": 7, "answer": 7}


def test_branches_are_joined():
    graph = Poem() >> [Critique(), Score()] >> Answer(template="{{ critique }} {{ score }}")
    forecast = plan(graph, n=7, llm=counted())
    assert forecast.calls == 28
    assert forecast.steps[-1].waits_for == ("critique",)


def test_a_step_over_all_rows_passes_them_on():
    class Sorted(GlobalStep):
        def process(self, rows):
            return sorted(rows, key=lambda row: row["poem"])

    steps = plan(Poem() >> Sorted() >> Critique(), n=300, llm=counted()).steps
    assert [(step.rows, step.calls) for step in steps] == [(300, 300), (300, 0), (300, 300)]


def test_rows_after_a_step_over_all_rows_are_found_when_the_run_has_them():
    class Sorted(GlobalStep):
        def process(self, rows):
            return sorted(rows, key=lambda row: row["index"])

    llm = counted()
    run(Poem() >> Sorted() >> Critique(), n=5, llm=llm, name="poems")
    forecast = plan(Poem() >> Sorted() >> Critique(), n=5, llm=llm, name="poems")
    assert (forecast.calls, forecast.kept_calls) == (0, 10)


def test_two_sources_are_both_counted():
    graph = [Poem(name="one"), Poem(name="two")] >> Join(on=["index"]) >> Answer(template="{{ poem }}")
    assert [step.calls for step in plan(graph, n=4, llm=counted()).steps][:2] == [4, 4]


def test_a_generator_with_its_own_loop_is_asked_until_its_first_rows():
    class Loop(GeneratorTask):
        outputs: ClassVar[list[str]] = ["text"]

        def process(self, offset=0):
            while True:
                ((text,),) = self.llm.generate([[{"role": "user", "content": "Go on."}]])
                yield {"text": text}

    llm = counted()
    (step,) = plan(Loop(), n=50, llm=llm).steps
    assert step.calls == 50
    run(Loop(), n=20, llm=llm, name="loops")
    forecast = plan(Loop(), n=50, llm=llm, name="loops")
    assert (forecast.calls, forecast.kept_calls) == (30, 20)
    graph = Loop() >> Answer()
    run(graph, n=20, llm=llm, name="both")
    forecast = plan(graph, n=50, llm=llm, name="both")
    assert (forecast.calls, forecast.kept_calls) == (60, 40)


def test_a_loop_that_never_ends_on_placeholders_is_cut_off():
    class Until(Task):
        outputs: ClassVar[list[str]] = ["text"]
        template: str = "{{ text }}"

        async def generate_row(self, input):
            while (text := await self.ask("Say yes.")) != "yes":
                pass
            return {"text": text}

    (step,) = plan(Until(), input=[{"text": "a"}], llm=counted()).steps
    assert step.has_more


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0.0, "$0"), (0.0000123, "$0.000012"), (0.0042, "$0.0042"), (0.0999, "$0.10"), (1234.5, "$1,234.50")],
)
def test_amounts_of_money_are_written_as_people_write_them(amount: float, text: str):
    assert dollars(amount) == text


def test_an_unknown_price_is_said_and_not_guessed():
    forecast = plan(Poem(), n=5, llm=counted())
    assert (forecast.cost, forecast.batch_cost, forecast.unpriced) == (None, None, ["scripted/scripted"])
    assert "no price known for scripted/scripted" in str(forecast)


def test_a_local_model_costs_nothing_beside_one_that_is_paid():
    class Local(ScriptedLLM):
        @property
        def price_id(self):
            return "free"

    class Paid(ScriptedLLM):
        @property
        def price_id(self):
            return "openai/gpt-4.1-mini"

    local, paid = Local(as_counted, max_tokens=10), Paid(as_counted, max_tokens=10)
    forecast = plan(Poem(llm=local), n=5)
    assert (forecast.cost, forecast.unpriced) == (0.0, [])
    assert "cost: nothing: calls of these models are free" in str(forecast)
    both = plan(Poem(llm=local) >> Critique(llm=paid), n=5, max_cost=100)
    assert both.cost == both.steps[1].cost > 0


def test_the_price_of_a_batch_is_told_where_the_list_has_one():
    class Routed(ScriptedLLM):
        listed: str = "openrouter/anthropic/claude-haiku-4.5"

        @property
        def price_id(self):
            return self.listed

    forecast = plan(Poem(), n=5, llm=Routed(as_counted, max_tokens=10))
    assert forecast.cost is not None
    assert forecast.batch_cost == pytest.approx(forecast.cost / 2)
    other = plan(Poem(), n=5, llm=Routed(as_counted, max_tokens=10, listed="openai/gpt-4.1-mini"))
    assert other.cost is not None
    assert other.batch_cost is None


def test_a_rate_limit_says_how_long_it_takes_at_least():
    forecast = plan(Poem(), n=600, llm=counted(), requests_per_minute=60)
    assert (forecast.time.at_least, forecast.time.seconds) == (600.0, None)
    assert "at least 10 min" in str(forecast)


def test_steps_that_ask_one_server_share_its_rate():
    one, other = counted(), counted(place="elsewhere")
    shared = plan(Poem() >> Critique(), n=60, llm=one, requests_per_minute=60)
    apart = plan(Poem(llm=one) >> Critique(llm=other), n=60, requests_per_minute=60)
    assert (shared.time.at_least, apart.time.at_least) == (120.0, 60.0)


def test_endpoints_of_a_pool_share_its_calls_and_a_fallback_is_asked_where_it_begins():
    class Server(ScriptedLLM):
        connection_fields = ScriptedLLM.connection_fields | {"at"}
        at: str

        @property
        def endpoint(self) -> str:
            return self.at

    one, other = (Server(as_counted, at=f"http://gpu{k}.example.com/v1") for k in range(2))
    for group, at_least in ((PoolLLM(of=[one, other]), 30.0), (FallbackLLM(of=[one, other]), 60.0)):
        forecast = plan(Poem(), n=60, llm=group, requests_per_minute=60)
        assert forecast.time.at_least == at_least


def test_a_limit_that_is_slower_than_the_pace_before_is_said():
    run(Poem(), n=5, llm=counted(), name="poems")
    forecast = plan(Poem(), n=605, llm=counted(), name="poems", requests_per_minute=60)
    assert "time: about 10 min at the given rate limit" in str(forecast)


def test_answers_of_one_or_two_tokens_cost_what_they_are_on_average():
    def short(request: Any) -> Response:
        return Response.of_text("s", Usage(100, 1 + int(request.messages[-1]["content"][-2]) % 2))

    run(Poem(), n=10, llm=ScriptedLLM(short), name="poems")
    forecast = plan(Poem(), n=110, llm=ScriptedLLM(short), name="poems", price_input=0.0, price_output=10.0)
    assert (forecast.output_tokens, forecast.cost) == (150, pytest.approx(0.0015))


def test_a_schema_may_name_several_types():
    class Two(Task):
        outputs: ClassVar[list[str]] = ["title"]
        nullable: ClassVar[dict[str, Any]] = {
            "type": "object",
            "properties": {"title": {"type": ["null", "string"]}},
        }

        async def generate_row(self, input):
            title = await self.ask(f"Name {input['poem']}", schema=self.nullable)
            return {"title": await self.ask(f"Shorten {title}")}

    assert plan(Poem() >> Two(), n=10, llm=counted()).steps[1].calls == 20


def test_without_max_tokens_the_assumption_is_said():
    forecast = plan(Poem(), n=2, llm=ScriptedLLM("never asked"))
    assert forecast.output_tokens == 2048
    assert "no max_tokens is set" in str(forecast)


def test_an_input_that_can_be_read_once_is_left_to_the_run():
    with pytest.raises(UsageError, match="can be read only once"):
        plan(Answer(), input=iter([{"text": "a"}]), llm=counted())


def test_a_run_of_another_task_is_refused():
    run(Poem(), n=2, llm=counted(), name="poems")
    with pytest.raises(UsageError, match="belongs to 'poem'"):
        plan(Answer(), input=[{"text": "a"}], llm=counted(), name="poems")


def test_a_pipeline_plans_itself():
    forecast = Pipeline([Poem(), Critique()], name="both").plan(3, llm=counted())
    assert (forecast.name, forecast.calls) == ("both", 6)


def test_a_task_whose_next_call_depends_on_an_answer_says_so():
    class Rated(Task):
        outputs: ClassVar[list[str]] = ["score"]
        template: str = "Rate {{ text }}"

        async def generate_row(self, input):
            score = await self.ask(f"Rate {input['text']}", read=int)
            return {"score": await self.ask(f"Explain {score}")}

    rows = [{"text": f"{number}"} for number in range(30)]
    llm = ScriptedLLM(lambda request: Response.of_text("7", Usage(10, 1)), max_tokens=10)
    before = plan(Rated(), input=rows, llm=llm, **PRICES)
    assert before.calls == 30
    assert "more depend on the answers" in str(before)
    run(Rated(), input=rows, n=10, llm=llm, name="rated")
    after = plan(Rated(), input=rows, llm=llm, name="rated", **PRICES)
    assert (after.calls, after.kept_calls, after.steps[0].has_more) == (40, 20, False)


def test_a_task_that_makes_its_own_calls_has_no_upper_bound():
    class Twice(Task):
        outputs: ClassVar[list[str]] = ["text"]

        async def generate_row(self, input):
            steps = await self.ask("List steps.")
            return {"text": [await self.ask(f"Do {step}") for step in steps.split(",")]}

    rows = [{"text": f"{number}"} for number in range(30)]
    llm = ScriptedLLM(lambda request: Response.of_text("a,b,c", Usage(10, 5)), max_tokens=10)
    before = plan(Twice(), input=rows, llm=llm, **PRICES)
    assert (before.calls, before.steps[0].decides_calls) == (60, True)
    assert "'twice' decides how many calls a row takes" in str(before)
    assert "cost: about" in str(before)
    run(Twice(), input=rows, n=10, llm=llm, name="twice")
    after = plan(Twice(), input=rows, llm=llm, name="twice", **PRICES)
    assert (after.calls, after.steps[0].decides_calls) == (80, False)


def test_what_is_asked_about_different_answers_is_counted():
    class Compared(Task):
        outputs: ClassVar[list[str]] = ["better"]
        template: str = "Write {{ text }}"

        async def generate_row(self, input):
            drafts = [await self.ask(f"Write {input['text']}"), await self.ask(f"Rewrite {input['text']}")]
            if len({*drafts}) < 2:
                return {"better": None}
            return {"better": await self.ask("Which is better?\n" + "\n".join(drafts))}

    (step,) = plan(Compared(), input=[{"text": "a"}, {"text": "b"}], llm=counted()).steps
    assert step.calls == 6
    # The judge's prompt holds two answers, each at its longest.
    assert step.input_tokens > 2 * 2 * 10


def test_vectors_that_cost_nothing_are_no_calls():
    class Vectors(Step):
        keeps: ClassVar[bool] = True
        embedder: Embedder = Field(default="static/wordllama", validate_default=True)

        def process(self, row):
            return {**row, "length": len(self.embedder.vectors([row["text"]])[0])}

    step, answer = plan(Vectors() >> Answer(), input=[{"text": "a"}] * 9, llm=counted()).steps
    assert (step.llm, step.calls, step.has_more) == (None, 0, False)
    assert answer.calls == 9


def test_a_typed_answer_that_a_placeholder_fails_is_still_one_call():
    class Numbered(Poem):
        def format_output(self, output, input):
            return {"poem": int(output)}

    class Strict(Poem):
        def format_output(self, output, input):
            raise InvalidOutputError("ask again")

    for task in (Numbered(), Strict()):
        (step,) = plan(task, n=3, llm=counted()).steps
        assert (step.calls, step.has_more) == (3, False)


def test_ways_that_rows_took_before_are_expected_again():
    graph = Poem() >> [when("index % 4 == 0", Critique()), otherwise(Score())]
    llm = ScriptedLLM(lambda request: Response.of_text('{"score": 1, "reason": "so"}', Usage(10, 5)))
    fresh = plan(graph, n=40, llm=llm, leaf="score")
    assert [step.calls for step in fresh.steps] == [40, 40, 40]
    run(graph, n=9, llm=llm, name="poems", leaf="score")
    counts = {step.step: step.rows for step in plan(graph, n=30, llm=llm, name="poems", leaf="score").steps}
    assert counts["critique"] == pytest.approx(10, abs=1)
    assert counts["score"] == pytest.approx(30, abs=1)


def test_it_takes_the_options_of_a_run():
    names = set(inspect.signature(run).parameters) - {"retry"}
    assert set(inspect.signature(plan).parameters) == names | {"probe"}


def test_a_run_that_starts_over_is_planned_from_its_beginning():
    llm = counted()
    run(Poem(), n=5, llm=llm, name="poems")
    forecast = plan(Poem(), n=12, llm=llm, name="poems", restart=True, max_cost=1.0, max_failures="5%")
    assert (forecast.calls, forecast.kept_calls, forecast.earlier) == (12, 0, None)


def test_answers_that_rows_share_are_asked_for_once():
    class Chapter(GeneratorTask):
        outputs: ClassVar[list[str]] = ["chapter"]
        _outlines: SharedAnswers = PrivateAttr(default_factory=SharedAnswers)

        def sample(self, index, rng):
            return {"book": f"book {index // 10}", "number": index}

        async def generate_row(self, input):
            outline = await self._outlines.get(input["book"], lambda: self.ask(f"Outline {input['book']}."))
            return {"chapter": await self.ask(f"Write chapter {input['number']} of {outline}.")}

    llm = counted()
    forecast = plan(Chapter() >> Answer(template="{{ chapter }}"), n=30, llm=llm)
    assert [step.calls for step in forecast.steps] == [33, 30]
    assert [prompt.title for prompt in forecast.prompts][:2] == ["calls of no single row", "row 0"]
    made = run(Chapter() >> Answer(template="{{ chapter }}"), n=30, llm=llm)
    assert made.calls.answered == forecast.calls


def test_a_cap_that_may_not_be_enough_is_told():
    def told(cap: float) -> bool:
        return "it stops at" in str(plan(Poem(), n=1000, llm=counted(), max_cost=cap, **PRICES))

    assert told(0.01)
    assert not told(10.0)
