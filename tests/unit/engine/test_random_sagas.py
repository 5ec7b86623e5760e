"""Any saga, any answers, in any order: what must hold, holds after every activation.

Programs are data: a saga that interprets its input. Hypothesis makes up the program and what happens to it; a failure
is shrunk to the smallest that shows it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import StepError
from coordinator.engine.decision import Send
from coordinator.engine.lifecycle import UNDOING, Back, Forward
from coordinator.engine.status import Status
from coordinator.history.endings import SagaCompensated, SagaCompleted, SagaFailed
from coordinator.history.events import Event
from coordinator.history.steps import StepIssued, StepRefused, StepRetried, StepSucceeded
from coordinator.history.undos import CompensationStarted, UndoIssued, UndoRetried, UndoSucceeded
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop

Program = list[Any]


async def run_saga(program: Program, shop: Shop) -> None:
    """Each statement is a list: what to do, and with what."""
    for what, *rest in program:
        match what:
            case "take" | "lend" | "look" | "ship":
                await getattr(shop, what)("x")
            case "pay":
                await shop.pay(1)
            case "launch":
                await shop.launch()
            case "sleep":
                await asyncio.sleep(rest[0])
            case "gather":
                await asyncio.gather(*(run_saga(each, shop) for each in rest[0]))
            case "settle":
                await asyncio.gather(*(run_saga(each, shop) for each in rest[0]), return_exceptions=True)
            case "group":
                async with asyncio.TaskGroup() as group:
                    for each in rest[0]:
                        group.create_task(run_saga(each, shop))
            case "first":
                started = [asyncio.create_task(run_saga(each, shop)) for each in rest[0]]
                _, left = await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
                for each in left:
                    each.cancel()
            case "leave":
                asyncio.get_running_loop().create_task(run_saga(rest[0], shop))
            case "timeout":
                try:
                    async with asyncio.timeout(rest[0]):
                        await run_saga(rest[1], shop)
                except TimeoutError:
                    pass
            case "shield":
                await asyncio.shield(run_saga(rest[0], shop))
            case "try":
                try:
                    await run_saga(rest[0], shop)
                except (StepError, ExceptionGroup):
                    await run_saga(rest[1], shop)
            case "finally":
                try:
                    await run_saga(rest[0], shop)
                finally:
                    await run_saga(rest[1], shop)
            case _:
                raise AssertionError(what)


@saga(version=1, deadline="1000s")
async def anything(program: Program, shop: Shop) -> str:
    """Runs its input."""
    await run_saga(program, shop)
    return "done"


def programs() -> st.SearchStrategy[Program]:
    seconds = st.sampled_from([0, 0.5, 3, 7, 30])
    step = st.sampled_from(["take", "take", "lend", "look"]).map(lambda name: [name])
    leaf = step | st.sampled_from([["pay"], ["launch"], ["ship"]]) | seconds.map(lambda time: ["sleep", time])

    def inner(statement: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        body = st.lists(statement, max_size=3)
        bodies = st.lists(body, min_size=1, max_size=3)
        return st.one_of(
            st.tuples(st.sampled_from(["gather", "settle", "group", "first"]), bodies).map(list),
            st.tuples(st.sampled_from(["leave", "shield"]), body).map(list),
            st.tuples(st.just("timeout"), seconds, body).map(list),
            st.tuples(st.sampled_from(["try", "finally"]), body, body).map(list),
        )

    return st.lists(st.recursive(leaf, inner, max_leaves=8), min_size=1, max_size=4)


RESULTS = {"shop.look": 1, "shop.pay": 1, "shop.launch": None}
ACTS = ("succeeds",) * 5 + (
    "refuses",
    "fails",
    "fails for good",
    "progresses",
    "will answer later",
    "wakes",
    "wakes",
    "rests",
    "cancels",
    "resumes",
    "restarts",
    "wakes too early",
    "clock steps back",
)


def act(driver: SagaDriver, what: str, send: Send | None) -> None:
    """One thing happens."""
    match what:
        case "wakes":
            if driver.in_ms is not None:
                driver.passes(max(driver.in_ms, 0))
        case "rests":
            driver.passes(4_000)
        case "cancels":
            driver.cancel()
        case "resumes":
            driver.resume()
        case "restarts":
            driver.restarts()
        case "wakes too early":
            driver.wake()
        case "clock steps back":
            driver.now -= 5_000
        case _ if send is not None:
            answer(driver, what, send)
        case _:
            pass


def answer(driver: SagaDriver, what: str, send: Send) -> None:
    step = send.command_id.removesuffix(":undo").rpartition(":")[2]
    name: str | int = f"undo {step}" if send.direction == "undo" else int(step)
    match what:
        case "succeeds":
            result = RESULTS.get(send.type, "x") if send.direction == "forward" else None
            driver.succeeds(name, result, send.attempt)
        case "refuses":
            driver.refuses(name, attempt=send.attempt)
        case "fails":
            driver.fails(name, attempt=send.attempt)
        case "fails for good":
            driver.fails(name, retryable=False, attempt=send.attempt)
        case "progresses":
            driver.progresses(name, send.attempt)
        case _:
            driver.will_answer_later(name, send.attempt)


def settle(driver: SagaDriver) -> None:
    """Every participant answers, a person lets parked sagas go on, and time passes until nothing happens any more."""
    for _ in range(300):
        if driver.status.ended:
            return
        before = len(driver.rows)
        for number, step in list(driver.machine.state.steps.items()):
            if step.in_flight and driver.status is not Status.PARKED:
                answer(driver, "succeeds", driver.send(number))
            if step.back in UNDOING or step.back is Back.GIVEN_UP:
                answer(driver, "succeeds", driver.send(f"undo {number}"))
        if driver.in_ms is not None:
            driver.passes(max(driver.in_ms, 0))
        if len(driver.rows) == before:
            return


def check(driver: SagaDriver) -> None:
    """What must hold at every moment."""
    history = driver.history
    ends = [
        place for place, event in enumerate(history) if isinstance(event, SagaCompleted | SagaCompensated | SagaFailed)
    ]
    assert ends in ([], [len(history) - 1]), "one ending, and nothing behind it"
    state = driver.machine.state
    if driver.status.ended:
        assert driver.in_ms is None
        assert not any([state.in_flight, state.undoing, state.to_undo, state.given_up])
    check_sends(driver.sent)
    check_undos(history)
    if driver.status is Status.COMPLETED:
        done = [step for step in state.steps.values() if step.forward is Forward.SUCCEEDED]
        assert all(step.back is Back.NONE for step in done), "what succeeded stays done"
    if driver.status in (Status.COMPENSATED, Status.FAILED):
        effects = [step for step in state.steps.values() if step.undoable and step.forward is not Forward.REFUSED]
        assert all(step.back is Back.DONE for step in effects), "whatever may have had an effect is undone"
        assert not state.forward_only


def check_sends(sent: Sequence[Send]) -> None:
    """Attempts of a command are numbered from 1 without gaps, and carry the same; an undo comes after its command."""
    seen: dict[str, Send] = {}
    for send in sent:
        before = seen.get(send.command_id)
        assert send.attempt == (1 if before is None else before.attempt + 1)
        assert before is None or before.value == send.value or send.direction == "undo"
        assert send.direction == "forward" or send.command_id.removesuffix(":undo") in seen
        assert send.direction == "undo" or f"{send.command_id}:undo" not in seen
        seen[send.command_id] = send


def check_undos(history: Sequence[Event]) -> None:
    """Known ones in reverse order of completion; none for a refused step; nothing forward once the saga has turned."""
    succeeded: list[int] = []
    refused: set[int] = set()
    undoable: dict[int, bool] = {}
    undone: set[int] = set()
    turned = False
    for event in history:
        match event:
            case StepIssued(step=step):
                assert not turned
                undoable[step] = event.undoable
            case StepRetried():
                assert not turned
            case StepSucceeded(step=step):
                assert not turned
                succeeded.append(step)
            case StepRefused(step=step):
                refused.add(step)
            case CompensationStarted():
                assert not turned
                turned = True
            case UndoIssued(step=step):
                assert undoable[step]
                assert step not in refused | undone
                undone.add(step)
                if step in succeeded:
                    assert turned
                    later = succeeded[succeeded.index(step) + 1 :]
                    assert [each for each in later if undoable[each] and each not in undone] == []
            case UndoRetried(step=step) | UndoSucceeded(step=step):
                assert step in undone
            case _:
                pass


@pytest.mark.timeout(300)
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(programs(), st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5)), max_size=25))
def test_whatever_happens(program: Program, acts: list[tuple[str, int]]) -> None:
    """Warm equals rebuilt; commands and undos in order; and when all is answered the saga has ended or is parked."""
    driver = SagaDriver(anything).start(program)
    check(driver)
    for what, back in acts:
        act(driver, what, driver.sent[-1 - back % len(driver.sent)] if driver.sent else None)
        check(driver)
    settle(driver)
    check(driver)
    assert driver.status.ended or driver.status is Status.PARKED
    if driver.status is Status.PARKED and driver.machine.state.parked_for == "code":
        assert "nothing will ever bring" in driver.parked_message or "raised" in driver.parked_message
