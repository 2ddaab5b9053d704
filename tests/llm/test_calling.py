"""`generate` and its twin work wherever a user may be, and one failed input loses nothing."""

from __future__ import annotations

import asyncio
import threading

import pytest
from tests.support.scripted_llm import impatient, prompt, scripted, user

from seedbed import BadRequestError, GenerationError, LoopThreadError, UsageError
from seedbed.llm.calling.loop import loop_thread


def shout(request):
    return prompt(request).upper()


def test_a_script_gets_texts_in_the_order_of_its_inputs():
    llm = scripted(shout)
    assert llm.generate([user("a"), user("b"), user("c")]) == [["A"], ["B"], ["C"]]
    assert llm.generate([]) == []
    assert llm.complete(user("d")).choices[0].text == "D"


def test_threads_share_one_loop():
    loops = set()

    async def answer(request):
        loops.add(asyncio.get_running_loop())
        return shout(request)

    llm, results = scripted(answer), {}
    threads = [
        threading.Thread(target=lambda k=k: results.update({k: llm.generate([user(f"t{k}")])}))
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: [[f"T{k}"]] for k in range(4)}
    assert loops == {loop_thread().loop}


def test_the_blocking_form_works_inside_a_running_loop():
    async def cell():
        return scripted(shout).generate([user("a")])

    assert asyncio.run(cell()) == [["A"]]


def test_the_twin_works_from_a_foreign_loop_which_goes_on_meanwhile():
    async def cell():
        asked, answer = asyncio.Event(), threading.Event()
        here = asyncio.get_running_loop()

        async def wait_for_this_loop(request):
            here.call_soon_threadsafe(asked.set)
            await asyncio.to_thread(answer.wait)
            return "now"

        async def release():
            await asked.wait()
            answer.set()

        generations, _ = await asyncio.gather(scripted(wait_for_this_loop).agenerate([user("a")]), release())
        return generations

    assert asyncio.run(cell()) == [["now"]]


def test_the_blocking_form_on_the_loop_thread_names_the_twin():
    llm = scripted()

    async def on_the_loop():
        llm.generate([user("a")])

    with pytest.raises(LoopThreadError, match=r"await agenerate\(\.\.\.\)"):
        loop_thread().run(on_the_loop(), twin="")
    assert llm.requests == []


def test_a_failed_input_raises_after_its_siblings_and_carries_them():
    failed = threading.Event()

    async def answer(request):
        if prompt(request) == "bad":
            failed.set()
            raise BadRequestError("no such thing")
        await asyncio.to_thread(failed.wait)
        return shout(request)

    with pytest.raises(
        GenerationError, match="1 of 3 inputs failed, the first with: no such thing"
    ) as caught:
        scripted(answer).generate([user("a"), user("bad"), user("c")])
    assert caught.value.generations == [["A"], None, ["C"]]
    assert list(caught.value.errors) == [1]
    assert isinstance(caught.value.errors[1], BadRequestError)


def test_a_single_input_raises_its_own_error():
    def refuse(request):
        raise BadRequestError("no")

    with pytest.raises(BadRequestError, match=r"^no$"):
        scripted(refuse).generate([user("a")])


@pytest.mark.parametrize("inputs", ["a", ["a"], {"role": "user"}, user("a")])
def test_inputs_that_are_no_conversations_are_named(inputs):
    with pytest.raises(UsageError, match="inputs must be a list of conversations"):
        scripted().generate(inputs)


def test_a_cancelled_coroutine_cancels_its_call():
    async def cell():
        here = asyncio.get_running_loop()
        asked, cancelled = asyncio.Event(), asyncio.Event()

        async def hang(request):
            here.call_soon_threadsafe(asked.set)
            try:
                await asyncio.Event().wait()
            finally:
                here.call_soon_threadsafe(cancelled.set)

        call = asyncio.create_task(scripted(hang).agenerate([user("a")]))
        await asked.wait()
        call.cancel()
        await cancelled.wait()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(cell())


def test_a_model_is_loaded_once_however_many_ask_at_first():
    loads = []

    class Loading(type(scripted())):
        def load(self):
            loads.append(threading.get_ident())

    llm = Loading(shout)
    llm.generate([user(str(k)) for k in range(20)])
    assert len(loads) == 1
    llm.unload()
    impatient(llm).generate([user("again")])
    assert len(loads) == 2
