"""Pools: which endpoint a call goes to, what takes one out, and what brings it back."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from tests.support.scripted_llm import ScriptedLLM, user
from tests.support.virtual_clock import run_virtually

from seedbed import (
    AuthenticationError,
    BadRequestError,
    Budget,
    EndpointDownError,
    GeneratorTask,
    LLMConnectionError,
    ParameterError,
    RateLimitedError,
    Response,
    Usage,
    get_llm,
    run,
)
from seedbed.llm.calling.sender import Sender
from seedbed.llm.pools.pool import PoolLLM
from seedbed.testing import ChatCompletions, Reply, ScriptedServer
from seedbed_openai import OpenAILLM


class Endpoint(ScriptedLLM):
    """One endpoint of a model; `at` is its address."""

    connection_fields = ScriptedLLM.connection_fields | {"at"}
    at: str = ""

    @property
    def endpoint(self):
        return self.at


def now():
    return asyncio.get_running_loop().time()


def pool_of(*decides, latency=0.1, sent=None, **fields):
    """Return a pool; endpoint k raises what `decides[k](time)` returns, or answers if that is None."""

    def endpoint(number, decide):
        async def answer(request):
            if sent is not None:
                sent.append((now(), number, request))
            await asyncio.sleep(latency)
            error = decide(now())
            if error is not None:
                raise error
            return Response.of_text("yes", Usage(1, 1))

        return Endpoint(answer, at=f"http://gpu{number}.example.com/v1")

    return PoolLLM(of=[endpoint(number, decide) for number, decide in enumerate(decides)], **fields)


async def send_all(sender, llm, number, first=0):
    requests = [llm.request(user(str(k))) for k in range(first, first + number)]
    sent = (sender.send(llm, request, rank) for rank, request in enumerate(requests))
    return await asyncio.gather(*sent, return_exceptions=True)


def well(time):
    return None


def failures(answers):
    return [one for one in answers if isinstance(one, BaseException)]


def test_four_endpoints_answer_four_times_as_fast_as_one():
    async def seconds(number):
        begun = now()
        assert not failures(await send_all(Sender(concurrency=8), pool_of(*[well] * number), 320))
        return now() - begun

    async def run():
        return await seconds(1), await seconds(4)

    one, four = run_virtually(run())
    assert one / four > 0.9 * 4


def test_an_endpoint_that_dies_is_left_out_and_comes_back():
    sent = []

    def dying(time):
        return LLMConnectionError("no connection") if 0.5 < time < 5 else None

    async def run():
        llm, sender = pool_of(well, dying, sent=sent), Sender(concurrency=2)
        return await send_all(sender, llm, 400)

    assert not failures(run_virtually(run()))
    meanwhile = [time for time, number, _ in sent if number == 1 and 1 < time < 4.9]
    assert 1 <= len(meanwhile) <= 6
    assert sum(1 for time, number, _ in sent if number == 1 and time > 9) > 50


def test_an_endpoint_whose_try_is_refused_for_limits_is_tried_again():
    sent = []

    def restarting(time):
        if not 0.5 < time < 5:
            return None
        return LLMConnectionError("no connection") if time < 1 else RateLimitedError("busy", status=429)

    async def run():
        llm, sender = pool_of(well, restarting, sent=sent), Sender(concurrency=2)
        return await send_all(sender, llm, 600)

    assert not failures(run_virtually(run()))
    assert sum(1 for time, number, _ in sent if number == 1 and time > 9) > 50


def test_a_wrong_key_takes_out_its_endpoint_at_once_and_is_named(caplog):
    sent = []

    def wrong(time):
        return AuthenticationError("the key was refused", status=401)

    async def run():
        return await send_all(Sender(concurrency=4), pool_of(wrong, well, sent=sent), 50)

    assert not failures(run_virtually(run()))
    assert Counter(number for _, number, _ in sent)[0] <= 6
    assert "gpu0.example.com" in caplog.text
    assert "the key was refused" in caplog.text


def test_refusals_for_limits_slow_only_their_own_endpoint():
    async def seconds(*decides):
        begun = now()
        assert not failures(await send_all(Sender(concurrency=8), pool_of(*decides), 400))
        return now() - begun

    def refusing(time):
        return RateLimitedError("too many requests", status=429, retry_after=5.0)

    async def run():
        return await seconds(well), await seconds(well, refusing)

    alone, with_refusing = run_virtually(run())
    assert with_refusing < alone * 1.2


def test_a_request_that_is_refused_for_itself_goes_to_no_other_endpoint():
    sent = []

    def refusing(time):
        return BadRequestError("the prompt is too long", status=400)

    async def run():
        return await send_all(Sender(), pool_of(refusing, refusing, sent=sent), 1)

    (error,) = run_virtually(run())
    assert isinstance(error, BadRequestError)
    assert len(sent) == 1


def test_when_all_endpoints_are_down_each_is_named():
    def gone(time):
        return LLMConnectionError("no connection")

    async def run():
        return await send_all(Sender(concurrency=4), pool_of(gone, gone), 20)

    errors = run_virtually(run())
    assert all(isinstance(error, EndpointDownError) for error in errors)
    assert "gpu0.example.com" in str(errors[0])
    assert "gpu1.example.com" in str(errors[0])


def test_draining_cancels_what_waits_for_any_endpoint():
    async def run():
        sender, llm = Sender(concurrency=1), pool_of(well, well)
        sending = asyncio.ensure_future(send_all(sender, llm, 20))
        await asyncio.sleep(0.05)
        sender.drain()
        return await sending

    answers = run_virtually(run())
    assert sum(isinstance(one, asyncio.CancelledError) for one in answers) == 18


def test_a_cap_holds_over_all_endpoints():
    async def run():
        budget = Budget(max_tokens=30)
        sender, llm = Sender(budget=budget), pool_of(well, well, max_tokens=1)
        await send_all(sender, llm, 100)
        return budget.spent.tokens

    assert 0 < run_virtually(run()) <= 30


def test_with_sticky_prefixes_a_system_prompt_stays_at_one_endpoint_until_that_is_full():
    sent = []

    async def run():
        llm, sender = pool_of(*[well] * 4, sent=sent, sticky="prefix"), Sender()
        for k in range(40):
            system = {"role": "system", "content": f"You are expert {k % 8}."}
            await sender.send(llm, llm.request([system, *user(f"question {k}")]))

    run_virtually(run())
    homes = {}
    for _, number, request in sent:
        homes.setdefault(request.messages[0]["content"], set()).add(number)
    assert all(len(numbers) == 1 for numbers in homes.values())
    assert len(set.union(*homes.values())) > 1


def test_with_one_endpoint_fewer_only_its_own_prefixes_move():
    from seedbed.llm.calling.prefix_homes import homes_of

    four = pool_of(*[well] * 4)
    three = PoolLLM(of=four.of[:3])
    for k in range(50):
        request = four.request([{"role": "system", "content": f"{k}"}, *user("q")])
        before, after = homes_of(four, request)[0], homes_of(three, request)[0]
        assert after == before or before == 3


def test_a_pool_has_the_journal_key_of_its_model():
    llm = pool_of(well, well)
    assert llm.identity == llm.of[0].identity
    assert llm.model_name == llm.of[0].model_name


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([], "at least 1 item"),
        ([{"use": "openai/a"}, {"use": "openai/b"}], "not the same model"),
        ([{"use": "openai/a", "with": {"temperature": 1.0}}], "set it for the whole pool"),
        ([{"use": "pool", "with": {"of": ["openai/a"]}}], "a pool has no pool in it"),
    ],
)
def test_members_that_do_not_fit_are_refused(members, said):
    with pytest.raises(ParameterError, match=said):
        get_llm("pool", of=members)


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize(
    "reply", [Reply(drop=True), Reply(503, {"error": "busy"}), Reply(401, {"error": "key"})]
)
def test_rows_are_the_same_whichever_endpoint_answers(reply, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wire = ChatCompletions()

    def echo(received):
        asked = wire.read(received)
        return wire.answer(
            Response.of_text(f"{asked.request.messages[-1]['content']} {asked.request.seed}")
        ).body

    with ScriptedServer() as good, ScriptedServer() as bad:
        good.answer_with(Reply(body=echo))
        bad.answer_with(*[reply] * 5, Reply(body=echo))
        urls = [f"{server.url}/v1" for server in (bad, good)]
        members = [OpenAILLM(model="m", base_url=url, api_key="x", preset="vllm") for url in urls]
        rows = [*run(Numbers(), 40, llm=members[1], out="one.jsonl").rows()]
        assert [*run(Numbers(), 40, llm=PoolLLM(of=members), out="two.jsonl").rows()] == rows


class Numbers(GeneratorTask):
    """One number per row."""

    template: str = "Number {{ number }}"

    def sample(self, index, rng):
        return {"number": index}
