"""Sagas that begin in company."""

from dataclasses import replace

from coordinator.engine.facts import WakeUp
from coordinator.runtime.departures import Boxes, Departures
from coordinator.runtime.letter import Letter
from coordinator.runtime.limits import Limits
from tests.unit.runtime.until import until_soon

PATIENT = Limits(first_steps=2, company_sagas=4, company_door_ms=0, company_wait_ms=600_000)
"""Nobody departs for want of patience while a test runs."""
_letter = Letter(WakeUp(), lambda verdict: None)


class Station:
    """Departures, and who has left: alone, or in company."""

    def __init__(self, limits: Limits) -> None:
        self.left: list[list[str]] = []
        self.departures = Departures(limits, self._leave)

    def _leave(self, company: Boxes) -> None:
        self.left.append(list(company))

    def begin(self, *sagas: str) -> None:
        for saga in sagas:
            if not self.departures.keeps(saga, _letter):
                self.left.append([saga])


async def test_nobody_waits_while_few_are_on_their_first_step() -> None:
    """Each leaves at once; what has been heard of counts no more."""
    station = Station(PATIENT)
    station.begin("a", "b")
    station.departures.heard("a")
    station.begin("c")
    station.departures.heard("b")
    station.begin("d")
    assert station.left == [["a"], ["b"], ["c"], ["d"]]


async def test_who_begins_behind_them_leaves_together() -> None:
    """As soon as few of those before are still on their first step."""
    station = Station(PATIENT)
    station.begin("a", "b", "c", "d")
    assert station.left == [["a"], ["b"]]
    station.departures.heard("b")
    assert station.left == [["a"], ["b"], ["c", "d"]]
    assert station.departures.under_way == {"c", "d"}


async def test_a_full_company_leaves() -> None:
    """Whatever has been heard of those before."""
    station = Station(PATIENT)
    station.begin("a", "b", "c", "d", "e", "f", "g")
    assert station.left == [["a"], ["b"], ["c", "d", "e", "f"]]
    assert list(station.departures.gathered) == ["g"]


async def test_who_begins_just_behind_a_company_goes_with_it() -> None:
    """Its door is open for a moment."""
    station = Station(replace(PATIENT, company_door_ms=600_000))
    station.begin("a", "b", "c", "d")
    assert station.left == [["a"], ["b"], ["c"], ["d"]]


async def test_patience_ends() -> None:
    """Though nothing is ever heard of those before."""
    station = Station(Limits(first_steps=1, company_sagas=99, company_door_ms=0, company_wait_ms=20))
    station.begin("a", "b", "c")
    await until_soon(lambda: len(station.left) == 2)
    assert station.left == [["a"], ["b", "c"]]


async def test_those_who_begin_seldom_never_wait() -> None:
    """Sagas that left longer ago than patience lasts are company to nobody, though nothing was heard of them."""
    station = Station(Limits(first_steps=1, company_sagas=99, company_door_ms=0, company_wait_ms=0))
    station.begin("a", "b", "c")
    assert station.left == [["a"], ["b"], ["c"]]
    assert station.departures.under_way == {"c"}


async def test_nobody_stays_when_the_coordinator_stops() -> None:
    """Neither who waits then, nor who comes later."""
    station = Station(PATIENT)
    station.begin("a", "b", "c")
    station.departures.close()
    station.begin("d", "e", "f")
    assert station.left == [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]


BACK_SOON = replace(PATIENT, first_steps=9, company_told_ms=600_000, company_back_ms=600_000)
"""Clients who were told are expected for as long as a test runs."""


async def test_clients_who_were_told_together_begin_together() -> None:
    """The first waits for the others, and all go when the last of them has come back."""
    station = Station(BACK_SOON)
    station.departures.told(2)
    station.departures.told(1)
    station.begin("a", "b")
    assert station.left == []
    station.begin("c", "d")
    assert station.left == [["a", "b", "c"], ["d"]]
    assert station.departures.under_way == {"a", "b", "c", "d"}


async def test_a_client_who_was_told_alone_waits_for_nobody() -> None:
    """Nor do others who begin meanwhile."""
    station = Station(BACK_SOON)
    for saga in "abc":
        station.departures.told(1)
        station.begin(saga)
    station.begin("d")
    assert station.left == [["a"], ["b"], ["c"], ["d"]]


async def test_who_does_not_come_back_keeps_nobody_for_long() -> None:
    """What has come goes; those who come later wait for those who are still expected."""
    station = Station(replace(BACK_SOON, company_back_ms=20))
    station.departures.told(4)
    station.begin("a", "b")
    await until_soon(lambda: station.left == [["a", "b"]])
    station.begin("c")
    assert list(station.departures.gathered) == ["c"]
    station.begin("d")
    assert station.left == [["a", "b"], ["c", "d"]]


async def test_those_who_were_told_long_ago_are_not_expected() -> None:
    """Whoever begins then has nothing to wait for."""
    station = Station(replace(BACK_SOON, company_told_ms=0))
    station.departures.told(3)
    station.begin("a", "b")
    assert station.left == [["a"], ["b"]]


async def test_what_is_heard_calls_nobody_who_waits_for_the_others() -> None:
    """A company of clients who come back leaves in its own time, or when it is full."""
    station = Station(BACK_SOON)
    station.begin("x")
    station.departures.told(9)
    station.begin("a", "b")
    station.departures.heard("x")
    assert station.left == [["x"]]
    station.begin("c", "d", "e")
    assert station.left == [["x"], ["a", "b", "c", "d"]]
    assert list(station.departures.gathered) == ["e"]


async def test_under_load_those_who_come_back_wait_for_what_is_heard() -> None:
    """Whoever was told together or not: the first step of those before is over sooner or later."""
    station = Station(replace(BACK_SOON, first_steps=1))
    station.begin("x")
    station.departures.told(2)
    station.begin("a", "b")
    assert station.left == [["x"]]
    station.departures.heard("x")
    assert station.left == [["x"], ["a", "b"]]
