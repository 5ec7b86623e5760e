"""Random sagas with one thing that goes wrong at every point there is, judged by what participants did.

A point is each row of the history (the coordinator is killed before it is kept, and after) and each command, undo and
reply (lost, doubled, after its deadline, last of all): lost before the effect, and after it. What a saga may leave
behind is what saga theory allows (Garcia-Molina and Salem 1987): all of T1 … Tn, where those that its code gave up are
T C; or T1 … Ti Ci … C1, of which nothing stands. A child is one of these T: all of its own T1 … Tn; and its C is all of
their Cn … C1, also long after its end. For each call there is one.
"""

import asyncio
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contracts import Failed, Refused, StepError
from coordinator.engine.status import Status
from coordinator.history.undos import UndoRegistered
from coordinator.saga import child, on_undo, saga, scope
from coordinator.testing import SagaTest
from coordinator.testing.saga_run import SagaRun
from tests.child_ledger import child_faults
from tests.sagas import Shop
from tests.scope_ledger import scope_faults
from tests.unit.engine.test_random_sagas import check_undos

Program = list[Any]
NO = (StepError, ExceptionGroup)


@saga(version=1, deadline="1000s")
async def building(program: Program, shop: Shop) -> list[str]:
    """What stands when it is done. The first statement of a child says which one of its parent's steps it is."""
    within = program[0][1] if program and program[0][0] == "within" else ""
    return await build(program, shop, (f"{within}{number}" for number in count(1)))


async def build(program: Program, shop: Shop, numbers: Iterator[str]) -> list[str]:
    """Each step has a name of its own, which says how it is taken."""
    stands: list[str] = []
    for what, *rest in program:
        match what:
            case "take" | "lend":
                name = f"{next(numbers)} {rest[0]}"
                await getattr(shop, what)(name)
                stands.append(name)
            case "within":
                pass
            case "child":
                stands += await child(building, [["within", f"{next(numbers)}."], *rest[0]])
            case "owe":
                name = f"{next(numbers)} {rest[0]}"
                on_undo(shop.ship, name)
                stands.append(name)
            case "sleep":
                await asyncio.sleep(rest[0])
            case "beside":
                async with asyncio.TaskGroup() as group:
                    branches = [group.create_task(build(each, shop, numbers)) for each in rest[0]]
                stands += [name for branch in branches for name in branch.result()]
            case "loop":
                for _ in range(2):
                    stands += await build(rest[0], shop, numbers)
            case "otherwise":
                try:
                    stands += await build([rest[0]], shop, numbers)
                except StepError:
                    stands += await build([rest[1]], shop, numbers)
            case "retreat":
                try:
                    async with scope(parallel_undo=rest[0]):
                        stands += await build(rest[1], shop, numbers)
                except NO:
                    stands += await build(rest[2], shop, numbers)
            case _:
                raise AssertionError(what)
    return stands


class Judging(SagaTest):
    """Looks at every run when the next one begins: what was done and undone, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.real(building)
        self.judged = self.children = 0
        self._latest: SagaRun | None = None
        self._effects: list[tuple[str, str]] = []
        self._failed: set[str] = set()
        for does, undoes in ((Shop.take, Shop.give_back), (Shop.lend, Shop.collect)):
            self.stub(does).calls(self._do)
            self.stub(undoes).calls(self._undo)
        self.stub(Shop.ship).calls(self._pay_back)

    def _do(self, item: str) -> str:
        how = item.partition(" ")[2]
        if how == "refused":
            raise Refused("no")
        if how == "broken" or (how == "fails" and item not in self._failed):
            self._failed.add(item)
            raise Failed("broken", retryable=how == "fails")
        self._effects.append(("T", item))
        return item

    def _undo(self, item: str, result: str | None) -> None:
        assert result in (None, item)
        self._effects.append(("C", item))

    def _pay_back(self, item: str) -> str:
        if item.endswith("fails") and item not in self._failed:
            self._failed.add(item)
            raise Failed("broken", retryable=True)
        self._effects.append(("C", item))
        return item

    def _made(self, *given: Any, **more: Any) -> SagaRun:
        self.judge()
        self._latest = super()._made(*given, **more)
        return self._latest

    def judge(self) -> None:
        """The run that is over."""
        run, effects = self._latest, self._effects
        self._latest, self._effects, self._failed = None, [], set()
        if run is None:
            return
        self.judged += 1
        assert len(set(effects)) == len(effects), "each once"
        done, undone = ([name for what, name in effects if what == kind] for kind in "TC")
        family = (run, *run.called.values())
        registered = [each for one in family for each in one.history if isinstance(each, UndoRegistered)]
        owed = [json.loads(bytes(each.arguments))["item"] for each in registered]
        done = [*done, *owed]
        assert all(("T", each) in effects[: effects.index(("C", each))] for each in undone if each not in owed)
        stands = {name for name in done if name not in undone}
        match run.status:
            case Status.COMPLETED:
                assert stands == set(run.result)
            case Status.COMPENSATED | Status.FAILED:
                assert stands == set()
            case _:
                raise AssertionError(f"It is {run.status}.")
        for one in family:
            check_undos(one.history)
            assert scope_faults(one.history) == []
        assert list(child_faults({one.driver.saga_id: [one.history] for one in family})) == []
        self.children += len(run.called)


def programs() -> st.SearchStrategy[Program]:
    """Up to eight steps in the text; loops have them twice."""
    how = st.sampled_from(["well"] * 5 + ["fails", "refused", "broken"])
    step = st.tuples(st.sampled_from(["take", "take", "lend"]), how).map(list)
    owe = st.sampled_from([["owe", "well"], ["owe", "fails"]])
    sleep = st.sampled_from([["sleep", 1], ["sleep", 30]])
    either = st.tuples(st.just("otherwise"), step, step).map(list)

    def inner(statement: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        body = st.lists(statement, min_size=1, max_size=3)
        in_vain = body.map(lambda statements: [*statements, ["take", "refused"]])
        return st.one_of(
            st.tuples(st.just("beside"), st.lists(body, min_size=2, max_size=3)).map(list),
            st.tuples(st.just("loop"), body).map(list),
            st.tuples(st.just("child"), body | in_vain).map(list),
            st.tuples(st.just("retreat"), st.booleans(), body | in_vain, body).map(list),
        )

    return st.lists(st.recursive(step | step | either | sleep | owe, inner, max_leaves=6), min_size=1, max_size=3)


@pytest.mark.timeout(300)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(programs())
@example([["child", [["take", "well"], ["child", [["lend", "fails"]]]]], ["take", "refused"]])
@example([["retreat", True, [["child", [["take", "well"]]], ["child", [["lend", "well"], ["take", "refused"]]]], []]])
def test_whatever_goes_wrong_anywhere(program: Program) -> None:
    """It changes nothing about what may stand."""
    saga = Judging()
    report = asyncio.run(saga.crash_everywhere(building, program))
    saga.judge()
    assert saga.judged == len(report.points)
