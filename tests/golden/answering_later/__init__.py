"""A saga whose steps are answered later: how long they are waited for is the command's, the call's, or the reply's."""

from coordinator.saga import Contract, Retry, TimedOut, command, saga
from tests.sagas import SagaDriver

HOUR, DAY = 3_600_000, 86_400_000


class Notary(Contract, name="notary"):
    """Needs days."""

    @command(timeout="5s", pending_timeout="3d", retry=Retry(attempts=2, backoff="1s..1s"))
    async def certify(self, what: str) -> str:
        """As it says."""
        ...

    @certify.undo(timeout="5s")
    async def revoke(self, what: str, certified: str | None) -> None:
        """As it says."""


@saga(version=1)
async def certify_all(notary: Notary) -> list[str]:
    """Never change it: give a change a new version."""
    certified = [await notary.certify("deed"), await notary.certify("will")]
    try:
        certified.append(await notary.certify.using(pending_timeout="1h", retry=Retry.never())("copy"))
    except TimedOut:
        certified.append("none")
    return certified


def begun() -> SagaDriver:
    """The first is answered later than it said, so at its second attempt; the second takes as long as is allowed."""
    driver = SagaDriver(certify_all, key="golden").start().will_answer_later(1, timeout_ms=DAY).passes(DAY)
    driver.passes(1_000).will_answer_later(1).passes(3 * DAY - 1).succeeds(1, "D")
    return driver.will_answer_later(2, timeout_ms=7 * DAY).passes(2 * DAY).succeeds(2, "W")


def goes_through() -> SagaDriver:
    return begun().will_answer_later(3, timeout_ms=DAY).passes(HOUR).succeeds("undo 3")


def is_waited_for() -> SagaDriver:
    return begun().will_answer_later(3)


STORIES = (goes_through, is_waited_for)
