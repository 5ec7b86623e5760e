"""Facts that belong to nothing, come twice or come too late: a verdict, and nothing else."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from contracts.answers import Answer, Failure, Pending, Progress, Refusal, Success
from contracts.failures import Problem
from coordinator.engine.facts import Accepted, Conflict, Fact, Ignored, Known, Reply, Start, WakeUp
from coordinator.engine.same_input import same_input
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop

NULL = msgspec.Raw(b"null")
ANSWERS: list[Answer] = [
    Success(NULL),
    Refusal(Problem("no")),
    Failure(Problem("broken", retryable=True)),
    Failure(Problem("broken")),
    Progress(NULL),
    Pending(),
]


@saga(version=1)
async def errand(basket: dict[str, Any], shop: Shop) -> None:
    """Two steps."""
    await shop.take("a")
    await shop.take("b")


BASKET = {"a": 1, "b": [True, None, {"c": 1.5}]}


def first_step() -> SagaDriver:
    return SagaDriver(errand).start(BASKET)


def second_step() -> SagaDriver:
    return first_step().succeeds(1, "A")


def going_back() -> SagaDriver:
    return second_step().refuses(2)


def compensated() -> SagaDriver:
    return going_back().succeeds("undo 1")


def completed() -> SagaDriver:
    return second_step().succeeds(2, "B")


def failed() -> SagaDriver:
    return first_step().refuses(1)


MOMENTS: list[Callable[[], SagaDriver]] = [
    lambda: SagaDriver(errand),
    first_step,
    second_step,
    going_back,
    compensated,
    completed,
    failed,
]
NAMES = ["unknown", "first step", "second step", "going back", "compensated", "completed", "failed"]


def in_short(answer: Fact) -> str:
    """The same in every process: a value's `repr` names its address."""
    return re.sub(r"<msgspec.Raw object at \w+>", "…", repr(answer))


def changes_nothing(driver: SagaDriver, fact: Fact) -> SagaDriver:
    assert driver.unchanged_by(lambda: driver.advance(fact))
    assert driver.new_events == []
    assert driver.expects().verdict != Accepted()
    return driver


@pytest.mark.parametrize("moment", MOMENTS, ids=NAMES)
@pytest.mark.parametrize(
    "command_id",
    [
        "errand:1:99",
        "errand:1:0",
        "errand:1:99:undo",
        "errand:2:1",
        "other:1:1",
        "errand:1",
        "errand:1:",
        "errand:1:-1",
        "errand:1:x",
        "errand:1:1:undo:undo",
        "",
        ":",
        "\x00",
        "errand:1:1\n",
        "errand:1:١",
    ],
)
def test_replies_to_what_was_never_asked(moment: Callable[[], SagaDriver], command_id: str) -> None:
    """Unknown steps, other sagas' steps, and ids that are none."""
    for answer in ANSWERS:
        driver = changes_nothing(moment(), Reply(command_id, 1, answer))
        assert isinstance(driver.verdict, Ignored)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
@pytest.mark.parametrize("moment", MOMENTS[1:4], ids=NAMES[1:4])
def test_undo_replies_before_the_undo(moment: Callable[[], SagaDriver], answer: Answer) -> None:
    """Nobody can have undone what nobody asked to undo."""
    changes_nothing(moment(), Reply("errand:1:2:undo", 1, answer))


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
@pytest.mark.parametrize("moment", MOMENTS[4:], ids=NAMES[4:])
def test_replies_after_the_end(moment: Callable[[], SagaDriver], answer: Answer) -> None:
    """A saga that has ended stays as it ended."""
    for command_id in ("errand:1:1", "errand:1:2", "errand:1:1:undo"):
        changes_nothing(moment(), Reply(command_id, 1, answer))


@pytest.mark.parametrize("answer", [ANSWERS[0], ANSWERS[1], ANSWERS[2], ANSWERS[3]], ids=in_short)
def test_a_reply_that_comes_twice(answer: Answer) -> None:
    """Each reply counts once, at whatever moment it comes again."""
    reply = Reply("errand:1:1", 1, Success(msgspec.Raw(b'"A"')) if isinstance(answer, Success) else answer)
    driver = first_step().advance(reply)
    assert driver.accepted
    changes_nothing(driver, reply)
    changes_nothing(driver.restarts(), reply)


