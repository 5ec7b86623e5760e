"""What may happen to a saga of any program, one thing after another."""

from collections.abc import Callable, Sequence

from coordinator.engine.decision import Send
from coordinator.engine.facts import ConfirmUndo
from coordinator.engine.lifecycle import UNDOING, Back
from coordinator.engine.status import Status
from tests.sagas import SagaDriver
from tests.unit.engine.random_programs import FAVOURS, TOO_MUCH, Program, anything, mended

RESULTS = {"shop.look": 1, "shop.pay": 1, "shop.launch": None}
ACTS = ("succeeds",) * 5 + (
    "refuses",
    "fails",
    "fails for good",
    "is worn",
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
    "is told a note",
    "is told a note",
    "is told a word",
    "is told it again",
    "is told nonsense",
    "is told to try again",
    "has a step tried again",
    "is asked a favour",
    "is asked a favour",
    "is asked it again",
    "is asked too much",
    "is asked nonsense",
    "is mended",
    "is paused",
    "skips an undo",
    "confirms an undo",
)


def lived(program: Program, acts: Sequence[tuple[str, int]], check: Callable[[SagaDriver], None]) -> SagaDriver:
    """A saga that runs the program, to which all this happens, and whose open ends are settled then.

    ``check`` looks at it at every moment.
    """
    driver = SagaDriver(anything).start(program)
    check(driver)
    for what, back in acts:
        act(driver, what, back)
        check(driver)
    settle(driver)
    check(driver)
    return driver


def act(driver: SagaDriver, what: str, back: int) -> None:
    """One thing happens; an answer to the command that was sent so many before the last, or that message."""
    send = driver.sent[-1 - back % len(driver.sent)] if driver.sent else None
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
        case "is told a note" | "is told a word":
            driver.signals(what.rpartition(" ")[2], back)
        case "is told it again":
            driver.signals("note", back, id=f"signal-{max(1, driver.signalled - back)}")
        case "is told nonsense":
            driver.signals("note", "no number")
        case "is told to try again":
            driver.signals("again", back)
        case "has a step tried again":
            driver.retries(1 + back)
        case "is asked a favour":
            driver.updates("favour", FAVOURS[back % len(FAVOURS)])
        case "is asked it again":
            driver.updates("favour", [], id=f"update-{max(1, driver.updated - back)}")
        case "is asked too much":
            driver.updates("favour", TOO_MUCH)
        case "is asked nonsense":
            driver.updates("favour", "no program")
        case "is paused":
            driver.pauses()
        case "skips an undo" | "confirms an undo":
            see_to_undo(driver, what)
        case "is mended":
            driver.deploys(mended).resume()
        case _ if send is not None:
            answer(driver, what, send)
        case _:
            pass


def see_to_undo(driver: SagaDriver, what: str) -> None:
    """A person does, of the first that was given up."""
    for step in sorted(driver.machine.state.given_up)[:1]:
        if what == "skips an undo":
            driver.skips(step)
        else:
            driver.advance(ConfirmUndo(step, "seen to"))


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
        case "is worn":
            driver.fails(name, type="worn", attempt=send.attempt)
        case "progresses":
            driver.progresses(name, send.attempt, {"done": len(driver.rows)})
        case _:
            driver.will_answer_later(name, send.attempt)


def settle(driver: SagaDriver) -> None:
    """People mend what is broken and let all go on, whoever waits is told something, every participant answers, and
    time passes until nothing happens any more."""
    for _ in range(300):
        if driver.status.ended:
            return
        before = len(driver.rows)
        if driver.machine.state.stands_still:
            act(driver, "is mended", 0)
        for number, step in list(driver.machine.state.steps.items()):
            if step.in_flight and driver.status is not Status.PARKED:
                answer(driver, "succeeds", driver.send(number))
            if step.back in UNDOING or step.back is Back.GIVEN_UP:
                answer(driver, "succeeds", driver.send(number if step.registered else f"undo {number}"))
        for name in list(driver.machine.state.signals.waits.values()):
            driver.signals(name, 0, id=f"settled-{driver.signalled}")  # no id that came with facts made elsewhere
        if driver.in_ms is not None:
            driver.passes(max(driver.in_ms, 0))
        if len(driver.rows) == before:
            return
