"""The plugin in somebody else's test run: what it gives, and what it says when a test fails."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.unit.testing.conftest import PLUGIN, with_plugin

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[3]
ASYNC = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
HEAD = """
from contracts.travel import Flights, Hotels, Payments
from coordinator.catalogue.book_trip import Trip, book_trip
from coordinator.testing import SagaTest

TRIP = Trip("1", "Ada", "Lisbon", "4242", pause=60)
"""


def ran(pytester: pytest.Pytester, tests: str) -> pytest.RunResult:
    """Somebody's tests."""
    pytester.makeini(ASYNC)
    pytester.makepyfile(tests)
    return pytester.runpytest_inprocess(*with_plugin(), "-p", "no:hypothesispytest", "-p", "no:cacheprovider")


def test_the_shapes_that_were_promised(pytester: pytest.Pytester) -> None:
    """A refusal undone in reverse, and a crash at every point, in a few lines each."""
    result = ran(
        pytester,
        HEAD
        + """
async def test_refused_card_undoes_in_reverse(saga: SagaTest) -> None:
    saga.stub(Payments.charge).refuses("card_declined")
    run = await saga.run(book_trip, TRIP)
    assert run.status == "compensated"
    assert run.undone == [Hotels.release, Flights.release]

async def test_survives_a_crash_at_every_point(saga: SagaTest) -> None:
    report = await saga.crash_everywhere(book_trip, TRIP)
    assert report.statuses == {"completed"} and report.unreached == []
""",
    )
    result.assert_outcomes(passed=2)


def test_what_stands_below_a_test_that_failed(pytester: pytest.Pytester) -> None:
    """What was undone beside what was expected, and the story of the saga."""
    result = ran(
        pytester,
        HEAD
        + """
async def test_undoes(saga: SagaTest) -> None:
    saga.stub(Payments.charge).refuses("card_declined")
    run = await saga.run(book_trip, TRIP)
    assert run.undone == [Flights.release, Hotels.release]
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E  *assert 2 called, 2 expected:",
            "E  *→ 1. Hotels.release(request=ReserveHotel(traveller='Ada'*, expected Flights.release",
            "E  *→ 2. Flights.release(*, expected Hotels.release",
            "*- What happened to book_trip:1 -*",
            "book_trip:1 is compensated; cause: card_declined; *; undone: hotels.reserve, flights.reserve",
            "*60.0 s  step 3  payments.charge         refused  (card_declined)",
            "*60.0 s  saga compensated",
        ]
    )


def test_a_wrong_status_says_why(pytester: pytest.Pytester) -> None:
    """In one line, and the story below."""
    result = ran(
        pytester,
        HEAD
        + """
async def test_goes_through(saga: SagaTest) -> None:
    saga.stub(Hotels.reserve).refuses("full")
    run = await saga.run(book_trip, TRIP)
    assert run.status == "completed"
""",
    )
    result.stdout.fnmatch_lines(
        [
            "E  *assert 'compensated' == 'completed': what happened stands below",
            "book_trip:1 is compensated; cause: full; succeeded: flights.reserve; undone: flights.reserve",
        ]
    )


def test_handlers(pytester: pytest.Pytester) -> None:
    """The other half: the messages of a test that failed are shown."""
    result = ran(
        pytester,
        """
from contracts import Contract, Refused, command
from participants.sdk import Participant

class Lamp(Contract, name="lamp"):
    @command(nothing_to_undo=True)
    async def light(self, name: str) -> str: ...

lamp = Participant(Lamp, barrier=False)

@lamp.on(Lamp.light)
async def light(name: str) -> str:
    raise Refused("no_power")

async def test_lights(participant_test) -> None:
    assert await participant_test(lamp).call(Lamp.light, "hall") == "hall"
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- What lamp was sent -*", 'lamp.light → refused {"type":"no_power"}'])


def test_other_comparisons_are_left_alone(pytester: pytest.Pytester) -> None:
    """Lists of anything else are pytest's."""
    result = ran(pytester, HEAD + "\ndef test_lists():\n    assert [1, 2] == [1, 3]\n")
    result.stdout.fnmatch_lines(["*At index 1 diff: 2 != 3*"])


def test_whoever_installs_amends_has_it() -> None:
    """By an entry point, which pytest looks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"amends": PLUGIN}


def test_it_costs_other_test_runs_nothing() -> None:
    """Loading it imports nothing of Amends but itself, nor anything that Amends needs."""
    code = f"import sys, {PLUGIN}; print([m for m in sys.modules if m.split('.')[0] in {{*sys.argv[1:]}}])"
    rooms = ["coordinator", "participants", "contracts", "msgspec", "sqlalchemy", "aiokafka"]
    found = subprocess.run([sys.executable, "-c", code, *rooms], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['coordinator', 'coordinator.pytest_plugin']"


def test_a_stub_that_nothing_met(pytester: pytest.Pytester) -> None:
    """A test that passed without the failure that it prepared says nothing: it is an error."""
    result = ran(
        pytester,
        HEAD
        + """
async def test_ticket_machine_is_broken(saga: SagaTest) -> None:
    saga.stub(Hotels.reserve).refuses("full")
    saga.stub(Flights.issue_ticket).fails(times=2)
    assert (await saga.run(book_trip, TRIP)).status == "compensated"

async def test_fails_by_itself(saga: SagaTest) -> None:
    saga.stub(Flights.issue_ticket).fails(times=2)
    assert False
""",
    )
    result.assert_outcomes(passed=1, errors=1, failed=1)
    result.stdout.fnmatch_lines(["E  *Unreached: The test passed without saga.stub(Flights.issue_ticket).fails(…): *"])


def test_a_signal_that_nobody_took(pytester: pytest.Pytester) -> None:
    """It is an error as a stub is that nothing met."""
    result = ran(
        pytester,
        HEAD
        + """
async def test_is_approved(saga: SagaTest) -> None:
    saga.signal("approval").comes(True)
    assert (await saga.run(book_trip, TRIP)).status == "completed"
""",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ['E  *Unreached: The test passed without saga.signal("approval").comes(…): no code waited for it, *']
    )