@pytest.mark.parametrize("answer", ANSWERS[:4], ids=in_short)
def test_an_undo_reply_that_comes_twice(answer: Answer) -> None:
    """The same for undos."""
    reply = Reply("errand:1:1:undo", 1, answer)
    driver = going_back().advance(reply)
    assert driver.accepted
    changes_nothing(driver, reply)


@pytest.mark.parametrize("first", ANSWERS[:4], ids=in_short)
@pytest.mark.parametrize("second", ANSWERS, ids=in_short)
def test_the_first_final_answer_counts(first: Answer, second: Answer) -> None:
    """Whatever a participant says after its final answer changes nothing."""
    if isinstance(first, Failure) and first.problem.retryable:
        first = Failure(Problem("broken", retryable=False))
    if isinstance(first, Success):
        first = Success(msgspec.Raw(b'"A"'))
    driver = second_step().advance(Reply("errand:1:2", 1, first))
    changes_nothing(driver, Reply("errand:1:2", 1, second))


@pytest.mark.parametrize("moment", MOMENTS, ids=NAMES)
def test_a_wake_up_when_nothing_is_due(moment: Callable[[], SagaDriver]) -> None:
    """Woken too early, it sleeps on."""
    changes_nothing(moment(), WakeUp())


@pytest.mark.parametrize("moment", MOMENTS[1:], ids=NAMES[1:])
@pytest.mark.parametrize(
    "data",
    [b'{"a":1,"b":[true,null,{"c":1.5}]}', b'{ "b": [true, null, {"c": 1.50}], "a": 1.0 }'],
    ids=["same", "order"],
)
def test_the_same_start_again(moment: Callable[[], SagaDriver], data: bytes) -> None:
    """The same saga, at any time; order of keys, white space and how a number is written do not count."""
    assert changes_nothing(moment(), Start("errand", 1, msgspec.Raw(data))).verdict == Known()


@pytest.mark.parametrize("moment", MOMENTS[1:], ids=NAMES[1:])
@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"b":[true,null,{"c":1.6}]}',
        b'{"a":true,"b":[true,null,{"c":1.5}]}',
        b'{"a":1,"b":[1,null,{"c":1.5}]}',
        b'{"a":1,"b":[true,false,{"c":1.5}]}',
        b'{"a":1,"b":[true,null,{"c":1.5},null]}',
        b'{"a":1,"b":[true,null,{"c":1.5}],"c":null}',
        b'{"a":"1","b":[true,null,{"c":1.5}]}',
        b'{"a":1}',
        b"null",
    ],
)
def test_another_start(moment: Callable[[], SagaDriver], data: bytes) -> None:
    """The same key with another input contradicts the saga there is, and it says what to do."""
    driver = changes_nothing(moment(), Start("errand", 1, msgspec.Raw(data)))
    assert isinstance(driver.verdict, Conflict)
    assert "another input" in driver.verdict.message


def test_another_definition() -> None:
    """A saga is not another definition's."""
    assert isinstance(changes_nothing(first_step(), Start("other", 1, NULL)).verdict, Conflict)


def test_a_version_that_is_not_deployed() -> None:
    """It cannot be started."""
    assert isinstance(changes_nothing(SagaDriver(errand), Start("errand", 7, NULL)).verdict, Conflict)


def test_a_later_version_is_the_same_saga() -> None:
    """A start that comes again after a deployment names the newer version, and means the same saga."""
    data = msgspec.Raw(msgspec.json.encode(BASKET))
    assert changes_nothing(first_step(), Start("errand", 2, data)).verdict == Known()


def test_very_deep_inputs_are_compared_by_their_bytes() -> None:
    """What cannot be gone through is the same only if it is written the same."""
    deep = b"[" * 900 + b"1" + b"]" * 900
    assert same_input(deep, deep)
    assert not same_input(deep, b"[" + deep + b"]")


def test_no_facts_at_all() -> None:
    """An activation without facts decides nothing."""
    driver = second_step()
    assert driver.unchanged_by(driver.advance)
