"""Those who send one run its signals, or its updates, as the test has planned them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from coordinator.history.events import Event
from coordinator.history.signals import SignalHeeded, SignalReceived, SignalTaken
from coordinator.history.updates import UpdateAccepted
from coordinator.testing.sending_plan import PlannedSending

SendingPlans = Mapping[str, Sequence[PlannedSending]]


class Unsent(LookupError):
    """The code waits for a signal, and the test does not say that one comes; the message says what to write."""


class Sent(NamedTuple):
    """A signal or an update that is sent now."""

    name: str
    id: str
    planned: PlannedSending


class Senders:
    """Remembers what was sent, for one run of one saga."""

    def __init__(self, what: str, plans: SendingPlans) -> None:
        self._what = what
        """``signal`` or ``update``."""
        self._plans = plans
        self._sent: dict[str, Sent] = {}
        """By id."""
        self._under_way: dict[str, Sent] = {}
        self._received: dict[int, Sent] = {}
        """By the number that the saga has for it."""

    @property
    def names(self) -> Iterable[str]:
        """Names for which something is planned."""
        return self._plans.keys()

    def send(self, waits: Iterable[str]) -> Iterator[Sent]:
        """What is sent to code that waits for these names, unless as many are on their way."""
        wanted = Counter(waits)
        wanted.subtract(each.name for each in self._under_way.values())
        for name, missing in wanted.items():
            known = [each.planned for each in self._sent.values() if each.name == name]
            unsent = [planned for planned in self._plans.get(name, ()) if planned not in known]
            for number, planned in enumerate(unsent[: max(0, missing)], len(known) + 1):
                sent = Sent(name, f"{name}:{number}", planned)
                self._sent[sent.id] = self._under_way[sent.id] = sent
                yield sent

    def arrives(self, id: str) -> PlannedSending | None:
        """It is not on its way any more; None: it had arrived before."""
        sent = self._under_way.pop(id, None)
        return None if sent is None else sent.planned

    def hear(self, events: Iterable[Event]) -> None:
        """Sees which of them the code has taken."""
        for event in events:
            match event:
                case SignalReceived(signal, _, id) if id in self._sent:
                    self._received[signal] = self._sent[id]
                case SignalHeeded(_, id) | UpdateAccepted(_, _, id) if id in self._sent:
                    self._sent[id].planned.taken = True
                case SignalTaken(signal) if signal in self._received:
                    self._received[signal].planned.taken = True
                case _:
                    pass

    def missing(self, name: str, type_name: str) -> str:
        """The end of a sentence about code that waits for one of that name, and goes on waiting."""
        value = "" if type_name == "NoneType" else f"{type_name}(…)"
        if name not in self._plans:
            return f'nothing says that one comes. Write saga.{self._what}("{name}").comes({value}).'
        shown = "".join(f".{planned}" for planned in self._plans[name])
        return f'all that were planned have come. Go on with saga.{self._what}("{name}"){shown}.comes({value}).'
