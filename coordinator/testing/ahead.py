"""What may still happen to one saga of a test, and whether anything will."""

from contracts import Command
from contracts.ids import parse_command_id
from coordinator.engine import undo_policy
from coordinator.engine.agenda import Due
from coordinator.engine.decision import Send
from coordinator.engine.status import Status
from coordinator.explore.driver import Driver
from coordinator.testing.channel import Channel
from coordinator.testing.family import Family
from coordinator.testing.participants import Participants
from coordinator.testing.senders import Senders, Unsent
from coordinator.testing.stub import Target, target_of


class Ahead:
    """Looks, and changes nothing."""

    def __init__(self, driver: Driver, channel: Channel, participants: Participants, family: Family) -> None:
        self._driver, self._channel = driver, channel
        self._participants, self._family = participants, family

    @property
    def next_at(self) -> int | None:
        """When something happens next, in ms since 1970."""
        times = [at for at in (self._channel.first_at, self._driver.machine.wake_at) if at is not None]
        return min(times, default=None)

    @property
    def goes_nowhere(self) -> bool:
        """All that is waited for was tried in vain, will be tried for ever, and never succeeds."""
        state, due = self._driver.state, self._driver.state.due
        if self._channel.first_at is not None or due.first_of(Due.TIMER) or due.first_of(Due.DEADLINE):
            return False
        if self._driver.status in (Status.PARKED, Status.PAUSED):
            return self.next_at is None
        waiting = [state.steps[n].undo_sent_as(self._driver.saga_id) for n in state.undoing]
        waiting += [f"{self._driver.saga_id}:{n}" for n in state.in_flight]
        if not waiting:
            return self.next_at is None and not self._driver.status.ended
        return all(self._in_vain(self._driver.commands[each]) for each in waiting)

    def _in_vain(self, send: Send) -> bool:
        if send.child is not None and self._family.runs(send):
            return self._family.is_in_vain(send.child)
        target: Target = target_of(self._driver.definition, send)
        retry = target.retry
        if isinstance(target, Command) and send.registered:
            retry = undo_policy.retry(self._driver.state.steps[parse_command_id(send.command_id).step], target)
        return send.attempt > 1 and not retry.bounded and self._participants.hopeless(target)

    def check_sent(self, waits: "list[str]", signals: Senders, updates: Senders) -> None:
        """Nothing else will ever happen: whoever waits for a signal, or for what an update brings, would for ever.

        ``waits`` are the signals that are waited for. Raises Unsent.
        """
        if self._driver.status is not Status.RUNNING or self.next_at is not None:
            return
        definition = self._driver.definition
        if self._driver.state.held_for:
            return  # it may well be what the test is about
        if waits:
            what, declared, senders = "the signal", definition.signals[waits[0]], signals
        elif definition.updates and not self._driver.out:
            what, declared, senders = (
                "what an update brings, such as",
                next(iter(definition.updates.values())),
                updates,
            )
        else:
            return
        missing = senders.missing(declared.name, getattr(declared.type, "__name__", str(declared.type)))
        raise Unsent(f"{self._driver.saga_id} waits for {what} {declared.name}, and {missing}")
